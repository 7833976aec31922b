"""Enrolment: only who holds the app's key gets a certificate, once for each challenge."""

from __future__ import annotations

import base64
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select

from vodseal.credential.certificate import DeviceCertificate
from vodseal.credential.device import KeyStoreLevel
from vodseal.credential.envelope import EnvelopeType
from vodseal.credential.requirements import IdentityLevel
from vodseal.credential.stamp import PARAMETER
from vodseal.license.open import verify_license
from vodseal.license.wrap import unwrap_content_key
from vodseal.service.database.models import Nonce

from .device_client import DeviceClient, text
from .test_apps import Device, register
from .test_apps import secure as secure  # noqa: PLC0414 - a fixture, used by name


def a_device(service, **parameters) -> DeviceClient:
    """A device of an app that needs certificates; not enrolled."""
    _, file, identity = register(
        service, string="", **({"NeedsCertificate": "true", "FileAlone": "true"} | parameters)
    )
    level = IdentityLevel(int(parameters.get("LeastIdentityLevel", 0)))
    return DeviceClient(service, file.open(identity, None, level=level))


@pytest.fixture
def device(service) -> DeviceClient:
    return a_device(service)


def certificate_in(answer, device) -> DeviceCertificate:
    assert answer.status == 200, answer.body
    keys = device.app.trust.for_type(EnvelopeType.DEVICE_CERTIFICATE)
    return DeviceCertificate.open(base64.b64decode(answer.json["Certificate"]), keys)


def listed(service, **parameters) -> list[dict]:
    return service.ok("ListDevices", **parameters)["DeviceList"]


def test_a_device_enrols_and_is_listed(service, device):
    certificate = certificate_in(device.enrol(), device)
    assert certificate.device_id == device.keys.device_id
    assert certificate.serial == device.app.serial
    assert certificate.fingerprint == device.app.fingerprint
    assert certificate.identity_level is IdentityLevel.MANIFEST
    assert certificate.key_store_level is KeyStoreLevel.SYSTEM
    assert certificate.issued_at == int(service.clock.now())
    [row] = listed(service, AppSerial=device.app.serial.hex())
    assert row["DeviceId"] == device.keys.device_id.hex()
    assert (row["IdentityLevel"], row["KeyStoreLevel"], row["Status"]) == (1, 1, "Active")


def test_who_may_acquire_licenses_may_enrol(service, device):
    only = service.sts(
        Policy='{"Version":"1","Statement":[{"Effect":"Allow",'
        '"Action":["vod:AcquireDownloadLicense"],"Resource":["*"]}]}'
    )
    assert device.enrol(only).status == 200
    other = service.sts(
        Policy='{"Version":"1","Statement":[{"Effect":"Allow",'
        '"Action":["vod:GetPlayInfo"],"Resource":["*"]}]}'
    )
    refused = service.call("GetEnrolmentChallenge", other, **device.named)
    assert refused.code == "NoPermission"
    assert service.call("ListDevices", service.sts()).code == "NoPermission"
    name = device.keys.device_id.hex()
    assert service.call("RevokeDevice", service.sts(), DeviceId=name).code == "NoPermission"


def test_a_lost_certificate_is_asked_for_again(service, device):
    certificate_in(device.enrol(), device)
    service.clock.advance(10)
    again = certificate_in(device.enrol(key_store=2), device)
    assert again.key_store_level is KeyStoreLevel.TPM
    [row] = listed(service)
    assert row["KeyStoreLevel"] == 2


def enrol_with(device, sent, **changes):
    values = {**device.named, **sent, "IdentityLevel": 1, "KeyStoreLevel": 1}
    return device.stamped("EnrollDevice", changes=changes, **values)


def test_an_answer_is_taken_once(service, device):
    sent = device.answer()
    assert enrol_with(device, sent).status == 200
    assert enrol_with(device, sent).code == "SignatureNonceUsed"


