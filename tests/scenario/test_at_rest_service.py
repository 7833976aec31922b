"""What the service keeps on its disk: no key that opens anything, no clear copy of a video.

security.md 2, row 15, and 4. The master key and the operator's own key are no
part of the data folder; they lie in the operator's home.
"""

from __future__ import annotations

import contextlib
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from tests.scenario.at_rest_world import Command, World, running_world
from tests.scenario.frozen import wait_until
from tests.scenario.marked_film import MarkedFilm, make_marked_film
from tests.scenario.unwrapped import clear_streams, unwrap_all

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vodseal.testing.leakscan import LeakScanner

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="stops process trees by /proc"),
]

_MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> MarkedFilm:
    return make_marked_film(tmp_path_factory.mktemp("film") / "film.mp4", seconds=120)


@contextmanager
def _world(folder: Path, group: str) -> Iterator[World]:
    with running_world(folder, default_template_group=group) as made:
        assert made.source  # it is made by the service, which may be gone later
        yield made


def _places(world: World) -> list[Path]:
    """Return what the service writes, but for the operator's home with his keys."""
    operator = world.operator
    return [world.data, operator.temporary, operator.folder / "home", operator.logs / "stderr"]


def _leaks(world: World, scanner: LeakScanner | None = None) -> list[str]:
    return [str(finding) for finding in (scanner or world.scanner()).scan(*_places(world))]


@contextmanager
def _held_upload(world: World, film: MarkedFilm) -> Iterator[Command]:
    """Hold an upload when four fifths of it have arrived, and part of that is on the disk."""
    held = world.valve.holding_after(film.path.stat().st_size * 4 // 5)
    with held, world.upload(film) as command:
        world.valve.wait_until_held()
        wait_until(lambda: _size(world.data) > 8 * _MEGABYTE)
        yield command


@pytest.mark.parametrize("group", ["encrypted-source", "encrypted"])
def test_nothing_is_clear_from_the_upload_to_the_stream(
    tmp_path: Path, film: MarkedFilm, group: str
) -> None:
    with _world(tmp_path / "world", group) as world, _held_upload(world, film) as command:
        with world.standing_still(world.service) as scanner:
            assert not _leaks(world, scanner)
        world.valve.open()
        looks = next_look = 0
        for event in command.events():
            if event.get("event") == "transcoding" and int(event["percent"]) >= next_look:
                next_look, looks = int(event["percent"]) + 30, looks + 1
                with world.standing_still(world.service) as scanner:
                    assert not _leaks(world, scanner)
        assert looks, "the transcoding was never seen"
        assert clear_streams(world.data, unwrap_all(world.data, world.operator.home))
        assert not _leaks(world)


def test_nothing_is_clear_after_a_kill_while_uploading(tmp_path: Path, film: MarkedFilm) -> None:
    with _world(tmp_path / "world", "encrypted-source") as world:
        with _held_upload(world, film):
            world.service.kill()
        assert not _leaks(world)
        world.serve_again()
        assert not _leaks(world)


def test_nothing_is_clear_after_a_kill_while_transcoding(tmp_path: Path, film: MarkedFilm) -> None:
    with _world(tmp_path / "world", "encrypted") as world:
        with world.upload(film) as command:
            command.until("transcoding")
            world.service.kill()
        assert not _leaks(world)
        world.serve_again()
        assert not _leaks(world)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, film: MarkedFilm) -> Iterator[World]:
    with _world(tmp_path_factory.mktemp("world"), "encrypted-source") as world:
        world.publish(film)
        yield world


@pytest.mark.parametrize("leak", ["original", "segment", "data key", "signing key", "access key"])
def test_a_planted_leak_is_found(published: World, film: MarkedFilm, leak: str) -> None:
    unwrapped = unwrap_all(published.data, published.operator.home)
    by_table = {name.split()[0]: key for name, key in unwrapped.items()}
    stream = next(iter(clear_streams(published.data, unwrapped).values()))
    planted = {
        "original": film.path.read_bytes(),
        "segment": stream[:_MEGABYTE],
        "data key": by_table["streams"],
        "signing key": by_table["service_keys"].hex().encode(),
        "access key": by_table["access_keys"],
    }[leak]
    forgotten = published.data / "blobs" / "forgotten"
    forgotten.write_bytes(planted)
    try:
        found = published.scanner().scan(*_places(published))
    finally:
        forgotten.unlink()
    assert {finding.path.name for finding in found} == {"forgotten"}


def _size(folder: Path) -> int:
    """Return how many bytes lie under ``folder``."""
    sizes = []
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # it was renamed meanwhile
            sizes.append(path.stat().st_size if path.is_file() else 0)
    return sum(sizes)
