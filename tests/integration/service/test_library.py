"""Lists of videos and of transcode tasks."""

from __future__ import annotations

import os

import pytest

from vodseal.rpc.replay import format_time
from vodseal.service.database.models import TranscodeJob, TranscodeTask

from .conftest import publish


@pytest.fixture
def films(service):
    made = []
    for number in range(5):
        made.append(service.create_video(Title=f"Film {number}", CateId=str(number % 2)))
        service.clock.advance(60)
    return made


def titles(service, **parameters):
    answer = service.ok("GetVideoList", **parameters)
    found = answer["VideoList"]["Video"]
    return answer["Total"], [int(video["Title"].removeprefix("Film ")) for video in found]


def test_videos_are_listed_newest_first_and_page_by_page(service, films):
    assert titles(service) == (5, [4, 3, 2, 1, 0])
    assert titles(service, SortBy="CreationTime:Asc") == (5, [0, 1, 2, 3, 4])
    assert titles(service, PageSize=2) == (5, [4, 3])
    assert titles(service, PageSize=2, PageNo=3) == (5, [0])
    assert titles(service, PageSize=2, PageNo=4) == (5, [])


def test_videos_are_filtered(service, films):
    service.put(films[3], b"x")
    assert titles(service, Status="UploadSucc,Normal") == (1, [3])
    assert titles(service, Status="Blocked") == (0, [])
    assert titles(service, CateId="1") == (2, [3, 1])
    now = service.clock.now()
    assert titles(service, StartTime=format_time(now - 130)) == (2, [4, 3])
    assert titles(service, EndTime=format_time(now - 250)) == (1, [0])
    assert titles(service, StorageLocation="elsewhere") == (0, [])


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"PageNo": "0"}, "InvalidParameter.PageNo"),
        ({"PageSize": "101"}, "InvalidParameter.PageSize"),
        ({"PageSize": "100", "PageNo": "51"}, "VideoListExceededMax"),
        ({"SortBy": "Title"}, "InvalidParameter.SortBy"),
        ({"Status": "Great"}, "InvalidParameter.Status"),
        ({"StartTime": "yesterday"}, "InvalidParameter.StartTime"),
    ],
)
def test_wrong_filters_are_named(service, parameters, code):
    assert service.call("GetVideoList", **parameters).code == code


def test_deleting_has_limits(service):
    assert service.call("DeleteVideo").code == "MissingVideoIds"
    many = ",".join(f"{n:032x}" for n in range(21))
    assert service.call("DeleteVideo", VideoIds=many).code == "VideoIdsExceededMax"


async def _task_with_jobs(context, video_id, stream) -> str:
    task_id = os.urandom(16).hex()
    now = context.clock.now()
    async with context.sessions.begin() as session:
        session.add(
            TranscodeTask(
                id=task_id,
                video_id=video_id,
                template_group_id="encrypted",
                status="CompleteAllFail",
                error_code="Unreadable",
                error_message="the file has no picture and no sound",
                created_at=now + 1,
                completed_at=now + 2,
            )
        )
        await session.flush()
        for position, (job_id, status) in enumerate(
            ((stream.job_id, "TranscodeSuccess"), (os.urandom(16).hex(), "TranscodeFail"))
        ):
            session.add(
                TranscodeJob(
                    id=job_id,
                    task_id=task_id,
                    position=position,
                    definition="HD",
                    format="m3u8",
                    status=status,
                    error_code="" if status.endswith("Success") else "Crash",
                    created_at=now,
                )
            )
    return task_id


def test_tasks_say_how_they_ended(service):
    [stream] = publish(service)
    task_id = service.on_loop(_task_with_jobs(service.context, stream.video_id, stream))
    answer = service.ok("ListTranscodeTask", VideoId=stream.video_id)
    listed = answer["TranscodeTaskList"]
    assert [task["TaskStatus"] for task in listed] == ["CompleteAllFail", "Processing"]
    assert "TranscodeJobInfoList" not in listed[0]
    task = service.ok("GetTranscodeTask", TranscodeTaskId=task_id)["TranscodeTask"]
    assert task["ErrorMessage"] == "the file has no picture and no sound"
    assert task["CompleteTime"]
    made, failed = task["TranscodeJobInfoList"]
    assert made["TranscodeJobId"] == stream.job_id
    output = made["OutputFile"]
    assert (output["Filesize"], output["Width"], output["Duration"]) == (8192, "1280", "20.0000")
    assert output["Encryption"] == '{"EncryptType": "HLSEncryption"}'
    assert "auth_key" not in output["OutputFileUrl"]
    assert failed["ErrorCode"] == "Crash"
    assert "OutputFile" not in failed
    jobs = service.ok("GetTranscodeTask", JobIds=f"{stream.job_id},none")
    assert [job["TranscodeJobId"] for job in jobs["TranscodeJobInfoList"]] == [stream.job_id]
    assert jobs["NonExistJobIds"] == ["none"]


def test_tasks_that_are_not_there(service):
    assert service.call("GetTranscodeTask").code == "MissingTranscodeTaskId"
    missing = service.call("GetTranscodeTask", TranscodeTaskId="none")
    assert (missing.status, missing.code) == (404, "NoSuchResource")
    many = ",".join(map(str, range(11)))
    assert service.call("GetTranscodeTask", JobIds=many).code == "InvalidParameter.JobIds"
    unknown = service.call("ListTranscodeTask", VideoId="0" * 32)
    assert unknown.code == "InvalidVideo.NotFound"
    assert service.call("ListTranscodeTask", VideoId="x", PageSize=51).code == (
        "InvalidParameter.PageSize"
    )


def test_settings_are_checked_before_they_are_stored(service):
    before = service.ok("GetServiceSettings")["Settings"]
    for name, value, code in (
        ("download-mode", "on", "InvalidParameter.Value"),
        ("colour", "red", "InvalidParameter.Name"),
        ("url-auth-seconds", "0", "InvalidParameter.Value"),
        ("", "x", "MissingName"),
        ("download-mode", "", "MissingValue"),
    ):
        assert service.call("SetServiceSettings", Name=name, Value=value).code == code
    assert service.ok("GetServiceSettings")["Settings"] == before
    after = service.ok("SetServiceSettings", Name="download-mode", Value="secure")["Settings"]
    assert after == before | {"download-mode": "secure"}


def test_new_videos_take_the_default_template_group(service):
    service.set("default-template-group", "clear")
    upload = service.create_video()
    info = service.ok("GetVideoInfo", VideoId=upload.video_id)["Video"]
    assert info["TemplateGroupId"] == "clear"
    assert info["Snapshots"] == {"Snapshot": []}
