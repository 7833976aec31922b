"""How answers are read and written (wire 5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.rpc.messages.apps import App, ListAppsAnswer
from vodseal.rpc.messages.downloads import AcquireDownloadLicenseAnswer
from vodseal.rpc.messages.fields import from_wire, layout, to_wire
from vodseal.rpc.messages.play import GetPlayInfoAnswer, PlayConfig, PlayInfo, VideoMeta
from vodseal.rpc.messages.registry import ACTIONS
from vodseal.rpc.messages.settings import GetServiceSettingsAnswer
from vodseal.rpc.messages.sts import AssumeRoleAnswer
from vodseal.rpc.messages.transcode import GetTranscodeTaskAnswer
from vodseal.rpc.messages.videos import GetVideoInfoAnswer, GetVideoListAnswer, UploadAuth, Video

PLAY_INFO = {
    "RequestId": "R",
    "VideoBase": {"VideoId": "v", "Duration": "3.1667", "MediaType": "video"},
    "PlayInfoList": {
        "PlayInfo": [
            {
                "PlayURL": "https://h/p.m3u8",
                "Encrypt": 1,
                "EncryptType": "HLSEncryption",
                "Duration": "3.1667",
                "Bitrate": "900.5",
                "Fps": "25",
                "Size": 418112,
                "JobId": "j1",
            },
            {"PlayURL": "https://h/q.mp4", "Encrypt": 0, "Size": 7, "JobId": "j2"},
        ]
    },
}


def names(model: type) -> dict[str, str]:
    return {item.attribute: item.name for item in layout(model)}


def test_names_follow_the_wire() -> None:
    assert names(PlayInfo)["play_url"] == "PlayURL"
    assert names(PlayInfo)["job_id"] == "JobId"
    assert names(PlayInfo)["narrow_band_type"] == "NarrowBandType"
    assert names(VideoMeta)["cover_url"] == "CoverURL"
    assert names(PlayConfig)["mts_hls_uri_token"] == "MtsHlsUriToken"
    assert names(PlayConfig)["x_forwarded_for"] == "XForwardedFor"
    assert names(UploadAuth)["expire_utc_time"] == "ExpireUTCTime"
    assert names(Video)["cate_id"] == "CateId"


def test_only_what_may_be_none_is_optional() -> None:
    optional = {item.attribute: item.optional for item in layout(PlayInfo)}
    assert (optional["encrypt_type"], optional["size"]) == (True, False)


def test_a_captured_shape_is_read() -> None:
    answer = from_wire(GetPlayInfoAnswer, PLAY_INFO)
    assert [info.job_id for info in answer.play_info_list] == ["j1", "j2"]
    first = answer.play_info_list[0]
    assert (first.play_url, first.encrypt, first.size) == ("https://h/p.m3u8", 1, 418112)
    assert (first.duration, first.bitrate, first.fps) == ("3.1667", "900.5", "25")
    assert answer.play_info_list[1].encrypt_type is None
    assert answer.video_base.duration == "3.1667"


def test_the_same_name_is_a_text_here_and_a_number_there() -> None:
    for duration in ("3.5", 3.5):
        assert from_wire(PlayInfo, {"Duration": duration}).duration == "3.5"
        assert from_wire(VideoMeta, {"Duration": duration}).duration == 3.5
    assert to_wire(PlayInfo(duration="3.5"))["Duration"] == "3.5"
    assert to_wire(VideoMeta(duration=3.5))["Duration"] == 3.5


@pytest.mark.parametrize(
    ("raw", "size"),
    [
        (7, 7),
        ("7", 7),
        ("7.9", 7),
        (7.9, 7),
        (True, 1),
        (None, 0),
        ("x", 0),
        ([], 0),
        ({}, 0),
        ("inf", 0),
        ("nan", 0),
        ("1e400", 0),
        (1 << 70, 1 << 70),
        (-1, -1),
    ],
)
def test_numbers_are_taken_in_any_form(raw: object, size: int) -> None:
    assert from_wire(PlayInfo, {"Size": raw}).size == size


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("x", "x"),
        (7, "7"),
        (2.5, "2.5"),
        (True, "true"),
        (False, "false"),
        (None, ""),
        ([], ""),
        ({}, ""),
    ],
)
def test_texts_are_taken_in_any_form(raw: object, text: str) -> None:
    assert from_wire(PlayInfo, {"Format": raw}).format == text


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        *((raw, True) for raw in (True, 1, 7, "true", "True", "1")),
        *((raw, False) for raw in (False, 0, "false", "FALSE", "0")),
    ],
)
def test_booleans_are_taken_in_any_form(raw: object, *, value: bool) -> None:
    """The one field is true where nothing is said, the other one false."""
    app = from_wire(App, {"FileKeyStore": raw, "NeedsCertificate": raw})
    assert (app.file_key_store, app.needs_certificate) == (value, value)


@pytest.mark.parametrize("raw", [None, "x", "", 1.5, [], {}])
def test_what_is_no_boolean_is_as_if_nothing_was_said(raw: object) -> None:
    app = from_wire(App, {"FileKeyStore": raw, "NeedsCertificate": raw})
    assert (app.file_key_store, app.needs_certificate) == (App().file_key_store, False)


@pytest.mark.parametrize(
    ("raw", "count"),
    [
        ({"PlayInfo": []}, 0),
        ({"PlayInfo": [{}, {}]}, 2),
        ({"PlayInfo": {}}, 1),
        ({"PlayInfo": None}, 0),
        ({}, 0),
        ([{}], 1),
        (None, 0),
        ("x", 0),
        ({"PlayInfo": [None, 7, {}]}, 1),
    ],
)
def test_a_list_is_taken_in_any_shape(raw: object, count: int) -> None:
    assert len(from_wire(GetPlayInfoAnswer, {"PlayInfoList": raw}).play_info_list) == count


def test_lists_are_wrapped_where_the_vendor_wraps_them() -> None:
    video = Video(video_id="v", snapshots=("s",))
    assert to_wire(GetVideoListAnswer(total=1, video_list=(video,)))["VideoList"] == {
        "Video": [to_wire(video)]
    }
    assert to_wire(video)["Snapshots"] == {"Snapshot": ["s"]}
    assert to_wire(ListAppsAnswer())["AppList"] == []


def test_what_is_none_is_not_written() -> None:
    assert set(to_wire(VideoMeta())) == {"VideoId", "Title", "Duration", "Status"}


def test_a_free_object_is_kept_as_it_is() -> None:
    settings = {"download-mode": "secure", "url-auth-seconds": 7200}
    answer = from_wire(GetServiceSettingsAnswer, {"Settings": settings})
    assert answer.settings == settings
    assert to_wire(answer)["Settings"] == settings
    assert from_wire(GetServiceSettingsAnswer, {"Settings": "x"}).settings == {}


def test_nested_answers() -> None:
    role = from_wire(AssumeRoleAnswer, {"Credentials": {"AccessKeyId": "STS.a", "New": 1}})
    assert role.credentials.access_key_id == "STS.a"
    task = from_wire(
        GetTranscodeTaskAnswer,
        {"TranscodeTask": {"TranscodeJobInfoList": [{"OutputFile": {"OutputFileUrl": "u"}}]}},
    )
    assert task.transcode_task is not None
    jobs = task.transcode_task.transcode_job_info_list
    assert jobs is not None
    assert jobs[0].output_file is not None
    assert jobs[0].output_file.output_file_url == "u"
    assert from_wire(GetVideoInfoAnswer, {"Video": []}).video == Video()


def test_a_list_that_nothing_is_said_of_is_not_an_empty_one() -> None:
    task = from_wire(GetTranscodeTaskAnswer, {"TranscodeTask": {}}).transcode_task
    assert task is not None
    assert task.transcode_job_info_list is None


def test_secrets_do_not_show() -> None:
    assert "geheim" not in repr(PlayInfo(play_url="https://h/?auth_key=geheim"))
    assert "geheim" not in repr(AcquireDownloadLicenseAnswer(license="geheim"))
    assert "geheim" not in repr(PlayConfig(mts_hls_uri_token="geheim"))


ANSWERS = sorted(
    {model.answer_type() for model in ACTIONS.values()}, key=lambda model: model.__name__
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.sampled_from(ANSWERS), st.data())
def test_no_object_breaks_the_reading_and_what_is_read_is_stable(
    model: type, data: st.DataObject
) -> None:
    keys = st.sampled_from([item.name for item in layout(model)])
    answer = from_wire(model, data.draw(st.dictionaries(keys, json_values)))
    assert from_wire(model, to_wire(answer)) == answer
