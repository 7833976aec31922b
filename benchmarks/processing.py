"""How fast staged segments become a sealed film: MPEG-TS against fragmented MP4. See README.md.

    python benchmarks/processing.py [--film FILE] [--size BYTES] [--rounds N] > result.json

One film is packaged by our own service, without a server, into AES-128 HLS of both kinds. Its
segments are staged as a download would have left them, and the worker process of a download
makes the film of them: segments opened, transport cipher undone, one MP4, sealed, read back.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from vodseal.bench.film import long_film
from vodseal.container.keys import stage_key
from vodseal.container.meta import Meta
from vodseal.container.staging import seal_piece
from vodseal.container.writer import SealedWriter
from vodseal.download.job import JobSpec, SourceKind
from vodseal.download.plan import hls_segments, key_uris, pieces_of
from vodseal.download.processing import Processing
from vodseal.download.staging import piece_name
from vodseal.download.worker_link import Done, WorkOrder
from vodseal.media.playlist import parse_media
from vodseal.service.packaging.messages import StreamSlot, WorkerSpec
from vodseal.service.packaging.streams import make_streams
from vodseal.vault.sealed_files import FileSink

if TYPE_CHECKING:
    from collections.abc import Callable

KEY, ID = b"k" * 32, b"d" * 16
GROUPS = {"MPEG-TS": "encrypted-source", "fragmented MP4": "cmaf-source"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--film", type=Path, help="repeated until it is long enough")
    parser.add_argument("--size", type=int, default=500_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path("/dev/shm"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        film = folder / "film.mp4"
        long_film(arguments.film, film, arguments.size)
        size = film.stat().st_size
        runs = {kind: staged(folder, film, group) for kind, group in GROUPS.items()}
        film.unlink()
        raw = rounds(runs, arguments.rounds)
    print(json.dumps(summary(raw, size), indent=1))


def staged(folder: Path, film: Path, group: str) -> Callable[[], Done]:
    """Package ``film``, stage its segments, and return what makes a film of them."""
    original, media = folder / "original", folder / "media"
    with FileSink(original) as sink, film.open("rb") as source:
        writer = SealedWriter(sink, KEY, file_id=ID, download_id=ID)
        while data := source.read(1 << 22):
            writer.write(data)
        writer.finish(Meta(content_type="video/mp4"))
        sink.close()
    spec = WorkerSpec(
        video_id="0" * 32,
        group_id=group,
        source=str(original),
        content_key=KEY,
        folder=str(media),
        slots=(StreamSlot(job_id="1" * 32, key=bytes(16), wrapped_key=b"w"),),
    )
    (stream,) = make_streams(spec, os.urandom, lambda _: None).streams
    home = media / stream.job_id
    playlist = parse_media((home / stream.entry).read_text(), "http://here/media/")
    job = JobSpec(
        kind=SourceKind.HLS,
        download_id=ID,
        secure=True,
        segments=hls_segments(playlist, dict.fromkeys(key_uris(playlist), bytes(16))),
    )
    stage = folder / group
    stage.mkdir()
    for piece in pieces_of(job):
        data = (home / Path(piece.segment.path).name).read_bytes()
        sealed = seal_piece(stage_key(KEY, ID), piece.identity(ID), data)
        (stage / piece_name(*piece.key)).write_bytes(sealed.sealed)
    shutil.rmtree(media)
    original.unlink()
    return lambda: process(job, stage, folder)


def process(job: JobSpec, stage: Path, folder: Path) -> Done:
    """Make the film as a download does."""
    order = WorkOrder(
        job=job,
        content_key=KEY,
        stage=str(stage),
        save_dir=str(folder),
        part_name="film.part",
        total_size=0,
        created_at=1,
        sdk_version="",
        parent=os.getpid(),
    )
    worker = Processing(order)
    try:
        worker.notify(len(job.segments))
        worker.ended.wait()
    finally:
        worker.close()
    (folder / "film.part").unlink()
    if not isinstance(worker.ending, Done):
        raise SystemExit(f"processing failed: {worker.ending}")
    return worker.ending


def rounds(runs: dict[str, Callable[[], Done]], count: int) -> dict[str, list[tuple[float, float]]]:
    """Return wall and processor seconds of each run; round 0 warms up."""
    raw: dict[str, list[tuple[float, float]]] = {kind: [] for kind in runs}
    names = list(runs)
    for number in range(count + 1):
        turn = number % len(names)
        for kind in names[turn:] + names[:turn]:
            began, spent = time.perf_counter(), cpu_seconds()
            runs[kind]()
            taken = time.perf_counter() - began, cpu_seconds() - spent
            print(f"round {number}  {kind:16} {taken[0]:6.2f} s", file=sys.stderr, flush=True)
            if number:
                raw[kind].append(taken)
    return raw


def cpu_seconds() -> float:
    """Return what ended children have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def summary(raw: dict[str, list[tuple[float, float]]], size: int) -> dict[str, object]:
    result: dict[str, object] = {"size": size, "rounds": len(next(iter(raw.values())))}
    seconds = {kind: statistics.median(wall for wall, _ in taken) for kind, taken in raw.items()}
    spent = {kind: statistics.median(cpu for _, cpu in taken) for kind, taken in raw.items()}
    result["MBps"] = {kind: round(size / 1e6 / wall, 1) for kind, wall in seconds.items()}
    result["cpu_s_per_GB"] = {kind: round(cpu / (size / 1e9), 2) for kind, cpu in spent.items()}
    result["times_as_fast"] = round(seconds["MPEG-TS"] / seconds["fragmented MP4"], 2)
    result["times_less_cpu"] = round(spent["MPEG-TS"] / spent["fragmented MP4"], 2)
    result["raw_seconds_and_cpu"] = raw
    result["machine"] = {"cores": os.cpu_count(), "system": platform.platform()}
    return result


if __name__ == "__main__":
    main()
