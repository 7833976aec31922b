"""The whole client, killed at some of the calls that change its disk: license, vault, job and file.

``scripts/torture kills`` kills the engine at each of them; here the rest of the client is there
too, and a real service. security.md 6, "Plaintext on disk", "also after each kill point".
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.scenario.at_rest_world import Person, World, report, running_world
from tests.scenario.marked_film import make_marked_film
from torture.tracer import why_not

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="watches system calls"),
]

_ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 20
_POINTS = 8


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    if reason := why_not():
        assert not os.environ.get("CI"), reason
        pytest.skip(reason)
    with running_world(
        tmp_path_factory.mktemp("world"),
        download_mode="secure",
        default_template_group="encrypted-source",
    ) as made:
        yield made


@pytest.fixture(scope="module")
def vid(world: World, tmp_path_factory: pytest.TempPathFactory) -> str:
    film = tmp_path_factory.mktemp("film") / "film.mp4"
    return world.publish(make_marked_film(film, seconds=_SECONDS))


def watched(viewer: Person, number: int) -> tuple[str | Path, ...]:
    """Return what runs a command and kills it before the call of this number."""
    program = ("env", f"PYTHONPATH={_ROOT}", sys.executable, "-m", "torture.under")
    return *program, viewer.folder, str(number)


@pytest.fixture(scope="module")
def count(world: World, vid: str) -> int:
    viewer = world.viewer("undisturbed")
    with world.download(viewer, vid, watched(viewer, 0)) as command:
        command.finish()
    (calls,) = re.findall(r"(\d+) calls", (viewer.logs / "stderr").read_text())
    return int(calls)


@pytest.mark.parametrize("point", range(_POINTS))
def test_a_killed_client_leaves_nothing_clear_and_goes_on(
    world: World, vid: str, count: int, point: int
) -> None:
    viewer = world.viewer(f"killed-{point}")
    number = 1 + (count - 1) * (2 * point + 1) // (2 * _POINTS)
    with world.download(viewer, vid, watched(viewer, number)) as command:
        command.process.stdout.read()
        assert command.process.wait(60), "nobody was killed"
    assert not (leaks := world.scanner().scan(viewer.folder)), report(leaks)
    with world.download(viewer, vid) as command:
        path = Path(str(command.finish()["path"]))
    assert not (leaks := world.scanner().scan(viewer.folder)), report(leaks)
    assert [one.name for one in viewer.save.iterdir() if one.name != ".vseal"] == [path.name]
    with world.play(viewer, path) as player:
        assert player.finish()["frames"] == _SECONDS * 25
