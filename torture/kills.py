"""Kill a job at each call that changes the disk, and at random moments: `scripts/torture kills`.

A call is counted whoever makes it, the job's process or its worker; who makes it is killed
before it is made, and the other is left to find out. Afterwards nothing on the disk may be
clear, no file may be wrong, and the next run has to finish with next to nothing fetched again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from torture.aftermath import nothing
from torture.film import make_film
from torture.job import CONNECTIONS, Job, die_with_parent
from torture.killer import Case, Killer
from torture.server import CountingServer
from torture.tracer import NOT_HERE, why_not
from vodseal.container.writer import SealedWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed import ReadableBuffer

    from torture.film import SpiedFilm

__all__ = ["main"]

_TOLD_EVERY: Final = 100
_killers: list[Killer] = []


def _prepare(folder: Path, job: Job, film: SpiedFilm, in_worker: Callable[[], None]) -> None:
    die_with_parent()
    _killers.append(Killer(folder, job, film, in_worker=in_worker))


def leak() -> None:
    """Let this process, a worker, put everything that it seals into a file besides."""
    seal = SealedWriter.write

    def write(writer: SealedWriter, data: ReadableBuffer, /) -> int:
        with open(os.path.join(tempfile.gettempdir(), "forgotten"), "ab") as file:
            file.write(data)
        return seal(writer, data)

    SealedWriter.write = write  # type: ignore[method-assign]


def _calls() -> list[tuple[str, str]]:
    return [(call.name, Path(call.path).name) for call in _killers[0].calls()]


def _kill_at(number: int) -> Case:
    return _killers[0].kill_at(number)


def _kill_at_random(seed: int) -> Case:
    return _killers[0].kill_at_random(seed)


def _sample(count: int, wanted: int | None) -> list[int]:
    """Return numbers of calls, all of them or some, spread evenly."""
    if wanted is None or wanted >= count:
        return list(range(1, count + 1))
    return [1 + round(at * (count - 1) / max(1, wanted - 1)) for at in range(wanted)]


def _report(cases: Iterable[Case], asked: int) -> bool:
    """Print what came of each case that went wrong, and of all; return whether all went well."""
    started, killed, wrong, done = time.monotonic(), 0, 0, 0
    again: Counter[int] = Counter()
    for case in cases:
        done += 1
        killed += case.was_killed
        again[case.again] += case.was_killed
        if case.faults:
            wrong += 1
            print(f"{case.name}:", *case.faults[:5], sep="\n    ", flush=True)
        if done % _TOLD_EVERY == 0:
            print(f"  {done} of {asked}, {wrong} wrong", flush=True)
    fetched = ", ".join(f"{count}x {number}" for number, count in sorted(again.items()))
    print(
        f"{killed} kills, {done - killed} ended before, {wrong} wrong;"
        f" segments fetched again ({CONNECTIONS} connections): {fetched or 'none'};"
        f" {time.monotonic() - started:.0f} s",
        flush=True,
    )
    return not wrong and killed > 0


def _sweep(pool: ProcessPoolExecutor, wanted: int | None) -> bool:
    calls = pool.submit(_calls).result()
    kinds = Counter(name for name, _ in calls)
    print(f"{len(calls)} calls change something:", dict(kinds.most_common()), flush=True)
    points = _sample(len(calls), wanted)
    return _report(pool.map(_kill_at, points), len(points))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/torture kills", description=__doc__)
    parser.add_argument("--random", type=int, metavar="N", help="N random moments instead")
    parser.add_argument("--points", type=int, metavar="N", help="only N of the calls")
    parser.add_argument("--segments", type=int, default=150, help="how long the film is")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    parser.add_argument("--seed", type=int, default=1, help="of the random moments")
    parser.add_argument(
        "--leak", action="store_true", help="let the worker write what it seals: to be found"
    )
    return parser.parse_args()


def main() -> int:
    asked = _arguments()
    if reason := why_not():
        print(f"nothing can be shown here: {reason}", file=sys.stderr)
        return NOT_HERE
    film = make_film(seconds=asked.segments)
    served = {f"/{name}": data for name, data in film.hls.served.items()}
    with (
        tempfile.TemporaryDirectory(dir="/dev/shm", prefix="vodseal-kills-") as folder,
        CountingServer(served) as server,
        ProcessPoolExecutor(
            asked.jobs,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_prepare,
            initargs=(
                Path(folder),
                Job(base=server.url, film=film.hls),
                film,
                leak if asked.leak else nothing,
            ),
        ) as pool,
    ):
        if asked.random is None:
            return int(not _sweep(pool, asked.points))
        seeds = range(asked.seed, asked.seed + asked.random)
        return int(not _report(pool.map(_kill_at_random, seeds), asked.random))


if __name__ == "__main__":
    sys.exit(main())
