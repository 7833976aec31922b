"""What a secure download leaves on the viewer's disk, at any moment: nothing to watch, no key.

security.md 2, row 4, and 6, "Plaintext on disk".
"""

from __future__ import annotations

import contextlib
import sys
from http.cookiejar import CookieJar
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin
from urllib.request import HTTPCookieProcessor, build_opener

import pytest
from tests.scenario.at_rest_world import Command, Person, World, report, running_world
from tests.scenario.frozen import wait_until
from tests.scenario.marked_film import MarkedFilm, make_marked_film
from tests.scenario.unwrapped import clear_streams, unwrap_all

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="stops process trees by /proc"),
]

_SECONDS = 200
_MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> MarkedFilm:
    return make_marked_film(tmp_path_factory.mktemp("film") / "film.mp4", seconds=_SECONDS)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_world(
        tmp_path_factory.mktemp("world"),
        download_mode="secure",
        default_template_group="encrypted-source",
    ) as made:
        yield made


def test_nothing_is_clear_while_downloading(
    world: World, vid: str, film: MarkedFilm, viewer: Person
) -> None:
    # What is staged is made into the file at once, so both lie there by now.
    held = world.valve.holding_after(film.path.stat().st_size * 9 // 10)
    with held, world.download(viewer, vid) as command:
        world.valve.wait_until_held()
        wait_until(lambda: _size(viewer.save, "*.part") > _MEGABYTE)
        with world.standing_still(command) as scanner:
            staged = _size(viewer.save / ".vseal")
            assert not (leaks := scanner.scan(viewer.folder)), report(leaks)
        world.valve.open()
        command.finish()
    assert staged > _MEGABYTE, "there was nothing to look at"


def test_nothing_is_clear_while_processing_nor_afterwards(
    world: World, vid: str, viewer: Person
) -> None:
    looks = next_look = 0
    with world.download(viewer, vid) as command:
        for event in command.events():
            if event.get("event") == "processing" and int(event["percent"]) >= next_look:
                next_look, looks = int(event["percent"]) + 30, looks + 1
                with world.standing_still(command) as scanner:
                    assert _size(viewer.save) > _MEGABYTE, "there was nothing to look at"
                    assert not (leaks := scanner.scan(viewer.folder)), report(leaks)
    assert looks > 1
    assert not (leaks := world.scanner().scan(viewer.folder)), report(leaks)
    assert [p.suffix for p in viewer.save.iterdir() if p.is_file()] == [".vseal"]


@pytest.fixture(scope="module")
def finished(world: World, vid: str) -> tuple[Person, Path]:
    viewer = world.viewer("finished")
    with world.download(viewer, vid) as command:
        return viewer, Path(str(command.finish()["path"]))


def test_nothing_is_clear_while_playing(world: World, finished: tuple[Person, Path]) -> None:
    viewer, path = finished
    scanner = world.scanner()
    with world.play(viewer, path, "browser") as player:
        browser = build_opener(HTTPCookieProcessor(jar := CookieJar()))
        way_in = str(player.until("ready")["url"])
        browser.open(way_in).close()
        (cookie,) = jar
        with browser.open(urljoin(way_in, f"{cookie.path}film")) as film:
            assert scanner.scan_bytes(film.read(8 * _MEGABYTE), "what the player was given")
            assert not (leaks := scanner.scan(viewer.folder)), report(leaks)
    assert not (leaks := scanner.scan(viewer.folder)), report(leaks)


def test_nothing_is_clear_after_playing(world: World, finished: tuple[Person, Path]) -> None:
    viewer, path = finished
    with world.play(viewer, path) as player:
        assert player.finish()["frames"] == _SECONDS * 25
    assert not (leaks := world.scanner().scan(viewer.folder)), report(leaks)


@pytest.mark.parametrize("phase", ["downloading", "processing"])
def test_nothing_is_clear_after_a_kill(
    world: World, vid: str, film: MarkedFilm, viewer: Person, phase: str
) -> None:
    with world.download(viewer, vid) as command:
        _kill_in(world, command, film, phase)
    scanner = world.scanner()
    assert not (leaks := scanner.scan(viewer.folder)), report(leaks)
    assert _size(viewer.save) > _MEGABYTE, "there was nothing to look at"
    with world.download(viewer, vid) as command:
        path = Path(str(command.finish()["path"]))
    assert not (leaks := world.scanner().scan(viewer.folder)), report(leaks)
    with world.play(viewer, path) as player:
        assert player.finish()["frames"] == _SECONDS * 25


def _kill_in(world: World, command: Command, film: MarkedFilm, phase: str) -> None:
    if phase == "downloading":
        with world.valve.holding_after(film.path.stat().st_size * 9 // 10):
            world.valve.wait_until_held()
            command.kill()
    else:
        command.until("processing")
        command.kill()


@pytest.mark.parametrize("leak", ["segment", "transport key", "content key", "credential", "film"])
def test_a_planted_leak_is_found(
    world: World, film: MarkedFilm, finished: tuple[Person, Path], leak: str
) -> None:
    viewer, _ = finished
    unwrapped = unwrap_all(world.data, world.operator.home)
    first = {name.split()[0]: key for name, key in unwrapped.items()}
    stream = next(iter(clear_streams(world.data, unwrapped).values()))
    planted = {
        "segment": stream[10_000:12_000],
        "transport key": first["streams"].hex().encode(),
        "content key": first["licenses"],
        "credential": world.source.read_bytes(),
        "film": film.path.read_bytes()[_MEGABYTE : 2 * _MEGABYTE],
    }[leak]
    (viewer.temporary / "forgotten").write_bytes(b"x" * 1001 + planted)
    try:
        found = world.scanner().scan(viewer.folder)
    finally:
        (viewer.temporary / "forgotten").unlink()
    assert {finding.path.name for finding in found} == {"forgotten"}


def _size(folder: Path, pattern: str = "*") -> int:
    """Return how many bytes lie under ``folder``, in files of this pattern."""
    sizes = []
    for path in folder.rglob(pattern):
        with contextlib.suppress(FileNotFoundError):  # it was renamed meanwhile
            sizes.append(path.stat().st_size if path.is_file() else 0)
    return sum(sizes)
