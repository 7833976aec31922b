"""Every answer of the service has the names and types of its model, no more and no less."""

from __future__ import annotations

import os

import pytest

from vodseal.rpc.messages.registry import ACTIONS
from vodseal.rpc.play_auth import decode
from vodseal.sdk.sources import VidAuth, VidSts
from vodseal.sdk.transport import RpcClient
from vodseal.testing.answers import mismatches

from .device_client import DeviceClient
from .test_apps import SHA1, STRING, Device, acquire, register
from .test_apps import secure as secure  # noqa: PLC0414 - a fixture, used by name

SHOWN_ELSEWHERE = {"GetSegmentDigests"}


def every_answer(service, stream):
    """Yield each action with an answer of the service."""
    sts = "2015-04-01"
    yield (
        "AssumeRole",
        service.ok("AssumeRole", version=sts, RoleArn="acs:ram::1:role/a", RoleSessionName="ab"),
    )
    upload = service.ok(
        "CreateUploadVideo", Title="T", FileName="f.mp4", Tags="a,b", Description="D"
    )
    video_id = upload["VideoId"]
    yield "CreateUploadVideo", upload
    yield "RefreshUploadVideo", service.ok("RefreshUploadVideo", VideoId=video_id)
    yield "GetVideoInfo", service.ok("GetVideoInfo", VideoId=video_id)
    yield "GetVideoInfo", service.ok("GetVideoInfo", VideoId=stream.video_id)
    yield "GetVideoList", service.ok("GetVideoList")
    yield "GetVideoPlayAuth", service.ok("GetVideoPlayAuth", VideoId=stream.video_id)
    yield "GetPlayInfo", service.ok("GetPlayInfo", VideoId=stream.video_id)
    yield "GetDownloadPolicy", service.ok("GetDownloadPolicy", VideoId=stream.video_id)
    yield "CreateHlsUriToken", service.ok("CreateHlsUriToken", VideoId=stream.video_id)
    tasks = service.ok("ListTranscodeTask", VideoId=stream.video_id)
    yield "ListTranscodeTask", tasks
    task_id = tasks["TranscodeTaskList"][0]["TranscodeTaskId"]
    yield "GetTranscodeTask", service.ok("GetTranscodeTask", TranscodeTaskId=task_id)
    yield from app_answers(service, stream)
    yield "GetServiceSettings", service.ok("GetServiceSettings")
    yield (
        "SetServiceSettings",
        service.ok("SetServiceSettings", Name="download-mode", Value="secure"),
    )
    yield "DeleteVideo", service.ok("DeleteVideo", VideoIds=f"{video_id},{'0' * 32}")


def app_answers(service, stream):
    serial, _, _ = register(service)
    request = Device().request(stream, serial, os.urandom(16))
    yield "AcquireDownloadLicense", acquire(service, request).json
    yield from device_answers(service)
    yield "ListLicenses", service.ok("ListLicenses", VideoId=stream.video_id)
    yield "RevokeLicenses", service.ok("RevokeLicenses", VideoId=stream.video_id)
    keys = {name: request[name] for name in ("DeviceKemKey", "DeviceSigningKey")}
    yield (
        "CheckInDevice",
        service.ok("CheckInDevice", VideoId=stream.video_id, Nonce="00" * 16, **keys),
    )
    yield "GetLicensePolicy", service.ok("GetLicensePolicy", Serial=serial)
    yield (
        "SetLicensePolicy",
        service.ok("SetLicensePolicy", VideoId=stream.video_id, Name="max-devices", Value=3),
    )
    registered = service.ok(
        "RegisterApp", Kind="ios-bundle", Identifier="com.example.app", AppDecryptKey=STRING
    )
    yield "RegisterApp", registered
    yield "ListApps", service.ok("ListApps")
    yield "DescribeApp", service.ok("DescribeApp", Serial=registered["Serial"])
    yield (
        "ReissueApp",
        service.ok("ReissueApp", Serial=registered["Serial"], AppDecryptKey=STRING),
    )
    yield "GetRevocationList", service.ok("GetRevocationList")
    yield "RevokeApp", service.ok("RevokeApp", Serial=registered["Serial"])
    generated = service.ok(
        "GenerateDownloadSecretKey", AppIdentification=SHA1, AppDecryptKey=STRING
    )
    yield "GenerateDownloadSecretKey", generated


def device_answers(service):
    _, file, identity = register(service)
    device = DeviceClient(service, file.open(identity, STRING))
    yield (
        "GetEnrolmentChallenge",
        service.ok("GetEnrolmentChallenge", **device.named),
    )
    yield "EnrollDevice", device.enrol().json
    yield "ListDevices", service.ok("ListDevices")
    yield "RevokeDevice", service.ok("RevokeDevice", DeviceId=device.keys.device_id.hex())
    yield "RotateMasterKey", service.ok("RotateMasterKey")
    yield "GetKeyRotation", service.ok("GetKeyRotation")


def test_every_answer_fits_its_model(service, secure):
    models = {action: request.answer_type() for (_, action), request in ACTIONS.items()}
    seen = set()
    wrong = []
    for action, answer in every_answer(service, secure):
        seen.add(action)
        wrong += [f"{action}: {line}" for line in mismatches(models[action], answer)]
    assert wrong == []
    assert set(models) - seen == SHOWN_ELSEWHERE


@pytest.mark.parametrize("kind", ["sts", "auth"])
def test_our_own_client_asks_the_service(service, secure, kind):
    key = service.sts()
    if kind == "sts":
        source = VidSts(
            vid=secure.video_id,
            endpoint=service.endpoint,
            access_key_id=key.access_key_id,
            access_key_secret=key.access_key_secret,
            security_token=key.security_token,
        )
    else:
        text = service.ok("GetVideoPlayAuth", VideoId=secure.video_id)["PlayAuth"]
        assert decode(text).video_meta.video_id == secure.video_id
        source = VidAuth(vid=secure.video_id, endpoint=service.endpoint, play_auth=text)
    with RpcClient.for_source(source, clock=service.clock) as rpc:
        policy = rpc.get_download_policy(secure.video_id)
        answer = rpc.get_play_info(source)
    assert policy is not None
    assert policy.download_mode == "secure"
    assert [info.job_id for info in answer.play_info_list] == [secure.job_id]