def test_an_answer_is_taken_once_also_after_a_restart(service, device):
    sent = device.answer()
    assert enrol_with(device, sent).status == 200
    service.stop()
    service.start()
    assert enrol_with(device, sent).code == "SignatureNonceUsed"


def test_of_many_that_send_one_answer_at_once_one_enrols(service, device):
    sent = device.answer()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: enrol_with(device, sent), range(16)))
    assert sorted(answer.status for answer in answers) == [200] + [400] * 15


def test_an_answer_ends_after_five_minutes(service, device):
    sent = device.answer()
    service.clock.advance(300)
    assert enrol_with(device, sent).code == "InvalidTimeStamp.Expired"
    assert listed(service) == []


def test_without_the_apps_key_there_is_no_answer(service, device):
    sent = device.answer()
    for answer in (bytes(32), os.urandom(32)):
        refused = enrol_with(device, {**sent, "Answer": text(answer)})
        assert refused.code == "InvalidParameter.Answer"
    made_up = (int(service.clock.now()) + 100).to_bytes(8, "big") + os.urandom(16)
    assert enrol_with(device, {**sent, "Nonce": text(made_up)}).code == "InvalidParameter.Answer"
    assert listed(service) == []


def test_an_answer_is_of_no_use_to_another_device_or_app(service, device):
    sent = device.answer()
    other = DeviceClient(service, device.app)
    assert enrol_with(other, sent).code == "InvalidParameter.Answer"
    elsewhere = DeviceClient(service, a_device(service, bundle="org.example.b").app, device.keys)
    assert enrol_with(elsewhere, sent).code == "InvalidParameter.Answer"
    assert listed(service) == []


def test_a_request_needs_the_stamp_of_its_device(service, device):
    sent = {**device.named, **device.answer(), "IdentityLevel": "1", "KeyStoreLevel": "1"}
    assert service.call("EnrollDevice", **sent).code == f"Missing{PARAMETER}"
    wrong = f"InvalidParameter.{PARAMETER}"
    stamps = {
        "no stamp": "AAAA",
        "another key": device.stamp("EnrollDevice", sent, key=Ed25519PrivateKey.generate()),
        "another method": device.stamp("EnrollDevice", sent, method="GET"),
        "another file": device.stamp("EnrollDevice", sent, serial=bytes(16)),
        "another action": device.stamp("ListDevices", sent),
        "other levels": device.stamp("EnrollDevice", {**sent, "KeyStoreLevel": "2"}),
    }
    for name, stamp in stamps.items():
        answer = service.call("EnrollDevice", **sent, **{PARAMETER: stamp})
        assert answer.code == wrong, name
    for age in (-301, 301):
        stamp = device.stamp("EnrollDevice", sent, now=service.clock.now() + age)
        answer = service.call("EnrollDevice", **sent, **{PARAMETER: stamp})
        assert answer.code == "InvalidTimeStamp.Expired"
    assert listed(service) == []


@pytest.mark.parametrize(
    ("asked", "identity", "key_store", "code"),
    [
        ({"FileKeyStore": "false"}, 1, 0, "Forbidden.KeyStoreLevel"),
        ({"FileKeyStore": "false"}, 1, 1, ""),
        ({"FileKeyStore": "true"}, 1, 0, ""),
        ({"LeastIdentityLevel": "2"}, 1, 1, "Forbidden.IdentityLevel"),
        ({"LeastIdentityLevel": "2"}, 2, 1, ""),
        ({}, 0, 0, ""),
        ({}, 4, 0, "InvalidParameter.IdentityLevel"),
        ({}, 0, 3, "InvalidParameter.KeyStoreLevel"),
    ],
)
def test_a_registration_says_which_levels_may_enrol(service, asked, identity, key_store, code):
    device = a_device(service, **asked)
    answer = device.enrol(identity=identity, key_store=key_store)
    assert answer.status == 200 if not code else answer.code == code
    assert bool(listed(service)) is not bool(code)


