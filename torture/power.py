"""Cut the power of a job, in every way that its syncs allow: `scripts/torture power`.

The job's writes, renames and syncs are recorded once. Then disks are built as they may be
after a cut: what was synced is there, all else is there, missing or torn, in any combination.
On each, what the program had promised must hold, and the job must go on to the right file.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from torture.barriers import FULL, find_fault, without_each
from torture.files import DAMAGED
from torture.film import make_film
from torture.job import Job, die_with_parent
from torture.power_cut import Cut, CutJob, cuts, distinct, worst
from torture.recorded import KINDS, record_job
from torture.server import CountingServer
from torture.tracer import NOT_HERE, why_not

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["main"]

_TOLD_EVERY: Final = 500
_DATABASES: Final = {"vault": "vault.db", "first": "job.db"}
"""Where to see what a database's own syncs are for."""
_jobs: list[CutJob] = []


def _prepare(job: CutJob) -> None:
    die_with_parent()
    _jobs.append(job)


def _faults(cut: Cut) -> list[str]:
    return _jobs[0].faults(cut)


def _without(site: str) -> tuple[str, Cut | None, list[str]]:
    cut, faults = find_fault(_jobs[0], site)
    return site, cut, faults


def _pool(jobs: int, job: CutJob) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        jobs,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_prepare,
        initargs=(job,),
    )


def _report(cuts: list[Cut], results: Iterable[list[str]]) -> bool:
    started, wrong = time.monotonic(), 0
    for number, (cut, faults) in enumerate(zip(cuts, results, strict=True), 1):
        if faults:
            wrong += 1
            print(f"{cut}:", *faults[:5], sep="\n    ", flush=True)
        if number % _TOLD_EVERY == 0:
            print(f"  {number} of {len(cuts)}, {wrong} wrong", flush=True)
    seconds = time.monotonic() - started
    print(f"{len(cuts)} distinct disks, {wrong} wrong; {seconds:.0f} s", flush=True)
    return not wrong and bool(cuts)


def _cut(kind: str, folder: Path, job: Job, asked: argparse.Namespace) -> bool:
    """Try the disks of one record; return whether all went well."""
    recorded = record_job(kind, folder, job)
    history = recorded.history
    print(f"{kind}: {len(history.operations)} operations", flush=True)
    every = cuts(history, seed=asked.seed, chances=asked.chances)
    wanted = [*distinct(history, worst(history) if asked.quick else every)]
    if kind == "mend":  # what was before is a first run
        wanted = [cut for cut in wanted if DAMAGED in history.marks(cut.until)]
    with _pool(asked.jobs, recorded) as pool:
        return _report(wanted, pool.map(_faults, wanted, chunksize=8))


def _take_out(kind: str, folder: Path, job: Job, jobs: int, missed: dict[str, bool]) -> None:
    """Take out each barrier of one record, and note which are missed."""
    recorded = record_job(kind, folder, job)
    sites = [site for site in without_each(recorded.history) if not missed.get(site)]
    with _pool(jobs, recorded) as pool:
        results = [*pool.map(_without, sites)]
    if database := _DATABASES.get(kind):
        with _pool(jobs, record_job(kind, folder, job, lazy=database)) as pool:
            results.append(pool.submit(_without, f"{FULL} {database}").result())
    for site, cut, faults in results:
        missed[site] = cut is not None
        print(f"{kind}: {site}: {faults[0] if faults else 'not missed here'}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/torture power", description=__doc__)
    parser.add_argument("--kind", action="append", choices=KINDS, help="may be given again")
    parser.add_argument("--segments", type=int, default=8, help="how long the film is")
    parser.add_argument("--chances", type=int, default=10, help="random cuts at each moment")
    parser.add_argument(
        "--quick", action="store_true", help="only lose all that can be lost, at each moment"
    )
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    parser.add_argument("--seed", type=int, default=1, help="of what is random")
    parser.add_argument(
        "--barriers", action="store_true", help="take out each sync by turns: it must be missed"
    )
    return parser.parse_args()


def main() -> int:
    asked = _arguments()
    if reason := why_not():
        print(f"nothing can be shown here: {reason}", file=sys.stderr)
        return NOT_HERE
    film = make_film(seconds=asked.segments, size=(32, 32))
    served = {f"/{name}": data for name, data in film.hls.served.items()}
    served["/film.mp4"] = film.file
    went_well, missed = True, dict[str, bool]()
    with CountingServer(served) as server:
        for kind in asked.kind or KINDS:
            with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="vodseal-power-") as name:
                job = Job(base=server.url, film=film.hls, data=film.file)
                if not asked.barriers:
                    went_well &= _cut(kind, Path(name), job, asked)
                    continue
                _take_out(kind, Path(name), job, asked.jobs, missed)
    for site in sorted(missed):
        print(f"{'missed' if missed[site] else 'NOT MISSED'}: {site}")
    return int(not went_well or not all(missed.values()))


if __name__ == "__main__":
    sys.exit(main())
