"""Prepare: what is offered, and why not."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from vodseal import ErrorCode, MediaDownloader, VidAuth, VidPlayerConfigGen, VidSts
from vodseal.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.behaviours.house import House
    from tests.behaviours.phone import Phone

    Video = Callable[..., str]


def test_prepare_tells_title_duration_and_tracks(phone: Phone, house: House, video: Video) -> None:
    vid = video("sharp")
    for source in (house.sts(vid), house.auth(vid)):
        media, downloader, ear = phone.prepare(source)
        assert (media.video_id, media.title, media.status) == (vid, "sharp", "Normal")
        assert media.duration == pytest.approx(2000, abs=100)
        assert [track.index for track in media.tracks] == list(range(len(media.tracks)))
        assert len(media.tracks) >= 2
        assert {track.vod_format for track in media.tracks} == {"m3u8"}
        assert all(track.vod_file_size > 0 for track in media.tracks)
        assert ear.names == ["prepared"]
        assert downloader.media_info == media
        assert downloader.state == "prepared"


@pytest.mark.behaviour("B3")
@pytest.mark.parametrize("mode", ["normal", "secure"])
def test_no_stream_that_fits_is_no_item(
    phone: Phone, house: House, video: Video, mode: str
) -> None:
    house.set("download-mode", mode)
    info = phone.refusal(house.sts(video("short"), format="mp4"))
    assert info.code is ErrorCode.NO_DOWNLOAD_ITEM


@pytest.mark.behaviour("B4")
@pytest.mark.parametrize(
    ("source", "code"),
    [
        (None, ErrorCode.STS_SOURCE_NULL),
        (VidSts(vid="v"), ErrorCode.STS_SOURCE_NULL),
        (VidSts(access_key_id="a", access_key_secret="b"), ErrorCode.STS_SOURCE_NULL),
        (VidAuth(vid="v"), ErrorCode.AUTH_SOURCE_NULL),
        (VidAuth(play_auth="p"), ErrorCode.AUTH_SOURCE_NULL),
    ],
    ids=["none", "sts without key", "sts without vid", "auth without text", "auth without vid"],
)
def test_an_empty_source_has_the_number_of_its_kind(
    phone: Phone, source: VidSts, code: ErrorCode
) -> None:
    assert phone.refusal(source).code is code


@pytest.mark.behaviour("B5")
@pytest.mark.parametrize("text", ["nonsense", "e30=", base64.b64encode(b"[1]").decode()])
def test_a_play_auth_that_is_none(phone: Phone, house: House, video: Video, text: str) -> None:
    source = VidAuth(vid=video("short"), endpoint=house.endpoint, play_auth=text)
    info = phone.refusal(source)
    assert info.code is ErrorCode.AUTH_SOURCE_WRONG
    assert text not in f"{info}"


@pytest.mark.behaviour("B6", "B45")
def test_an_expired_sts_credential(phone: Phone, house: House, video: Video) -> None:
    source = house.sts(video("short"), seconds=900)
    house.clock.advance(901)
    info = phone.refusal(source)
    assert info.code is ErrorCode.SERVER_POP_TOKEN_EXPIRED
    assert int(info.code) == 0x2001010D
    assert info.name == "SERVER_POP_TOKEN_EXPIRED"
    assert info.request_id
    assert "update_source" in info.remedy


@pytest.mark.behaviour("B7")
def test_an_expired_play_auth(phone: Phone, house: House, video: Video) -> None:
    source = house.auth(video("short"), seconds=100)
    house.clock.advance(101)
    assert phone.refusal(source).code is ErrorCode.SERVER_VOD_INVALIDAUTHINFO_EXPIRETIME


@pytest.mark.behaviour("B8")
def test_a_play_auth_of_another_video(phone: Phone, house: House, video: Video) -> None:
    issued = house.auth(video("sharp"))
    source = VidAuth(vid=video("short"), endpoint=house.endpoint, play_auth=issued.play_auth)
    assert phone.refusal(source).code is ErrorCode.SERVER_VOD_INVALIDAUTH_MEDIAID


@pytest.mark.behaviour("B9")
def test_an_unknown_video(phone: Phone, house: House) -> None:
    info = phone.refusal(house.sts("0" * 32))
    assert info.code is ErrorCode.SERVER_VOD_INVALIDVIDEO_NOTFOUND
    assert info.extra == "InvalidVideo.NotFound"


@pytest.mark.behaviour("B9")
def test_a_video_in_a_wrong_state(phone: Phone, house: House) -> None:
    made = house.ask("CreateUploadVideo", Title="t", FileName="t.mp4")
    info = phone.refusal(house.sts(made["VideoId"]))
    assert info.code is ErrorCode.SERVER_VOD_FORBIDDEN_ILLEGALSTATUS


@pytest.mark.behaviour("B9")
def test_a_credential_without_the_permission(phone: Phone, house: House, video: Video) -> None:
    policy = {
        "Version": "1",
        "Statement": [{"Effect": "Allow", "Action": ["vod:GetVideoInfo"], "Resource": ["*"]}],
    }
    source = house.sts(video("short"), policy=json.dumps(policy))
    info = phone.refusal(source)
    assert info.code in {ErrorCode.SERVER_POP_FORBIDDEN, ErrorCode.SERVER_VOD_UNKNOWN}
    assert "Forbidden" in info.message or "NoPermission" in info.message


@pytest.mark.behaviour("B12")
def test_download_switched_off(phone: Phone, house: House, video: Video) -> None:
    house.set("download-mode", "off")
    info = phone.refusal(house.sts(video("short")))
    assert info.code is ErrorCode.DOWNLOAD_SWITCH_OFF
    assert not phone.save_dir.exists()


@pytest.mark.behaviour("B39")
def test_the_sources_format_limits_the_tracks(phone: Phone, house: House, video: Video) -> None:
    vid = video("short", "clear")
    every, _, _ = phone.prepare(house.sts(vid))
    assert {track.vod_format for track in every.tracks} == {"mp4", "m3u8"}
    for name in ("mp4", "m3u8"):
        media, _, _ = phone.prepare(house.sts(vid, format=name))
        assert media.tracks == tuple(track for track in media.tracks if track.vod_format == name)
        assert {track.index for track in media.tracks} < {track.index for track in every.tracks}
    info = phone.refusal(house.sts(vid, format="flv"))
    assert info.code is ErrorCode.NOT_SUPPORT_FORMAT


@pytest.mark.behaviour("B41")
def test_hls_encrypted_video_is_offered_in_secure_mode_only(
    phone: Phone, house: House, video: Video
) -> None:
    vid = video("short")
    media, _, _ = phone.prepare(house.sts(vid))
    assert {track.encrypt_type for track in media.tracks} == {"HLSEncryption"}
    house.set("download-mode", "normal")
    assert phone.refusal(house.sts(vid)).code is ErrorCode.NO_DOWNLOAD_ITEM


@pytest.mark.behaviour("B42")
@pytest.mark.parametrize("source", ["https://host/film.m3u8", object(), {"vid": "v"}])
def test_other_kinds_of_source_are_refused_at_once(source: object) -> None:
    downloader = MediaDownloader()
    with pytest.raises(MisuseError):
        downloader.prepare(source)  # type: ignore[arg-type]  # no source, on purpose
    with pytest.raises(MisuseError):
        downloader.update_source(source)  # type: ignore[arg-type]  # no source, on purpose
    assert downloader.state == "idle"


@pytest.mark.behaviour("B53")
def test_a_preview_is_refused(phone: Phone, house: House, video: Video) -> None:
    config = VidPlayerConfigGen()
    config.set_preview_time(30)
    source = house.sts(video("short"), play_config=config.generate())
    assert phone.refusal(source).code is ErrorCode.NO_DOWNLOAD_ITEM
    downloader, ear = phone.ready(source)
    downloader.start()
    assert ear.wait_for("error").code is ErrorCode.NO_DOWNLOAD_ITEM


def test_nobody_answers(phone: Phone) -> None:
    source = VidSts(
        vid="v",
        endpoint="http://127.0.0.1:9",
        access_key_id="a",
        access_key_secret="b",
        security_token="c",
    )
    info = phone.refusal(source)
    assert info.code is ErrorCode.REQUEST_FAIL
    assert "127.0.0.1:9" in info.message
