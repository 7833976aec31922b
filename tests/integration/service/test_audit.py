"""The audit log of a running service: what it records, and what goes out when it cannot."""

from __future__ import annotations

import os
import sys
from urllib.parse import urlencode

import pytest
from tests.unit.service_audit.test_log import file_size_limit

from vodseal.errors import AuditLogError
from vodseal.service.audit.public_key import stored_public_key
from vodseal.service.audit.reading import CHECKPOINTS, read_log, verify_log

from .conftest import RunningService, publish
from .test_apps import Device
from .test_apps import secure as secure  # noqa: PLC0414 - a fixture, used by name
from .test_licenses import house as house  # noqa: PLC0414 - as above
from .test_licenses import receipt
from .test_play import key_url

posix = pytest.mark.skipif(sys.platform == "win32", reason="file size limits")


def events(service, *, via: str = "") -> list:
    found = [item.event for item in read_log(service.settings.data / "audit")]
    return [event for event in found if not via or event.context.get("via") == via]


def log_size(service) -> int:
    [path] = (service.settings.data / "audit").glob("*.log")
    return path.stat().st_size


def key_request(service, stream) -> str:
    token = service.ok("CreateHlsUriToken", VideoId=stream.video_id)["MtsHlsUriToken"]
    return f"{key_url(stream.playlist)}&{urlencode({'MtsHlsUriToken': token})}"


def test_a_key_of_the_key_server_is_recorded_before_it_is_out(service):
    [stream] = publish(service)
    url = key_request(service, stream)
    assert service.http("GET", url).body == stream.key
    [event] = events(service, via="key-server")
    assert (event.action, event.result) == ("key.open", "ok")
    assert event.object == f"stream/{stream.video_id}/{stream.job_id}"
    assert event.actor.startswith("hls-token:")


def test_a_refusal_of_the_key_server_opens_and_writes_nothing(service):
    [stream] = publish(service)
    before = log_size(service)
    assert service.http("GET", f"{key_url(stream.playlist)}&MtsHlsUriToken=x").status == 403
    assert service.http("GET", "/key?Ciphertext=AAAA").status == 403
    assert log_size(service) == before


def test_changes_are_recorded_before_and_after(service):
    service.set("download-mode", "secure")
    service.call("SetServiceSettings", Name="download-mode", Value="nonsense")
    found = [event for event in events(service) if event.action == "SetServiceSettings"]
    assert [event.result for event in found] == [
        "asked",
        "ok",
        "asked",
        "InvalidParameter.Value",
    ]
    assert {event.actor for event in found} == {service.admin.access_key_id}
    assert found[0].context == {"Name": "download-mode", "Value": "secure"}
    assert found[0].request_id == found[1].request_id != ""


def test_a_license_is_recorded_when_issued_renewed_and_given_up(house):
    device, download_id = Device(), os.urandom(16)
    house.get(device, download_id)
    terms = house.get(device, download_id)
    made = receipt(device, terms)
    house.check_in(device, receipts=[made])
    house.check_in(device, receipts=[made])
    found = [event for event in events(house.service) if event.context.get("DownloadId")]
    assert [(event.action, event.object, event.result) for event in found] == [
        ("AcquireDownloadLicense", house.stream.video_id, "ok")
    ] * 2
    assert {event.context["DownloadId"] for event in found} == {download_id.hex()}
    keys = events(house.service, via="AcquireDownloadLicense")
    opened = f"license/{download_id.hex()}/{device.keys.device_id.hex()}"
    assert [event.action for event in keys if event.object == opened][-1] == "key.open"
    given_up = events(house.service, via="CheckInDevice")
    assert {(event.action, event.object) for event in given_up} == {
        ("license.release", download_id.hex())
    }
    assert [event.result for event in given_up] == ["asked", "ok", "asked", "passed over"]
    assert {event.context["DeviceId"] for event in given_up} == {device.keys.device_id.hex()}


@posix
def test_without_a_log_no_license_is_given_up(house):
    device, download_id = Device(), os.urandom(16)
    made = receipt(device, house.get(device, download_id))
    with file_size_limit(log_size(house.service)):
        assert house.check_in(device, receipts=[made]) == "ServiceUnavailable"
    [kept] = house.service.ok("ListLicenses")["LicenseList"]
    assert kept["Status"] == "Active"


def test_questions_are_not_recorded(service):
    [stream] = publish(service)
    before = log_size(service)
    service.ok("GetPlayInfo", VideoId=stream.video_id)
    service.ok("GetVideoList")
    assert log_size(service) == before


def test_no_secret_is_recorded(service):
    text = "Abcdefgh1234567890"
    service.ok("RegisterApp", Kind="ios-bundle", Identifier="org.x", form={"AppDecryptKey": text})
    service.sts()
    [path] = (service.settings.data / "audit").glob("*.log")
    assert text.encode() not in path.read_bytes()
    assert service.admin.access_key_secret.encode() not in path.read_bytes()
    actions = {event.action for event in events(service)}
    assert {"service.start", "RegisterApp", "AssumeRole", "key.wrap"} <= actions


@posix
def test_without_a_log_no_key_goes_out_and_nothing_changes(service):
    [stream] = publish(service)
    url = key_request(service, stream)
    upload = service.create_video()
    with file_size_limit(log_size(service)):
        answer = service.http("GET", url)
        assert (answer.status, answer.body) == (503, b"")
        refused = service.call("SetServiceSettings", Name="download-mode", Value="secure")
        assert (refused.status, refused.code) == (503, "ServiceUnavailable")
        assert service.call("CreateHlsUriToken", VideoId=stream.video_id).status == 503
        assert service.call("DeleteVideo", VideoIds=stream.video_id).status == 503
    assert service.ok("GetServiceSettings")["Settings"]["download-mode"] == "off"
    assert service.ok("GetPlayInfo", VideoId=stream.video_id)
    assert service.http("GET", url).body == stream.key
    assert service.put(upload, b"bytes").status == 200


@posix
def test_without_a_log_no_upload_is_sealed(service):
    upload = service.create_video()
    with file_size_limit(log_size(service)):
        assert service.put(upload, b"bytes").status == 500
    assert service.put(upload, b"bytes").status == 200


def test_a_stopped_service_has_signed_all_of_its_log(service, settings):
    publish(service)
    service.stop()
    key = stored_public_key(settings.data / "service.db")
    found = verify_log(settings.data / "audit", key)
    assert found.signed == found.state.sequence > 3


def test_a_service_does_not_start_on_a_log_that_was_cut(service, settings):
    publish(service)
    service.stop()
    [path] = (settings.data / "audit").glob("*.log")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(AuditLogError) as caught:
        RunningService(settings).start()
    assert "audit verify" in caught.value.remedy


def test_a_log_that_was_moved_aside_is_begun_anew(service, settings, tmp_path):
    service.stop()
    (settings.data / "audit").rename(tmp_path / "evidence")
    key = stored_public_key(settings.data / "service.db")
    RunningService(settings).start().stop()
    fresh = verify_log(settings.data / "audit", key)
    old = (tmp_path / "evidence" / CHECKPOINTS).read_bytes()[4:]
    assert fresh.state.sequence >= 1
    with pytest.raises(AuditLogError):  # whoever has kept a checkpoint sees it
        verify_log(settings.data / "audit", key, old)


def test_a_folder_without_an_audit_key_is_told(tmp_path):
    with pytest.raises(AuditLogError):
        stored_public_key(tmp_path / "service.db")