def test_a_revoked_device_does_not_enrol_again(service, device):
    certificate_in(device.enrol(), device)
    sent = device.answer()
    name = device.keys.device_id.hex()
    for _ in range(2):
        service.ok("RevokeDevice", DeviceId=name)
    assert enrol_with(device, sent).code == "Forbidden.DeviceRevoked"
    refused = service.call("GetEnrolmentChallenge", **device.named)
    assert refused.code == "Forbidden.DeviceRevoked"
    assert [row["Status"] for row in listed(service)] == ["Revoked"]
    assert service.call("RevokeDevice", DeviceId="x").code == "InvalidParameter.DeviceId"


def test_a_revoked_app_enrols_nobody(service, device):
    sent = device.answer()
    service.ok("RevokeApp", Serial=device.app.serial.hex())
    assert enrol_with(device, sent).code == "Forbidden.AppRevoked"


def test_an_unknown_app_enrols_nobody(service, device):
    named = {**device.named, "AppSerial": "0" * 32}
    assert service.call("GetEnrolmentChallenge", **named).code == "InvalidApp.NotFound"


@pytest.mark.parametrize("name", ["AppSerial", "DeviceKemKey", "DeviceSigningKey"])
def test_what_is_missing_or_malformed_is_named(service, device, name):
    named = device.named
    wrong = service.call("GetEnrolmentChallenge", **{**named, name: "AAAA"})
    assert wrong.code == f"InvalidParameter.{name}"
    missing = service.call("GetEnrolmentChallenge", **{**named, name: None})
    assert missing.code == f"Missing{name}"


def test_devices_are_listed_by_app(service, device):
    device.enrol()
    other = a_device(service, bundle="org.example.b")
    service.clock.advance(1)
    other.enrol()
    assert [row["DeviceId"] for row in listed(service)] == [
        other.keys.device_id.hex(),
        device.keys.device_id.hex(),
    ]
    [row] = listed(service, AppSerial=other.app.serial.hex())
    assert row["DeviceId"] == other.keys.device_id.hex()


def test_a_new_registration_asks_for_certificates_unless_it_says_no(service):
    for parameters, needs in (({}, True), ({"NeedsCertificate": "false"}, False)):
        answer = service.ok(
            "RegisterApp",
            Kind="ios-bundle",
            Identifier="com.example.app",
            FileAlone="true",
            **parameters,
        )
        app = service.ok("DescribeApp", Serial=answer["Serial"])["App"]
        assert app["NeedsCertificate"] is needs
        again = service.ok("ReissueApp", Serial=answer["Serial"], FileAlone="true")
        app = service.ok("DescribeApp", Serial=again["Serial"])["App"]
        assert app["NeedsCertificate"] is needs


def test_a_key_that_is_no_point_is_refused_and_no_failure(service, device):
    sent = {**device.named, **device.answer(), "IdentityLevel": "1", "KeyStoreLevel": "1"}
    sent["DeviceSigningKey"] = text(b"\xff" * 32)
    stamp = device.stamp("EnrollDevice", sent)
    answer = service.call("EnrollDevice", **sent, **{PARAMETER: stamp})
    assert answer.code == f"InvalidParameter.{PARAMETER}"


def license_values(device, stream, download_id) -> dict[str, str]:
    wire = Device()
    wire.keys = device.keys
    return wire.request(stream, device.app.serial.hex(), download_id)


def acquire(device, stream, download_id, changes=None):
    values = license_values(device, stream, download_id)
    return device.stamped("AcquireDownloadLicense", changes=changes, **values)


def content_key(device, answer) -> tuple[bytes, int]:
    assert answer.status == 200, answer.body
    nobody = Ed25519PrivateKey.generate().public_key()
    held = verify_license(base64.b64decode(answer.json["License"]), device.app.trust, nobody)
    key = unwrap_content_key(held, app_key=device.app.app_key, device_key=device.keys.kem)
    return key, held.terms.sequence


