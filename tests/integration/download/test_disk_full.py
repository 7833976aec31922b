"""A full disk has its number, costs no staged piece, and is all that has to be put right."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.integration.download.hls_film import HlsFilm, packets_of
from tests.integration.download.test_remux import remux

from vodseal.download import JobStore, final_path
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError

if TYPE_CHECKING:
    from tests.integration.download.download_world import DownloadWorld

Hls = Callable[..., HlsFilm]

KIB = 1024


class SmallDisk:
    """A file system of its own, as large as a test says."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def resize(self, size: int) -> None:
        remount = (
            ["-o", f"remount,size={size}"] if os.path.ismount(self.path) else ["-o", f"size={size}"]
        )
        subprocess.run(
            ["mount", "-t", "tmpfs", *remount, "tmpfs", str(self.path)],
            check=True,
            capture_output=True,
            timeout=30,
        )


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can make a small disk: this test shows nothing here")
    disk = SmallDisk(tmp_path / "disk")
    disk.path.mkdir()
    try:
        disk.resize(1 << 20)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("nothing can be mounted here: this test shows nothing here")
    yield disk
    with contextlib.suppress(subprocess.CalledProcessError):
        subprocess.run(["umount", str(disk.path)], check=True, capture_output=True, timeout=30)


def size_of(film: HlsFilm) -> int:
    return sum(map(len, film.served.values()))


@pytest.mark.behaviour("B36")
def test_a_disk_that_fills_while_staging(world: DownloadWorld, hls: Hls, disk: SmallDisk) -> None:
    film = hls("b-frames")
    world.save_dir = disk.path / "save"
    disk.resize(size_of(film) // 2 + 200 * KIB)
    job = world.hls_job(film)
    with pytest.raises(DownloadError) as caught:
        world.run(job)
    assert caught.value.code is ErrorCode.NO_SPACE
    staged = world.staged()
    assert len(staged) >= 1
    assert not [name for name in staged if name.endswith(".tmp")]
    disk.resize(16 << 20)
    world.server.requests.clear()
    result = world.finish(job)
    assert sum(world.server.requests.values()) == len(film.served) - len(staged)
    assert packets_of(world.open_sealed(result)) == packets_of(remux(film.clear))


@pytest.mark.behaviour("B36")
@pytest.mark.parametrize("secure", [True, False])
def test_a_disk_that_fills_while_processing(
    world: DownloadWorld, hls: Hls, disk: SmallDisk, *, secure: bool
) -> None:
    film = hls("b-frames")
    world.secure = secure
    world.save_dir = disk.path / "save"
    disk.resize(size_of(film) + 250 * KIB)
    job = world.hls_job(film)
    with pytest.raises(DownloadError) as caught:
        world.run(job)
    assert caught.value.code is ErrorCode.NO_SPACE
    assert len(world.staged()) == len(film.served)
    assert not list(world.save_dir.glob("*.part"))
    disk.resize(16 << 20)
    world.server.requests.clear()
    world.finish(job)
    assert not world.server.requests
    assert Path(final_path(world.identity(), secure=secure)).exists()


@pytest.mark.behaviour("B36")
def test_a_disk_that_is_full_from_the_start(
    world: DownloadWorld, hls: Hls, disk: SmallDisk
) -> None:
    world.save_dir = disk.path / "save"
    (disk.path / "ballast").write_bytes(bytes((1 << 20) - 8 * KIB))
    with pytest.raises(DownloadError) as caught:
        world.hls_job(hls("b-frames"))
    assert caught.value.code is ErrorCode.NO_SPACE
    (disk.path / "ballast").unlink()
    assert JobStore(world.identity()).create(secure=True, random=os.urandom).secure


@pytest.mark.behaviour("B36")
@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_write_that_fails_otherwise_is_a_write_error(world: DownloadWorld, hls: Hls) -> None:
    """Above a file size limit, writes fail with EFBIG: not a full disk."""
    import resource

    film = hls("b-frames")
    job = world.hls_job(film)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40 * KIB, before[1]))
    try:
        with pytest.raises(DownloadError) as caught:
            world.run(job)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.code is ErrorCode.WRITE_ERROR
    world.finish(job)
