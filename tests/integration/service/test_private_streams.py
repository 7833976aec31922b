"""Privately encrypted streams at the service: who hears of them, and who gets the key."""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING

import pytest

from vodseal.error_codes import ErrorCode
from vodseal.errors import RequestError, TamperedError
from vodseal.license.wrap import unwrap_transport_key
from vodseal.media.encryption import EncryptType
from vodseal.rpc.codec import decode_answer
from vodseal.service.kms import contexts

from .conftest import publish
from .test_apps import STRING, Device, acquire, license_in, register

if TYPE_CHECKING:
    from vodseal.credential.security_file import UnlockedApp

PRIVATE = {"encrypt_type": "VodsealEncryption"}


def listed(service, video_id, **parameters):
    answer = service.ok("GetPlayInfo", VideoId=video_id, **parameters)
    return [info["JobId"] for info in answer["PlayInfoList"]["PlayInfo"]]


def test_they_are_listed_for_multiple_alone(service):
    private, standard = publish(service, PRIVATE, {"definition": "SD"})
    video = private.video_id
    assert listed(service, video) == [standard.job_id]
    assert listed(service, video, ResultType="Single") == [standard.job_id]
    assert listed(service, video, ResultType="Multiple") == [private.job_id, standard.job_id]
    config = json.dumps({"EncryptType": "VodsealEncryption"})
    assert listed(service, video, ResultType="Multiple", PlayConfig=config) == [private.job_id]
    infos = service.ok("GetPlayInfo", VideoId=video, ResultType="Multiple", PlayConfig=config)
    [info] = infos["PlayInfoList"]["PlayInfo"]
    assert (info["Encrypt"], info["EncryptType"], info["Format"]) == (1, *PRIVATE.values(), "m3u8")


def test_they_are_never_the_vendors(service):
    [private] = publish(service, PRIVATE)
    config = json.dumps({"EncryptType": "AliyunVoDEncryption"})
    for result in ("Single", "Multiple"):
        answer = service.call(
            "GetPlayInfo", VideoId=private.video_id, ResultType=result, PlayConfig=config
        )
        assert (answer.status, answer.code) == (404, "InvalidVideo.NoneStream")


@pytest.mark.parametrize("config", [{}, {"EncryptType": "VodsealEncryption"}])
def test_who_sees_nothing_else_is_told_why(service, config):
    [private] = publish(service, PRIVATE)
    answer = service.call("GetPlayInfo", VideoId=private.video_id, PlayConfig=json.dumps(config))
    assert (answer.status, answer.code) == (403, "Forbidden.VodsealEncryption")
    with pytest.raises(RequestError) as caught:
        decode_answer(answer.status, answer.body)
    assert caught.value.code is ErrorCode.SERVER_VOD_FORBIDDEN_ALIYUNVODENCRYPTION
    assert "result_type" in caught.value.remedy
    mp3 = service.call("GetPlayInfo", VideoId=private.video_id, Formats="mp3")
    assert mp3.code == "InvalidVideo.NoneStream"


def test_the_key_endpoint_gives_their_keys_to_nobody(service):
    private, standard = publish(service, PRIVATE, {"definition": "SD"})
    token = service.ok("CreateHlsUriToken", VideoId=private.video_id)["MtsHlsUriToken"]

    def ask(stream):
        blob = base64.urlsafe_b64encode(stream.key_blob).decode()
        return service.http("GET", f"/key?Ciphertext={blob}&MtsHlsUriToken={token}")

    assert ask(standard).body == standard.key
    assert (ask(private).status, ask(private).body) == (403, b"")


def test_their_keys_are_bound_to_another_purpose(service):
    [private] = publish(service, PRIVATE)
    where = (private.video_id, private.job_id)
    kms = service.context.kms
    with pytest.raises(TamperedError):
        service.on_loop(kms.decrypt(private.key_blob, contexts.stream(*where, EncryptType.HLS)))
    right = contexts.stream(*where, EncryptType.PRIVATE)
    assert service.on_loop(kms.decrypt(private.key_blob, right)) == private.key


def test_a_token_goes_into_no_key_uri_of_theirs(service):
    [private] = publish(service, PRIVATE)
    token = service.ok("CreateHlsUriToken", VideoId=private.video_id)["MtsHlsUriToken"]
    answer = service.ok(
        "GetPlayInfo",
        VideoId=private.video_id,
        ResultType="Multiple",
        PlayConfig=json.dumps({"MtsHlsUriToken": token}),
    )
    [info] = answer["PlayInfoList"]["PlayInfo"]
    text = service.http("GET", info["PlayURL"]).body.decode()
    assert f'URI="vodseal-license:{private.job_id}"' in text
    assert token not in text


@pytest.fixture
def app(service):
    serial, file, identity = register(service)
    return serial, file, file.open(identity, STRING)


def transport_key(answer, file, app: UnlockedApp, device: Device):
    held = license_in(answer, file)
    return unwrap_transport_key(held, app_key=app.app_key, device_key=device.keys.kem)


@pytest.mark.parametrize("mode", ["secure", "normal"])
def test_a_license_carries_the_key(service, app, mode):
    service.set("download-mode", mode)
    [private] = publish(service, PRIVATE)
    serial, file, unlocked = app
    device, download_id = Device(), os.urandom(16)
    for _ in range(2):
        answer = acquire(service, device.request(private, serial, download_id), service.sts())
        assert transport_key(answer, file, unlocked, device) == private.key


def test_a_license_of_another_stream_carries_none(service, app):
    service.set("download-mode", "secure")
    standard, clear = publish(service, {}, {"encrypt_type": None, "definition": "SD"})
    serial, file, unlocked = app
    device = Device()
    for stream in (standard, clear):
        answer = acquire(service, device.request(stream, serial, os.urandom(16)))
        assert transport_key(answer, file, unlocked, device) is None


def test_normal_mode_licenses_nothing_else(service, app):
    service.set("download-mode", "normal")
    standard, clear = publish(service, {}, {"encrypt_type": None, "definition": "SD"})
    for stream in (standard, clear):
        answer = acquire(service, Device().request(stream, app[0], os.urandom(16)))
        assert (answer.status, answer.code) == (403, "Forbidden.NotSecureMode")


def test_who_may_have_no_license_gets_no_key(service, app):
    [private] = publish(service, PRIVATE)
    values = Device().request(private, app[0], os.urandom(16))
    service.set("download-mode", "off")
    assert acquire(service, values).code == "Forbidden.DownloadOff"
    service.set("download-mode", "normal")
    service.ok("RevokeApp", Serial=app[0])
    assert acquire(service, values).code == "Forbidden.AppRevoked"
