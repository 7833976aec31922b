"""Who asks too often is told when to come back, before anything dear is done."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from .conftest import RunningService, publish
from .device_client import DeviceClient
from .test_devices import a_device
from .test_devices import acquire as acquire_license

LIMITS = {"rate_address": 0, "rate_user": 0, "rate_app": 0, "rate_device": 0}


@pytest.fixture
def start(settings):
    started = []

    def start(**limits) -> RunningService:
        running = RunningService(replace(settings, **(LIMITS | limits))).start()
        started.append(running)
        return running

    yield start
    for running in started:
        running.stop()


def refused(answer, code, seconds) -> None:
    assert (answer.status, answer.code) == (429, code)
    assert answer.headers["retry-after"] == str(seconds)
    assert answer.headers["x-acs-retry-after"] == str(seconds)


def assume(service, name="viewer", **more):
    return service.call(
        "AssumeRole",
        version="2015-04-01",
        RoleArn="acs:ram::1000000000000000:role/player",
        RoleSessionName=name,
        **more,
    )


def test_an_address_that_asks_too_often_is_refused_before_its_signature(start):
    service = start(rate_address=3)
    for _ in range(3):
        assert assume(service, raw={"Signature": "wrong"}).code == "SignatureDoesNotMatch"
    refused(assume(service), "Throttling", 20)
    assert service.call("GetVideoList").status == 200
    service.clock.advance(20)
    assert assume(service).status == 200


def test_a_caller_is_counted_by_name_over_all_its_sessions(start):
    service = start(rate_user=4)
    [stream] = publish(service)
    one = service.sts()
    service.clock.advance(60)
    again = service.sts()
    service.clock.advance(60)
    for session in (one, again, one, again):
        assert service.call("GetPlayInfo", session, VideoId=stream.video_id).status == 200
    refused(service.call("GetPlayInfo", one, VideoId=stream.video_id), "Throttling.User", 15)


def test_nobody_uses_up_a_callers_bucket_without_its_signature(start):
    service = start(rate_user=1)
    for _ in range(5):
        assert assume(service, raw={"Signature": "wrong"}).code == "SignatureDoesNotMatch"
    assert assume(service).status == 200
    refused(assume(service), "Throttling.User", 60)


def test_an_app_is_counted_over_all_its_devices(start):
    service = start(rate_app=10)
    device = a_device(service)
    assert device.enrol().status == 200
    other = DeviceClient(service, device.app)
    answer = service.call("GetEnrolmentChallenge", **other.named)
    refused(answer, "Throttling.Api", 30)
    elsewhere = a_device(service, bundle="org.example.b")
    assert elsewhere.enrol().status == 200


def test_a_device_is_counted_by_its_own_stamps_alone(start):
    service = start(rate_device=15)
    service.set("download-mode", "secure")
    [stream] = publish(service)
    device = a_device(service)
    assert device.enrol().status == 200
    for _ in range(3):
        forged = {"key": DeviceClient(service, device.app).keys.signing}
        answer = acquire_license(device, stream, b"d" * 16, forged)
        assert answer.code == "InvalidParameter.DeviceStamp"
    for _ in range(2):
        assert acquire_license(device, stream, b"d" * 16).status == 200
    refused(acquire_license(device, stream, b"d" * 16), "Throttling.Device", 20)
    other = DeviceClient(service, device.app)
    assert other.enrol().status == 200
    assert acquire_license(other, stream, b"d" * 16).status == 200


def test_a_caller_is_counted_for_its_check_ins(start):
    """Each has receipts verified, writes, and signs."""
    service = start(rate_user=5)
    [stream] = publish(service)
    values = {
        "VideoId": stream.video_id,
        "DeviceKemKey": base64.b64encode(bytes(32)).decode(),
        "DeviceSigningKey": base64.b64encode(bytes(32)).decode(),
        "Nonce": "00" * 16,
    }
    assert service.call("CheckInDevice", **values).status == 200
    refused(service.call("CheckInDevice", **values), "Throttling.User", 60)
