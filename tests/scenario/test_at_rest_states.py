"""The states of a download that ``test_at_rest_client`` does not pass: nothing clear in any of them.

security.md 6, "Plaintext on disk": prepared, stopped with all and with half of it staged,
failed, deleted, and the license run out.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.scenario.at_rest_world import Person, World, report, running_world
from tests.scenario.frozen import wait_until
from tests.scenario.marked_film import MarkedFilm, make_marked_film

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="stops process trees by /proc"),
]

_ROOT = Path(__file__).resolve().parents[2]
_STAGED = 500_000


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> MarkedFilm:
    return make_marked_film(tmp_path_factory.mktemp("film") / "film.mp4", seconds=60)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_world(
        tmp_path_factory.mktemp("world"),
        download_mode="secure",
        default_template_group="encrypted-source",
        play_window_seconds="1",
    ) as made:
        yield made


@pytest.fixture(scope="module")
def vid(world: World, film: MarkedFilm) -> str:
    return world.publish(film)


@pytest.fixture
def viewer(world: World, request: pytest.FixtureRequest) -> Person:
    return world.viewer(request.node.name)


class LedApp:
    """An app that goes one step at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def do(self, word: str) -> dict[str, object]:
        """Let it take a step; return what it says after it."""
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        return self.until("did")

    def until(self, event: str) -> dict[str, object]:
        """Return the next event of this name."""
        said = (json.loads(line) for line in self.process.stdout)
        return next(one for one in said if one["event"] == event)


@contextmanager
def led(world: World, viewer: Person, vid: str) -> Iterator[LedApp]:
    app = world.given / "app"
    files = (world.source, viewer.save, app, app.with_suffix(".dat"), app.with_suffix(".key"))
    with (
        (viewer.logs / "stderr").open("a") as talk,
        subprocess.Popen(
            [sys.executable, "-m", "tests.scenario.led_app", vid, *map(str, files)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=talk,
            text=True,
            cwd=_ROOT,
            env=viewer.environment,
        ) as process,
    ):
        yield LedApp(process)
        process.stdin.close()
        process.wait(60)


def nothing_clear(world: World, viewer: Person) -> bool:
    leaks = world.scanner().scan(viewer.folder)
    assert not leaks, report(leaks)
    return True


def staged(viewer: Person) -> int:
    return sum(path.stat().st_size for path in viewer.save.rglob("*.seg"))


def test_nothing_is_clear_when_prepared(world: World, vid: str, viewer: Person) -> None:
    with led(world, viewer, vid) as app:
        assert app.do("prepare")["state"] == "prepared"
        assert nothing_clear(world, viewer)


def test_nothing_is_clear_when_stopped(
    world: World, vid: str, film: MarkedFilm, viewer: Person
) -> None:
    with led(world, viewer, vid) as app:
        app.do("prepare")
        with world.valve.holding_after(film.path.stat().st_size // 2):
            app.do("start")
            world.valve.wait_until_held()
            wait_until(lambda: staged(viewer) > _STAGED)
            assert app.do("stop")["state"] == "stopped"
        assert staged(viewer) > _STAGED
        assert nothing_clear(world, viewer)


def test_nothing_is_clear_when_all_is_staged(world: World, vid: str, viewer: Person) -> None:
    with led(world, viewer, vid) as app:
        app.do("prepare")
        app.do("start")
        app.until("processing")
        assert app.do("stop")["state"] == "stopped"
        assert staged(viewer) > _STAGED
        assert nothing_clear(world, viewer)


def test_nothing_is_clear_when_it_failed_and_when_it_is_deleted(
    world: World, vid: str, viewer: Person
) -> None:
    in_its_way = viewer.save / f"{vid}_m3u8_0.vseal"
    with led(world, viewer, vid) as app:
        app.do("prepare")
        in_its_way.mkdir()
        app.do("start")
        failed = app.do("wait")
        assert failed["state"] == "failed"
        assert failed["error"]
        assert staged(viewer) > _STAGED
        assert nothing_clear(world, viewer)
        in_its_way.rmdir()
        app.do("start")
        assert app.do("wait")["state"] == "completed"
        assert nothing_clear(world, viewer)
        app.do("delete")
        assert list(viewer.save.iterdir()) == []
        assert nothing_clear(world, viewer)


def test_nothing_is_clear_when_the_license_has_run_out(
    world: World, vid: str, viewer: Person
) -> None:
    with world.download(viewer, vid) as command:
        path = Path(str(command.finish()["path"]))
    refusals: list[str] = []
    wait_until(lambda: refused(world, viewer, path, refusals))
    assert "first play is over" in refusals[-1]
    assert path.exists()
    assert nothing_clear(world, viewer)


def refused(world: World, viewer: Person, path: Path, refusals: list[str]) -> bool:
    """Play it, and note what is said when it cannot be played."""
    with world.play(viewer, path) as command:
        said = command.process.stdout.read()
        if command.process.wait(60):
            refusals.append(said)
    return bool(refusals)
