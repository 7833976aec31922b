"""Tracks, their indexes and their filters (client-surface 1.6)."""

from __future__ import annotations

import pytest

from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, RequestError
from vodseal.media.tracks import (
    MediaInfo,
    TrackFilter,
    TrackInfo,
    TrackType,
    filter_tracks,
    media_info,
)
from vodseal.rpc.messages.play import GetPlayInfoAnswer, PlayInfo, VideoBase

BASE = VideoBase(
    video_id="vid", title="Ein Film", duration="12.3456", media_type="video", status="Normal"
)
STREAMS = (
    PlayInfo(play_url="https://h/0", format="m3u8", definition="FD", stream_type="video", status="Normal",
             size=100, width=640, height=360, bitrate="500.25", fps="25", duration="12.3456", job_id="j0",
             encrypt=1, encrypt_type="HLSEncryption"),
    PlayInfo(play_url="https://h/1", format="mp4", definition="FD", stream_type="video", status="Invisible", job_id="j1"),
    PlayInfo(play_url="https://h/2", format="mp4", definition="HD", stream_type="video", status="Normal", job_id="j2"),
    PlayInfo(play_url="https://h/3", format="flv", definition="HD", stream_type="video", status="Normal", job_id="j3"),
    PlayInfo(play_url="https://h/4", format="MP3", definition="SQ", stream_type="audio", status="", job_id="j4"),
    PlayInfo(play_url="", format="mp4", definition="LD", status="Normal", job_id="j5"),
)  # fmt: skip
ANSWER = GetPlayInfoAnswer(request_id="R", video_base=BASE, play_info_list=STREAMS)


def tracks(**wanted: object) -> list[int]:
    media = media_info(ANSWER)
    found = filter_tracks(media.tracks, TrackFilter(**wanted))  # type: ignore[arg-type]  # keywords from a table
    return [track.index for track in found]


def test_the_index_is_the_place_in_the_answer_whatever_is_left_out() -> None:
    media = media_info(ANSWER)
    assert [(track.index, track.job_id) for track in media.tracks] == [
        (0, "j0"), (2, "j2"), (3, "j3"), (4, "j4"),
    ]  # fmt: skip
    assert tracks(formats=("mp4",)) == [2]
    assert media.track(2) is media.tracks[1]
    assert media.track(1) is None


def test_a_track_says_what_the_answer_said() -> None:
    media = media_info(ANSWER)
    assert media.tracks[0] == TrackInfo(
        index=0, type=TrackType.SAAS_VOD, vod_format="m3u8", vod_definition="FD", vod_file_size=100,
        vod_play_url="https://h/0", video_width=640, video_height=360, bitrate=500_250, job_id="j0",
        stream_type="video", encrypt_type="HLSEncryption", duration_ms=12_346, fps=25.0,
    )  # fmt: skip
    assert (media.video_id, media.title, media.duration) == ("vid", "Ein Film", 12_346)
    assert (media.total_bitrate, media.transcode_mode) == (0, "FastTranscode")
    assert "https" not in repr(media)


def test_the_vendors_track_types() -> None:
    assert [kind.value for kind in TrackType] == [0, 1, 2, 3]
    assert TrackType.SAAS_VOD == 3


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "-3", "1e999"])
def test_numbers_that_make_no_sense_are_zero(text: str) -> None:
    info = PlayInfo(
        play_url="u",
        format="mp4",
        bitrate=text,
        fps=text,
        duration=text,
        size=-1,
        width=-1,
        height=-1,
    )
    track = media_info(GetPlayInfoAnswer(video_base=BASE, play_info_list=(info,))).tracks[0]
    assert (track.bitrate, track.fps, track.duration_ms) == (0, 0.0, 0)
    assert (track.vod_file_size, track.video_width, track.video_height) == (0, 0, 0)


def test_an_encryption_without_a_name_is_not_taken_for_none() -> None:
    info = PlayInfo(play_url="u", format="m3u8", encrypt=1)
    assert (
        media_info(GetPlayInfoAnswer(video_base=BASE, play_info_list=(info,)))
        .tracks[0]
        .encrypt_type
        == "unknown"
    )
    clear = PlayInfo(play_url="u", format="m3u8", encrypt=0, encrypt_type="HLSEncryption")
    assert (
        media_info(GetPlayInfoAnswer(video_base=BASE, play_info_list=(clear,)))
        .tracks[0]
        .encrypt_type
        == ""
    )


def test_an_answer_without_a_video() -> None:
    with pytest.raises(RequestError) as caught:
        media_info(GetPlayInfoAnswer(request_id="R"))
    assert caught.value.code is ErrorCode.NO_PLAY_INFO
    assert caught.value.request_id == "R"


def test_only_what_can_be_saved_is_listed() -> None:
    assert tracks() == [0, 2, 4]


@pytest.mark.behaviour("B39")
def test_filters() -> None:
    assert tracks(formats=("m3u8", " MP4 ")) == [0, 2]
    assert tracks(formats=("flv", "mp4")) == [2]
    assert tracks(definitions=("fd",)) == [0]
    assert tracks(stream_types=("audio",)) == [4]
    assert tracks(formats=("",), definitions=("",), stream_types=("",)) == [0, 2, 4]


@pytest.mark.behaviour("B39")
@pytest.mark.parametrize("formats", [("flv",), ("mpd", "avi")])
def test_formats_that_cannot_be_saved(formats: tuple[str, ...]) -> None:
    with pytest.raises(DownloadError) as caught:
        tracks(formats=formats)
    assert caught.value.code is ErrorCode.NOT_SUPPORT_FORMAT


@pytest.mark.behaviour("B3")
@pytest.mark.parametrize(
    "wanted", [{"definitions": ("4K",)}, {"formats": ("mp3",), "stream_types": ("video",)}]
)
def test_nothing_fits(wanted: dict[str, object]) -> None:
    with pytest.raises(DownloadError) as caught:
        tracks(**wanted)
    assert caught.value.code is ErrorCode.NO_DOWNLOAD_ITEM


def test_a_preferred_quality_comes_first_and_a_forced_one_alone() -> None:
    assert tracks(quality="hd") == [2, 0, 4]
    assert tracks(quality="4K") == [0, 2, 4]
    assert tracks(quality="HD", force_quality=True) == [2]
    with pytest.raises(RequestError) as caught:
        tracks(quality="4K", force_quality=True)
    assert caught.value.code is ErrorCode.NO_MATCH_QUALITY


def test_what_is_not_said_is_empty() -> None:
    assert TrackInfo(index=0) == TrackInfo(
        index=0, type=TrackType.SAAS_VOD, vod_format="", vod_definition="", vod_file_size=0, vod_play_url="",
        video_width=0, video_height=0, bitrate=0, job_id="", stream_type="", encrypt_type="",
        duration_ms=0, fps=0.0,
    )  # fmt: skip
    media = MediaInfo()
    assert (media.video_id, media.title, media.cover_url, media.media_type) == ("", "", "", "")
    assert (media.status, media.duration, media.tracks) == ("", 0, ())
    assert TrackFilter() == TrackFilter(quality="", force_quality=False)
    assert media_info(GetPlayInfoAnswer(video_base=VideoBase(video_id="v"))).cover_url == ""
    covered = GetPlayInfoAnswer(video_base=VideoBase(video_id="v", cover_url="https://h/c.jpg"))
    assert media_info(covered).cover_url == "https://h/c.jpg"
