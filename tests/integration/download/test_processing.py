"""The worker process: it ends with a named error, with its parent, and without traces."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.integration.download.download_world import CK, DownloadWorld
from tests.integration.download.hls_film import HlsFilm, packets_of
from tests.integration.download.test_kill import running
from tests.integration.download.test_remux import remux

from vodseal.download.files import STAGE_FOLDER, job_folder
from vodseal.download.processing import Processing
from vodseal.download.worker_link import BadPiece, Done, Failed, WorkOrder
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError

if TYPE_CHECKING:
    from vodseal.download import JobSpec

Hls = Callable[..., HlsFilm]

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def staged(world: DownloadWorld, film: HlsFilm) -> JobSpec:
    """Run a job until every piece is durable, and stop."""
    job = world.hls_job(film)
    world.stop = lambda: bool(world.processed)
    assert world.run(job) is None
    world.stop = lambda: False
    return job


def order_for(world: DownloadWorld, job: JobSpec) -> WorkOrder:
    return WorkOrder(
        job=job,
        content_key=CK,
        stage=str(job_folder(world.identity()) / STAGE_FOLDER),
        save_dir=str(world.save_dir),
        part_name="x.part",
        total_size=0,
        created_at=1,
        sdk_version="",
        parent=os.getpid(),
    )


def ending(processing: Processing) -> Done | BadPiece | Failed | None:
    assert processing.ended.wait(30)
    processing.close()
    return processing.ending


def test_it_waits_for_pieces_and_takes_them_in_order(world: DownloadWorld, hls: Hls) -> None:
    film = hls("b-frames")
    processing = Processing(order_for(world, staged(world, film)))
    processing.notify(2)
    assert not processing.ended.wait(0.3)
    processing.notify(len(film.clear))
    made = ending(processing)
    assert made == Done((world.save_dir / "x.part").stat().st_size)
    assert processing.percent == 100


def test_closing_it_early_leaves_nobody(world: DownloadWorld, hls: Hls) -> None:
    processing = Processing(order_for(world, staged(world, hls("b-frames"))))
    processing.close()
    assert isinstance(processing.ending, Failed)
    assert processing._process.returncode is not None
    processing.close()


def test_a_worker_that_is_killed_is_a_named_error(world: DownloadWorld, hls: Hls) -> None:
    processing = Processing(order_for(world, staged(world, hls("b-frames"))))
    processing._process.send_signal(signal.SIGKILL)
    assert ending(processing) == Failed(
        ErrorCode.ENCRYPT_ERROR, "processing ended unexpectedly (signal 9)"
    )


def test_a_run_whose_worker_dies_can_be_run_again(world: DownloadWorld, hls: Hls) -> None:
    film = hls("b-frames")
    job = staged(world, film)

    def kill() -> bool:
        for child in children(os.getpid()):
            os.kill(child, signal.SIGKILL)
        return False

    world.stop = kill
    with pytest.raises(DownloadError) as caught:
        world.run(job)
    assert caught.value.code is ErrorCode.ENCRYPT_ERROR
    assert not list(world.save_dir.glob("*.part"))
    world.stop = lambda: False
    world.server.requests.clear()
    result = world.finish(job)
    assert packets_of(world.open_sealed(result)) == packets_of(remux(film.clear))
    assert not world.server.requests


def children(parent: int) -> list[int]:
    """Return the worker processes of a process."""
    tasks = Path(f"/proc/{parent}/task").iterdir()
    found = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    return [one for one in found if b"worker" in Path(f"/proc/{one}/cmdline").read_bytes()]


@linux_only
def test_it_dies_with_its_parent(world: DownloadWorld, hls: Hls) -> None:
    film = hls("b-frames")
    job = world.hls_job(film)
    world.server.hold("/s005.ts")
    with running(world, job) as process:
        assert process.stdout is not None
        workers: list[int] = []
        for line in process.stdout:
            workers = children(process.pid)
            if workers and int(line.split()[1]) >= 50:
                break
        assert len(workers) == 1
        handle = os.pidfd_open(workers[0])
        process.send_signal(signal.SIGKILL)
        process.wait()
    import select

    try:
        assert select.select([handle], [], [], 10)[0] == [handle]  # readable: it has ended
    finally:
        os.close(handle)


@linux_only
def test_it_has_no_secret_in_its_arguments_leaves_no_core_and_steps_back(
    world: DownloadWorld, hls: Hls
) -> None:
    processing = Processing(order_for(world, staged(world, hls("b-frames"))))
    pid = processing._process.pid
    processing.notify(1)
    deadline = processing.ended
    while processing.percent == 0 and not deadline.wait(0.02):
        pass
    shown = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/limits").read_bytes()
    assert CK.hex().encode() not in shown
    assert b"Max core file size        0 " in shown
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, pid) == min(own + 10, 19)
    processing.close()


@linux_only
def test_it_cannot_be_looked_into() -> None:
    """PR_GET_DUMPABLE is 3: with 0 only root may read its memory, and nobody gets a core."""
    program = "import ctypes; from vodseal.download import worker; worker._close_up()"
    program += "; print(ctypes.CDLL(None).prctl(3))"
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, timeout=60, check=True
    )
    assert told.stdout == b"0\n"
