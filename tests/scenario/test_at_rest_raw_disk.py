"""The disk itself, after a download that was killed, finished and played: deleted blocks included.

What is written and removed again between two looks at the files stays on the
disk until something else is written over it. So the viewer gets a file system
of his own, mounted to write everything at once, and the scan reads its image
from end to end (security.md 6, "Plaintext on disk"). Blocks are used again, so
this is no proof; ``test_at_rest_written_files`` watches what is opened at all.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.scenario.at_rest_world import Person, World, report, running_world
from tests.scenario.marked_film import make_marked_film
from tests.tools import require_tool

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECONDS = 100
_IMAGE_SIZE = 320 << 20
_MEGABYTE = 1_000_000

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0 or not Path("/dev/loop-control").exists(),
        reason="needs to mount a file system",
    ),
]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Return the image of an empty file system."""
    path = tmp_path / "disk"
    with path.open("wb") as file:
        file.truncate(_IMAGE_SIZE)
    subprocess.run([require_tool("mkfs.ext4"), "-q", "-F", path], check=True)
    return path


@contextmanager
def _mounted(image: Path) -> Iterator[Path]:
    """Mount ``image`` while the block runs; every write reaches it at once."""
    folder = image.with_suffix(".mounted")
    folder.mkdir(exist_ok=True)
    command = [require_tool("mount"), "-o", "loop,sync,dirsync", image, folder]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"nothing can be mounted here: {tried.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run([require_tool("umount"), folder], check=True)


def test_no_clear_byte_ever_reached_the_disk(tmp_path: Path, image: Path) -> None:
    settings = {"download_mode": "secure", "default_template_group": "encrypted-source"}
    with running_world(tmp_path / "world", **settings) as world:
        film = make_marked_film(tmp_path / "film.mp4", seconds=_SECONDS)
        vid = world.publish(film)
        with _mounted(image) as disk:
            _download_and_play(world, vid, Person(disk / "viewer"), film.path.stat().st_size)
        scanner = world.scanner()
        assert not (leaks := scanner.scan(image)), report(leaks)
        with _mounted(image) as disk:
            (disk / "forgotten").write_bytes(film.path.read_bytes()[:_MEGABYTE])
            (disk / "forgotten").unlink()
        assert scanner.scan(image), "what was written and removed is not found"


def _download_and_play(world: World, vid: str, viewer: Person, size: int) -> None:
    held = world.valve.holding_after(size * 3 // 4)
    with held, world.download(viewer, vid) as command:
        world.valve.wait_until_held()
        command.kill()
    with world.download(viewer, vid) as command:
        path = str(command.finish()["path"])
    with world.play(viewer, path) as player:
        assert player.finish()["frames"] == _SECONDS * 25
