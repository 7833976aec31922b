"""Killed anywhere, a download goes on: nothing lost, nothing wrong, nothing in clear."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.integration.download import run_job
from tests.integration.download.download_world import CK, DownloadWorld
from tests.integration.download.hls_film import HlsFilm, packets_of
from tests.integration.download.test_remux import remux
from tests.tools import require_tool

from vodseal.download import JobSpec, final_path
from vodseal.download.files import job_folder
from vodseal.download.folder import Folder
from vodseal.download.journal import Journal
from vodseal.download.record import encode_job
from vodseal.testing.leakscan import LeakScanner

Hls = Callable[..., HlsFilm]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")


@contextmanager
def running(world: DownloadWorld, job: JobSpec, *before: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [*before, sys.executable, run_job.__file__, str(world.save_dir)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        process.stdin.write(CK + encode_job(job))
        process.stdin.close()
        yield process
        process.kill()


def rows(world: DownloadWorld) -> set[str]:
    """Return the paths of the pieces that the journal says are durable."""
    with (
        Folder.open(job_folder(world.identity())) as folder,
        Journal.open(folder, str(world.save_dir)) as journal,
    ):
        return {f"/s{row.sequence:03}.ts" for row in journal.pieces()}


def scan(world: DownloadWorld, film: HlsFilm) -> list[object]:
    assert film.key is not None
    made = remux(film.clear)
    clear = {f"segment {n}": data[4000:4032] for n, data in enumerate(film.clear)}
    clear |= {f"film at {at}": made[at : at + 32] for at in range(50_000, len(made), 50_000)}
    secrets = {"content key": CK, "transport key": film.key}
    return list(LeakScanner(markers=clear, secrets=secrets).scan(world.save_dir))


def goes_on(world: DownloadWorld, film: HlsFilm, job: JobSpec) -> None:
    """Run the job again, and check everything that was promised."""
    durable = rows(world)
    assert scan(world, film) == []
    world.server.requests.clear()
    result = world.finish(job)
    assert packets_of(world.open_sealed(result)) == packets_of(remux(film.clear))
    assert not durable & set(world.server.requests)
    assert scan(world, film) == []


@pytest.mark.behaviour("B25")
def test_a_kill_in_the_download_costs_what_was_in_flight(world: DownloadWorld, hls: Hls) -> None:
    film = hls("b-frames")
    job = world.hls_job(film)
    gate = world.server.hold("/s004.ts", "/s005.ts")
    with running(world, job) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(b"download") and int(line.split()[1]) >= 66:
                break
        process.send_signal(signal.SIGKILL)
    gate.set()
    assert rows(world) == {f"/s{n:03}.ts" for n in range(4)}
    goes_on(world, film, job)
    assert set(world.server.requests) == {"/s004.ts", "/s005.ts"}


def test_a_kill_in_the_processing_costs_no_request(world: DownloadWorld, hls: Hls) -> None:
    film = hls("b-frames")
    job = world.hls_job(film)
    with running(world, job) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(b"processing"):
                break
        process.send_signal(signal.SIGKILL)
    assert not Path(final_path(world.identity(), secure=True)).exists()
    goes_on(world, film, job)
    assert not world.server.requests


RENAME = "rename,renameat,renameat2"
SYSTEM_CALLS = [
    (RENAME, 1, ""),  # the first piece gets its name
    (RENAME, 3, ""),
    ("fsync", 1, ""),  # names of the first group
    ("fsync", 2, ""),
    ("fdatasync", 5, ""),  # rows of the first group
    ("fdatasync", 8, ""),  # rows of the last group
    ("pwrite64", 2, ""),
    ("pwrite64", 17, ""),
    (RENAME, 1, "save"),  # the film gets its name
    ("fsync", 1, "save"),
    ("unlinkat", 5, ""),  # in the middle of the staging's end
    ("unlinkat", 8, ""),
]
"""Kill at the n-th call of any one thread, on the folder that is named."""


@pytest.mark.parametrize(("call", "count", "folder"), SYSTEM_CALLS)
def test_a_kill_at_a_system_call_loses_nothing(
    world: DownloadWorld, hls: Hls, call: str, count: int, folder: str
) -> None:
    film = hls("b-frames")
    job = world.hls_job(film)
    tracer = [require_tool("strace"), "-f", "-o", os.devnull, "-e", f"trace={call}"]
    tracer += ["-P", str(world.save_dir)] if folder else []
    tracer += ["-e", f"inject={call}:signal=KILL:when={count}"]
    with running(world, job, *tracer) as process:
        assert process.wait(60) != 0, "it was not killed: there is no such call"
    final = Path(final_path(world.identity(), secure=True))
    if final.exists():
        world.server.requests.clear()
        result = world.finish(job)
        assert packets_of(world.open_sealed(result)) == packets_of(remux(film.clear))
        assert scan(world, film) == []
    else:
        goes_on(world, film, job)
