"""Normal mode saves what every player plays; secure mode saves what nobody else opens."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.tools import require_tool

from vodseal.player.decode import decode_to_nowhere
from vodseal.player.session import open_sealed
from vodseal.testing.leakscan import LeakScanner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.behaviours.house import House
    from tests.behaviours.phone import Phone
    from tests.behaviours.wire import Wire

    Video = Callable[..., str]


def probe(path: Path) -> dict[str, str]:
    """Return codec names by type, as a player of another make finds them; none when it fails."""
    done = subprocess.run(
        [require_tool("ffprobe"), "-v", "error", "-show_streams", "-of", "json", str(path)],
        capture_output=True,
        check=False,
        timeout=60,
    )
    if done.returncode:
        return {}
    return {one["codec_type"]: one["codec_name"] for one in json.loads(done.stdout)["streams"]}


@pytest.mark.behaviour("B15")
@pytest.mark.parametrize("name", ["mp4", "m3u8"])
def test_normal_mode_saves_a_plain_file(
    bare_phone: Phone, house: House, video: Video, name: str
) -> None:
    house.set("download-mode", "normal")
    source = house.sts(video("short", "clear"), format=name)
    index = bare_phone.prepare(source)[0].tracks[0].index
    path, _ = bare_phone.download(source, index)
    assert path.suffix == ".mp4"
    assert probe(path) == {"video": "h264", "audio": "aac"}
    with open_sealed(path) as session:
        assert not session.is_sealed
        assert decode_to_nowhere(session).frames == 100
    leftovers = {one.name for one in bare_phone.save_dir.rglob("*") if one.is_file()}
    assert leftovers <= {path.name, "job.db", "lock"}


@pytest.mark.behaviour("B16")
@pytest.mark.parametrize("name", ["mp4", "m3u8"])
def test_secure_mode_seals_a_plain_stream(
    phone: Phone, house: House, video: Video, name: str
) -> None:
    source = house.sts(video("short", "clear"), format=name)
    index = phone.prepare(source)[0].tracks[0].index
    path, _ = phone.download(source, index)
    assert path.suffix == ".vseal"
    assert probe(path) == {}
    assert LeakScanner().scan(phone.folder) == []
    with open_sealed(path) as session:
        assert session.is_sealed
        assert decode_to_nowhere(session).frames == 100


@pytest.mark.behaviour("B41")
@pytest.mark.parametrize("token", [True, False], ids=["with token", "without"])
def test_hls_encrypted_video_needs_the_token(
    phone: Phone, house: House, video: Video, *, token: bool
) -> None:
    source = house.sts(video("short"), play_config=house.play_config() if token else "")
    downloader, ear = phone.ready(source)
    downloader.start()
    if token:
        ear.wait_for("completed")
        with open_sealed(downloader.get_file_path()) as session:
            assert decode_to_nowhere(session).frames == 100
    else:
        assert ear.wait_for("error").name == "GET_AES_KEY_FAIL"
        assert phone.staged() == []


@pytest.mark.behaviour("B54")
@pytest.mark.parametrize("template", ["encrypted", "clear"])
def test_a_video_without_pictures(phone: Phone, house: House, video: Video, template: str) -> None:
    source = house.sts(video("sound", template))
    media, _, _ = phone.prepare(source)
    assert media.media_type == "audio"
    for track in media.tracks:
        path, _ = phone.download(source, track.index)
        with open_sealed(path) as session:
            report = decode_to_nowhere(session)
        assert report.info.width == 0
        assert report.info.audio_codec in {"aac", "mp3"}
        assert report.seconds >= 0
        assert report.frames > 50


PRIVATE = "private-source"


@pytest.mark.behaviour("B15")
def test_normal_mode_opens_an_encrypted_stream_while_saving(
    phone: Phone, house: House, video: Video, wire: Wire
) -> None:
    house.set("download-mode", "normal")
    source = house.sts(video("short", PRIVATE), play_config="")
    (track,) = phone.prepare(source)[0].tracks
    assert (track.encrypt_type, track.vod_format) == ("VodsealEncryption", "m3u8")
    path, _ = phone.download(source, track.index, wire)
    assert path.suffix == ".mp4"
    assert probe(path) == {"video": "h264", "audio": "aac"}
    with open_sealed(path) as session:
        assert not session.is_sealed
        assert decode_to_nowhere(session).frames == 100
    asked = {request.query.get("Action") for request in wire.requests}
    assert {"AcquireDownloadLicense", "GetSegmentDigests"} <= asked
    assert not [request for request in wire.requests if "/key" in request.target]


@pytest.mark.behaviour("B15", "B16")
def test_secure_mode_seals_an_encrypted_stream(phone: Phone, house: House, video: Video) -> None:
    path, _ = phone.download(house.auth(video("short", PRIVATE), play_config=""))
    assert path.suffix == ".vseal"
    assert probe(path) == {}
    with open_sealed(path) as session:
        assert session.is_sealed
        assert decode_to_nowhere(session).frames == 100


@pytest.mark.behaviour("B14", "B15")
@pytest.mark.parametrize("mode", ["normal", "secure"])
def test_an_encrypted_stream_needs_the_security_file(
    bare_phone: Phone, house: House, video: Video, mode: str
) -> None:
    house.set("download-mode", mode)
    source = house.sts(video("short", PRIVATE))
    bare_phone.prepare(source)
    downloader, ear = bare_phone.ready(source)
    downloader.start()
    info = ear.wait_for("error")
    assert info.name == "ENCRYPT_FILE_NOT_MATCH"
    assert "init_service" in info.remedy
    assert not bare_phone.save_dir.exists() or not list(bare_phone.save_dir.rglob("*.seg"))
