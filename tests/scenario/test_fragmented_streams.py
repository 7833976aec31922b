"""A stream of fragmented MP4, end to end: packaged, downloaded, killed, joined, played."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import av
import pytest
from tests.scenario.at_rest_world import Person, World, report
from tests.scenario.marked_film import MarkedFilm, make_marked_film
from tests.scenario.test_private_streams import play_info_of
from tests.scenario.valve import Valve
from tests.tools import require_tool

from vodseal.media.movie_writer import MOVIE_HEAD
from vodseal.testing.leakscan import LeakKind

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="stops process trees by /proc"),
]

_SECONDS = 60


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> MarkedFilm:
    return make_marked_film(tmp_path_factory.mktemp("film") / "film.mp4", seconds=_SECONDS)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Valve() as valve:
        made = World(tmp_path_factory.mktemp("world"), valve)
        try:
            yield made
        finally:
            made.close()


@pytest.fixture(scope="module")
def vid(world: World, film: MarkedFilm) -> str:
    world.set("default-template-group", "cmaf-source")
    return world.publish(film)


@pytest.fixture(scope="module")
def private_vid(world: World, vid: str, film: MarkedFilm) -> str:
    assert vid
    world.set("default-template-group", "private-cmaf-source")
    return world.publish(film)


@pytest.fixture
def viewer(world: World, request: pytest.FixtureRequest) -> Person:
    return world.viewer(request.node.name)


def packets(path: Path) -> dict[str, list[tuple[float, bool, bytes]]]:
    """Return what each track holds, at its time since the picture's first packet was shown."""
    found: dict[str, list[tuple[float, bool, bytes]]] = {"video": [], "audio": []}
    with av.open(str(path)) as film:
        for packet in film.demux():
            if packet.size:
                time = float(packet.pts * packet.time_base)
                found[packet.stream.type].append((time, packet.is_keyframe, bytes(packet)))
    zero = found["video"][0][0]
    return {kind: [(t - zero, *rest) for t, *rest in one] for kind, one in found.items()}


def test_it_is_sealed_whole_after_a_kill_in_the_processing(
    world: World, vid: str, viewer: Person
) -> None:
    world.set("download-mode", "secure")
    with world.download(viewer, vid) as command:
        command.until("processing")
        command.kill()
    assert not (leaks := world.scanner().scan(viewer.folder)), report(leaks)
    with world.download(viewer, vid) as command:
        told = list(command.events())
    percents = [event["percent"] for event in told if event.get("event") == "processing"]
    assert all(a <= b for a, b in pairwise(percents))  # type: ignore[operator]
    path = Path(str(told[-1]["path"]))
    assert path.suffix == ".vseal"
    assert not (leaks := world.scanner().scan(viewer.folder)), report(leaks)
    with world.play(viewer, path) as player:
        assert player.finish()["frames"] == _SECONDS * 25


@pytest.mark.behaviour("B15")
def test_normal_mode_saves_the_film_that_was_uploaded(
    world: World, private_vid: str, film: MarkedFilm, viewer: Person
) -> None:
    """To the bit: the service copied its packets, and so did the client."""
    world.set("download-mode", "normal")
    with world.download(viewer, private_vid) as command:
        path = Path(str(command.finish()["path"]))
    assert path.suffix == ".mp4"
    found = world.scanner().scan(viewer.folder)
    assert {one.path for one in found} == {path}, report(found)
    assert LeakKind.SECRET not in {one.kind for one in found}, report(found)
    assert path.read_bytes().startswith(MOVIE_HEAD[:-8]), "it went through a muxer"
    made, source = packets(path), packets(film.path)
    for kind in ("video", "audio"):
        assert [rest for _, *rest in made[kind]] == [rest for _, *rest in source[kind]]
        times = [time for time, *_ in made[kind]]
        assert times == pytest.approx([time for time, *_ in source[kind]], abs=0.001)
    mpv = [require_tool("mpv"), "--no-config", "--untimed", "--vo=null", "--ao=null", "--start=50"]
    subprocess.run([*mpv, path], capture_output=True, check=True, timeout=60)


@pytest.mark.parametrize("player", ["ffprobe", "mpv"])
def test_players_open_it_with_a_token(world: World, vid: str, player: str) -> None:
    command = {
        "ffprobe": ["-v", "error", "-allowed_extensions", "ALL", "-show_entries", "stream"],
        "mpv": ["--no-config", "--vo=null", "--ao=null", "--frames=10"],
    }[player]
    url = play_info_of(world, vid).play_url
    shown = subprocess.run(
        [require_tool(player), *command, url],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    assert "h264" in shown.stdout.lower()
