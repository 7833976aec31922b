"""A privately encrypted stream, end to end: who plays it, who saves it, and what lies where.

By the command line, over a real service: the operator's switch, an app in both
modes, another app, no app at all, and players that know HLS and nothing of ours.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest
from tests.scenario.at_rest_world import Person, World, report, running_world
from tests.scenario.frozen import wait_until
from tests.scenario.marked_film import MarkedFilm, make_marked_film
from tests.scenario.unwrapped import clear_streams, unwrap_all
from tests.tools import require_tool

from vodseal.media.playlist import LICENSE, parse_media
from vodseal.sdk.sources import source_from_json
from vodseal.sdk.transport import RpcClient
from vodseal.testing.leakscan import LeakKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vodseal.rpc.messages.play import PlayInfo

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="stops process trees by /proc"),
]

_SECONDS = 100
_MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> MarkedFilm:
    return make_marked_film(tmp_path_factory.mktemp("film") / "film.mp4", seconds=_SECONDS)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_world(
        tmp_path_factory.mktemp("world"), default_template_group="private-source"
    ) as made:
        yield made


@pytest.fixture(scope="module")
def standard_vid(world: World, vid: str, film: MarkedFilm) -> Iterator[str]:
    """The same film as standard HLS."""
    assert vid
    world.set("default-template-group", "encrypted-source")
    yield world.publish(film)
    world.set("default-template-group", "private-source")


@pytest.fixture
def play_info(world: World, vid: str) -> PlayInfo:
    return play_info_of(world, vid)


def play_info_of(world: World, vid: str) -> PlayInfo:
    """Return the one stream of a video, as an app is told of it."""
    told = json.loads(world.source.read_text()) | {"vid": vid}
    source = source_from_json(json.dumps(told))
    with RpcClient.for_source(source) as client:
        (info,) = client.get_play_info(source).play_info_list
    return info


def saved(world: World, viewer: Person, vid: str) -> Path:
    with world.download(viewer, vid) as command:
        return Path(str(command.finish()["path"]))


def test_secure_mode_seals_it(world: World, vid: str, viewer: Person) -> None:
    world.set("download-mode", "secure")
    path = saved(world, viewer, vid)
    assert path.suffix == ".vseal"
    assert not (leaks := world.scanner().scan(viewer.folder)), report(leaks)
    with world.play(viewer, path) as player:
        assert player.finish()["frames"] == _SECONDS * 25
    assert not (leaks := world.scanner().scan(viewer.folder)), report(leaks)


@pytest.mark.behaviour("B15")
def test_normal_mode_saves_a_film_for_every_player(
    world: World, vid: str, film: MarkedFilm, viewer: Person
) -> None:
    """The film lies open, as it is meant to; no key does, at any moment."""
    world.set("download-mode", "normal")
    held = world.valve.holding_after(film.path.stat().st_size * 9 // 10)
    with held, world.download(viewer, vid) as command:
        world.valve.wait_until_held()
        wait_until(lambda: any(viewer.save.rglob("*.seg")))
        with world.standing_still(command) as scanner:
            found = scanner.scan(viewer.folder)
        assert {one.path.suffix for one in found} <= {".part"}, report(found)
        assert LeakKind.SECRET not in {one.kind for one in found}, report(found)
        world.valve.open()
        path = Path(str(command.finish()["path"]))
    assert path.suffix == ".mp4"
    found = world.scanner().scan(viewer.folder)
    assert {one.path for one in found} == {path}, report(found)
    assert LeakKind.SECRET not in {one.kind for one in found}, report(found)
    ffprobe = [require_tool("ffprobe"), "-v", "error", "-count_packets"]
    ffprobe += ["-show_entries", "stream=codec_name,nb_read_packets", "-of", "csv=p=0"]
    shown = subprocess.run([*ffprobe, path], capture_output=True, check=True, text=True).stdout
    assert f"h264,{_SECONDS * 25}" in shown.split()


def test_a_scan_would_find_the_stream_s_key(world: World, vid: str, viewer: Person) -> None:
    unwrapped = unwrap_all(world.data, world.operator.home)
    (key,) = (key for name, key in unwrapped.items() if name.endswith("VodsealEncryption"))
    planted = viewer.temporary / "forgotten"
    planted.write_bytes(b"x" * 1001 + key.hex().encode())
    found = world.scanner().scan(viewer.folder)
    assert {(one.path, one.kind) for one in found} == {(planted, LeakKind.SECRET)}
    assert clear_streams(world.data, unwrapped)


@pytest.mark.parametrize("mode", ["normal", "secure"])
def test_without_a_security_file_there_is_a_number_and_a_remedy(
    world: World, vid: str, viewer: Person, mode: str
) -> None:
    world.set("download-mode", mode)
    asked = ("download", vid, "--source", world.source, "--save-dir", viewer.save)
    with viewer.start(*asked) as command, pytest.raises(AssertionError):
        command.finish()
    assert command.process.returncode == 1
    assert (command.last["hex"], command.last["name"]) == ("0x30010008", "ENCRYPT_FILE_NOT_MATCH")
    assert "init_service" in str(command.last["remedy"])
    assert not list(viewer.save.rglob("*.seg"))


_PLAYERS = {
    "ffprobe": ("-v", "error", "-allowed_extensions", "ALL", "-show_entries", "stream=codec_name"),
    "mpv": ("--no-config", "--vo=null", "--ao=null", "--frames=10"),
}


@pytest.mark.parametrize("player", _PLAYERS)
def test_no_player_of_hls_shows_it(
    world: World, play_info: PlayInfo, standard_vid: str, player: str
) -> None:
    standard = play_info_of(world, standard_vid)
    assert (standard.encrypt_type, "MtsHlsUriToken" in standard.play_url) == ("HLSEncryption", True)
    shows = {}
    for url in (standard.play_url, play_info.play_url):
        command = [require_tool(player), *_PLAYERS[player], url]
        shown = subprocess.run(command, capture_output=True, check=False, text=True, timeout=60)
        shows[url] = (shown.returncode == 0, "h264" in shown.stdout.lower())
    assert shows == {standard.play_url: (True, True), play_info.play_url: (False, False)}


def test_what_is_served_names_a_key_that_no_address_gives(
    world: World, vid: str, play_info: PlayInfo
) -> None:
    assert (play_info.encrypt, play_info.encrypt_type) == (1, "VodsealEncryption")
    with urlopen(play_info.play_url) as answer:  # noqa: S310 - our own loopback service
        text = answer.read().decode()
    unwrapped = unwrap_all(world.data, world.operator.home)
    (key,) = (key for name, key in unwrapped.items() if name.endswith("VodsealEncryption"))
    keys = {segment.key for segment in parse_media(text, play_info.play_url).segments}
    names = {(one.uri, one.key_format) for one in keys if one is not None}
    assert None not in keys
    assert names == {(f"vodseal-license:{play_info.job_id}", LICENSE)}
    assert key.hex() not in text.lower()


def test_the_service_keeps_nothing_clear(world: World, vid: str) -> None:
    assert vid
    assert not (leaks := world.scanner().scan(world.data)), report(leaks)
