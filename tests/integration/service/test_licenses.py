"""Licenses: who gets one, on how many devices, until when, and how it ends (SPEC license §8-§10)."""

from __future__ import annotations

import asyncio
import base64
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from vodseal.credential.envelope import EnvelopeType
from vodseal.error_codes import ErrorCode
from vodseal.errors import RpcError
from vodseal.license.acquire import AcquireClaim
from vodseal.license.receipt import Receipt
from vodseal.license.time_token import open_time_token
from vodseal.rpc.codes import client_error
from vodseal.service.licensing import Wanted, grant

from .conftest import publish
from .test_apps import Device, acquire, license_in, register
from .test_apps import secure as secure  # noqa: PLC0414 - a fixture, used by name

DAY = 86_400


@dataclass
class House:
    """A service with an app and a video, and what an operator does."""

    service: object
    stream: object
    serial: str
    file: object
    fingerprint: str

    def policy(self, *, video=None, app=None, **values):
        for name, value in values.items():
            named = {"VideoId": video} if video else {"Serial": app}
            text = name.replace("_", "-")
            if video or app:
                self.service.ok("SetLicensePolicy", Name=text, Value=value, **named)
            else:
                self.service.set(text, value)

    def ask(self, device, download_id, stream=None, **changes):
        values = device.request(stream or self.stream, self.serial, download_id)
        return acquire(self.service, values | changes)

    def get(self, device, download_id, stream=None):
        return license_in(self.ask(device, download_id, stream), self.file).terms

    def code(self, device, download_id, stream=None):
        answer = self.ask(device, download_id, stream)
        return "ok" if answer.status == 200 else answer.code

    def check_in(self, device, *, held=(), receipts=(), **changes):
        nonce = os.urandom(16)
        values = {
            "DeviceKemKey": text(device.keys.kem.public_key().public_bytes_raw()),
            "DeviceSigningKey": text(device.keys.signing.public_key().public_bytes_raw()),
            "Nonce": nonce.hex(),
            "LicenseIds": ",".join(one.hex() for one in held) or None,
            "Receipts": ",".join(map(text, receipts)) or None,
        } | changes
        answer = self.service.call("CheckInDevice", **values)
        if answer.status != 200:
            return answer.code
        keys = self.file.trust.for_type(EnvelopeType.TIME_TOKEN)
        return open_time_token(base64.b64decode(answer.json["TimeToken"]), keys, nonce=nonce)


def text(data):
    return base64.b64encode(data).decode()


def receipt(device, terms, **changes):
    fields = {
        "license_id": terms.license_id,
        "sequence": terms.sequence,
        "device_id": device.keys.device_id,
        "released_at": terms.issued_at,
    }
    return Receipt(**(fields | changes)).seal(device.keys.signing)


@pytest.fixture
def house(service, secure):
    serial, file, identity = register(service)
    return House(service, secure, serial, file, identity.fingerprint.hex())


def test_a_thousand_requests_for_one_slot_give_one_license(house):
    house.policy(max_devices=1)
    context, now = house.service.context, house.service.clock.now()

    def wanted():
        device = os.urandom(16)
        claim = AcquireClaim(
            video_id=house.stream.video_id,
            job_id=house.stream.job_id,
            download_id=os.urandom(16),
            app_serial=bytes.fromhex(house.serial),
            kem_public_key=bytes(32),
            signing_public_key=bytes(32),
        )
        return Wanted(
            claim=claim, device_id=device, track=0, user_name="one", fingerprint=house.fingerprint
        )

    async def ask(one):
        try:
            await grant(context, one, now)
        except RpcError as error:
            return error.server_code
        return "ok"

    async def all_at_once():
        return await asyncio.gather(*(ask(wanted()) for _ in range(1000)))

    told = asyncio.run_coroutine_threadsafe(all_at_once(), house.service._loop).result(120)
    assert Counter(told) == {"ok": 1, "Forbidden.DeviceLimit": 999}
    assert len(house.service.ok("ListLicenses")["LicenseList"]) == 1


def test_parallel_requests_on_the_wire_for_three_slots(house):
    house.policy(max_devices=3)
    with ThreadPoolExecutor(16) as pool:
        told = list(pool.map(lambda _: house.code(Device(), os.urandom(16)), range(48)))
    assert Counter(told) == {"ok": 3, "Forbidden.DeviceLimit": 45}
    assert client_error("Forbidden.DeviceLimit") == ErrorCode.DEVICE_LIMIT


def test_a_device_that_has_a_place_gets_more_licenses(house):
    house.policy(max_devices=1)
    device, first = Device(), os.urandom(16)
    assert house.code(device, first) == "ok"
    assert house.code(device, first) == "ok"
    assert house.code(device, os.urandom(16)) == "ok"
    assert house.code(Device(), first) == "Forbidden.DeviceLimit"