def test_an_enrolled_device_gets_licenses_and_another_does_not(service, device, secure):
    refused = acquire(device, secure, os.urandom(16))
    assert (refused.status, refused.code) == (403, "Forbidden.DeviceNotEnrolled")
    device.enrol()
    content_key(device, acquire(device, secure, os.urandom(16)))
    stranger = DeviceClient(service, device.app)
    assert acquire(stranger, secure, os.urandom(16)).code == "Forbidden.DeviceNotEnrolled"
    elsewhere = DeviceClient(service, a_device(service, bundle="org.example.b").app, device.keys)
    assert acquire(elsewhere, secure, os.urandom(16)).code == "Forbidden.DeviceNotEnrolled"


def test_a_license_needs_a_fresh_stamp_of_this_very_request(service, device, secure):
    device.enrol()
    values = license_values(device, secure, os.urandom(16))
    assert service.call("AcquireDownloadLicense", **values).code == f"Missing{PARAMETER}"
    stamp = device.stamp("AcquireDownloadLicense", values | {"TrackIndex": "1"})
    answer = service.call("AcquireDownloadLicense", **values, **{PARAMETER: stamp})
    assert answer.code == f"InvalidParameter.{PARAMETER}"
    old = {"now": service.clock.now() - 301}
    assert acquire(device, secure, os.urandom(16), old).code == "InvalidTimeStamp.Expired"


@pytest.mark.parametrize("restart", [False, True])
def test_a_replayed_license_request_is_refused_and_a_retry_is_not(
    service, device, secure, *, restart
):
    device.enrol()
    download_id, nonce = os.urandom(16), {"nonce": os.urandom(16)}
    first = content_key(device, acquire(device, secure, download_id, nonce))
    if restart:
        service.stop()
        service.start()
    assert acquire(device, secure, download_id, nonce).code == "SignatureNonceUsed"
    key, sequence = content_key(device, acquire(device, secure, download_id))
    assert (key, sequence) == (first[0], first[1] + 1)


def test_of_many_replays_at_once_one_is_answered(service, device, secure):
    device.enrol()
    download_id, nonce = os.urandom(16), {"nonce": os.urandom(16)}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: acquire(device, secure, download_id, nonce), range(24)))
    assert sorted(answer.status for answer in answers) == [200] + [400] * 23


def test_many_retries_at_once_get_one_content_key(service, device, secure):
    device.enrol()
    download_id = os.urandom(16)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: acquire(device, secure, download_id), range(24)))
    found = [content_key(device, answer) for answer in answers]
    assert len({key for key, _ in found}) == 1
    assert sorted(sequence for _, sequence in found) == list(range(1, 25))


def test_two_devices_may_use_the_same_nonce(service, device, secure):
    other, nonce = DeviceClient(service, device.app), {"nonce": bytes(16)}
    for each in (device, other):
        each.enrol()
        assert acquire(each, secure, os.urandom(16), nonce).status == 200


def test_a_nonce_is_forgotten_when_nothing_with_it_could_be_accepted(service, device, secure):
    device.enrol()
    for ahead in (0, 300, 300):
        service.clock.advance(ahead + 1)
        assert acquire(device, secure, os.urandom(16)).status == 200
    assert service.on_loop(_nonce_count(service.context)) <= 2


async def _nonce_count(context) -> int:
    async with context.reads.begin() as session:
        return await session.scalar(select(func.count()).select_from(Nonce))


def test_an_app_that_asks_for_no_certificate_takes_unstamped_requests(service, secure):
    device = a_device(service, NeedsCertificate="false")
    values = license_values(device, secure, os.urandom(16))
    assert service.call("AcquireDownloadLicense", **values).status == 200
    assert acquire(device, secure, os.urandom(16)).status == 200
    wrong = {"key": Ed25519PrivateKey.generate()}
    answer = acquire(device, secure, os.urandom(16), wrong)
    assert answer.code == f"InvalidParameter.{PARAMETER}"


def test_an_enrolled_device_that_is_revoked_gets_no_license(service, device, secure):
    device.enrol()
    service.ok("RevokeDevice", DeviceId=device.keys.device_id.hex())
    assert acquire(device, secure, os.urandom(16)).code == "Forbidden.DeviceRevoked"