@pytest.mark.parametrize("how", ["released", "revoked", "expired"])
def test_a_place_becomes_free(house, how):
    house.policy(max_devices=1, license_seconds=DAY)
    device, other, download_id = Device(), Device(), os.urandom(16)
    terms = house.get(device, download_id)
    assert house.code(other, os.urandom(16)) == "Forbidden.DeviceLimit"
    if how == "released":
        house.check_in(device, receipts=[receipt(device, terms)])
    elif how == "revoked":
        assert house.service.ok("RevokeLicenses", DownloadId=download_id.hex())["Count"] == 1
    else:
        house.service.clock.advance(DAY)
    assert house.code(other, os.urandom(16)) == "ok"
    late = "Forbidden.LicenseRevoked" if how == "revoked" else "Forbidden.DeviceLimit"
    assert house.code(device, download_id) == late


def test_a_cap_of_a_video_counts_that_video_alone(house):
    [other] = publish(house.service)
    house.policy(video=other.video_id, max_devices=1)
    for _ in range(3):
        assert house.code(Device(), os.urandom(16)) == "ok"
    device = Device()
    assert house.code(device, os.urandom(16), other) == "ok"
    assert house.code(Device(), os.urandom(16), other) == "Forbidden.DeviceLimit"
    assert house.code(device, os.urandom(16), other) == "ok"


def test_each_user_and_each_app_has_places_of_its_own(house):
    house.policy(max_devices=1)
    assert house.code(Device(), os.urandom(16)) == "ok"
    assert house.code(Device(), os.urandom(16)) == "Forbidden.DeviceLimit"
    serial, file, _ = register(house.service, "com.example.two")
    second = House(house.service, house.stream, serial, file, "")
    assert second.code(Device(), os.urandom(16)) == "ok"
    other_user = house.service.sts()
    values = Device().request(house.stream, house.serial, os.urandom(16))
    assert acquire(house.service, values, other_user).status == 200


def test_the_policy_that_a_license_carries(house):
    named = {
        "license_seconds": 3 * DAY,
        "play_window_seconds": DAY,
        "max_offline_seconds": 2 * DAY,
        "license_not_before": 1_000,
        "license_renewable": "no",
    }
    house.policy(**named)
    terms = house.get(Device(), os.urandom(16))
    assert terms.expires_at == terms.issued_at + 3 * DAY
    assert (terms.play_window, terms.max_offline, terms.not_before) == (DAY, 2 * DAY, 1_000)
    assert not terms.renewable
    assert terms.releasable


def test_a_video_comes_before_an_app_and_an_app_before_the_service(house):
    [other] = publish(house.service)
    house.policy(play_window_seconds=1, max_offline_seconds=10, license_seconds=100)
    house.policy(app=house.serial, play_window_seconds=2, max_offline_seconds=20)
    house.policy(video=house.stream.video_id, play_window_seconds=3)

    def found(stream):
        terms = house.get(Device(), os.urandom(16), stream)
        return terms.play_window, terms.max_offline, terms.expires_at - terms.issued_at

    assert found(house.stream) == (3, 20, 100)
    assert found(other) == (2, 20, 100)
    house.policy(video=house.stream.video_id, play_window_seconds="")
    house.policy(app=house.serial, max_offline_seconds="")
    assert found(house.stream) == (2, 10, 100)


def test_the_policy_can_be_asked(house):
    house.policy(app=house.serial, max_devices=2)
    told = house.service.ok("GetLicensePolicy", Serial=house.serial)
    assert told["Own"] == {"max-devices": "2"}
    assert told["Policy"]["max-devices"] == "2"
    assert told["Policy"]["license-seconds"] == "0"
    told = house.service.ok("GetLicensePolicy", VideoId=house.stream.video_id)
    assert (told["Own"], told["Policy"]["max-devices"]) == ({}, "0")


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"Name": "download-mode", "Value": "off"}, "InvalidParameter.Name"),
        ({"Name": "max-devices", "Value": "-1"}, "InvalidParameter.Value"),
        ({"Name": "max-devices", "Value": "many"}, "InvalidParameter.Value"),
        ({"Name": "license-renewable", "Value": "maybe"}, "InvalidParameter.Value"),
        ({"Name": None, "Value": "1"}, "MissingName"),
        ({"Name": "max-devices", "Value": "1", "Serial": "0" * 32}, "InvalidApp.NotFound"),
        ({"Name": "max-devices", "Value": "1", "VideoId": "0" * 32}, "InvalidVideo.NotFound"),
    ],
)
def test_a_policy_that_is_refused(house, parameters, code):
    if not {"Serial", "VideoId"} & parameters.keys():
        parameters = parameters | {"Serial": house.serial}
    assert house.service.call("SetLicensePolicy", **parameters).code == code
    assert house.service.ok("GetLicensePolicy", Serial=house.serial)["Own"] == {}
