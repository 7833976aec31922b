"""Re-issued security files, times of grace, and the signed list of what is revoked."""

from __future__ import annotations

import base64
import os

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vodseal.credential.device import device_id
from vodseal.credential.fingerprint import AppIdentity
from vodseal.credential.requirements import AppRequirements, IdentityLevel
from vodseal.credential.revocation import RevocationList, Subject
from vodseal.credential.security_file import SecurityFile
from vodseal.errors import SecurityFileError
from vodseal.service.revocations import revoke

from .conftest import publish
from .test_apps import SHA1, STRING, Device, acquire, license_in, register
from .test_apps import secure as secure  # noqa: PLC0414 - a fixture, used by name

OTHER_STRING = "Zyxwvuts87654321"
DAY = 86_400


def reissue(service, serial, *, string=OTHER_STRING, **parameters):
    answer = service.ok(
        "ReissueApp",
        Serial=serial,
        form={"AppDecryptKey": string} if string else None,
        **parameters,
    )
    return answer["Serial"], SecurityFile.parse(base64.b64decode(answer["SecurityFile"]))


def fetch(service, trust, credential=None):
    answer = service.ok("GetRevocationList", credential)
    return RevocationList.open(base64.b64decode(answer["RevocationList"]), trust)


def test_nothing_is_revoked_at_first(service):
    _, file, _ = register(service)
    found = fetch(service, file.trust)
    assert found.number == 0
    assert found.issued_at == int(service.clock.now())
    assert found.expires_at == found.issued_at + DAY
    assert not any(found.revoked.values())
    service.set("revocation-list-seconds", "60")
    found = fetch(service, file.trust)
    assert found.expires_at == found.issued_at + 60


def test_a_revoked_app_is_listed_and_gets_no_license(service, secure):
    serial, file, _ = register(service)
    values = Device().request(secure, serial, os.urandom(16))
    assert acquire(service, values).status == 200
    service.ok("RevokeApp", Serial=serial)
    now = service.clock.now()
    found = fetch(service, file.trust)
    assert found.number == 1
    assert found.revokes(Subject.APP, file.serial, now)
    assert acquire(service, values).code == "Forbidden.AppRevoked"
    service.ok("RevokeApp", Serial=serial)
    assert fetch(service, file.trust).number == 1


def test_a_device_and_a_license_can_be_revoked(service, secure):
    serial, file, _ = register(service)
    first, second, download_id = Device(), Device(), os.urandom(16)

    async def act(subject, name):
        async with service.context.sessions.begin() as session:
            now = service.context.clock.now()
            await revoke(session, subject, name.hex(), since=now, now=now)

    service.on_loop(act(Subject.DEVICE, first.keys.device_id))
    service.on_loop(act(Subject.LICENSE, download_id))
    found = fetch(service, file.trust)
    assert set(found.revoked[Subject.DEVICE]) == {first.keys.device_id}
    assert set(found.revoked[Subject.LICENSE]) == {download_id}
    assert found.number == 2
    answer = acquire(service, first.request(secure, serial, os.urandom(16)))
    assert (answer.status, answer.code) == (403, "Forbidden.DeviceRevoked")
    answer = acquire(service, second.request(secure, serial, download_id))
    assert (answer.status, answer.code) == (403, "Forbidden.LicenseRevoked")
    assert acquire(service, second.request(secure, serial, os.urandom(16))).status == 200


def test_every_session_may_hear_the_list(service, secure):
    _, file, _ = register(service)
    narrow = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"vod:GetPlayInfo"}]}'
    for credential in (service.admin, service.sts(), service.sts(Policy=narrow)):
        assert fetch(service, file.trust, credential).number == 0


def test_a_re_issued_file_is_the_same_app_s_under_another_key(service):
    serial, file, identity = register(service, LeastIdentityLevel="1")
    other_serial, other = reissue(service, serial)
    assert other_serial != serial
    assert other.identity == identity
    assert other.app_public_key != file.app_public_key
    assert other.requirements == AppRequirements(least_level=IdentityLevel.MANIFEST)
    assert other.open(identity, OTHER_STRING, level=IdentityLevel.MANIFEST).serial == other.serial
    with pytest.raises(SecurityFileError):
        other.open(identity, STRING, level=IdentityLevel.MANIFEST)
    former, latter = service.ok("ListApps")["AppList"]
    if former["Serial"] != serial:
        former, latter = latter, former
    assert (former["Status"], latter["Status"]) == ("Active", "Active")
    assert former["EndTime"]
    assert (latter["EndTime"], latter["Replaces"]) == ("", serial)
    assert former["Replaces"] == ""
    assert latter["LeastIdentityLevel"] == 1


@pytest.mark.parametrize(
    ("kind", "identifier"),
    [
        ("android-sha1", SHA1),
        ("ios-bundle", "com.example.player"),
        ("windows-serial", "0a1b2c"),
    ],
)
def test_other_kinds_of_apps_are_re_issued_too(service, kind, identifier):
    answer = service.ok("RegisterApp", Kind=kind, Identifier=identifier, FileAlone="true")
    _, file = reissue(service, answer["Serial"], string="", FileAlone="true")
    assert file.identity.text == identifier
    assert file.identity.fingerprint.hex() == answer["Fingerprint"]


def test_the_former_file_has_its_time_of_grace_and_no_more(service, secure):
    serial, file, _ = register(service)
    values = Device().request(secure, serial, os.urandom(16))
    other_serial, _ = reissue(service, serial, GraceSeconds="3600")
    assert acquire(service, values).status == 200
    found = fetch(service, file.trust)
    end = int(service.clock.now()) + 3600
    assert found.revoked[Subject.APP] == {file.serial: end}
    service.clock.advance(3_590)
    assert acquire(service, values).status == 200
    service.clock.advance(20)
    assert acquire(service, values).code == "Forbidden.AppRevoked"
    assert service.ok("DescribeApp", Serial=serial)["App"]["Status"] == "Revoked"
    other = Device().request(secure, other_serial, os.urandom(16))
    assert acquire(service, other).status == 200


def test_without_grace_the_former_file_ends_at_once(service, secure):
    serial, _, _ = register(service)
    reissue(service, serial, GraceSeconds="0")
    values = Device().request(secure, serial, os.urandom(16))
    assert acquire(service, values).code == "Forbidden.AppRevoked"


def test_a_grace_can_be_cut_short_and_not_prolonged(service, secure):
    serial, file, _ = register(service)
    reissue(service, serial, GraceSeconds="7200")
    reissue(service, serial, GraceSeconds=str(DAY))
    end = int(service.clock.now()) + 7200
    assert fetch(service, file.trust).revoked[Subject.APP][file.serial] <= end
    service.ok("RevokeApp", Serial=serial)
    values = Device().request(secure, serial, os.urandom(16))
    assert acquire(service, values).code == "Forbidden.AppRevoked"
    assert service.ok("DescribeApp", Serial=serial)["App"]["Status"] == "Revoked"


def test_a_license_goes_on_under_the_other_file_with_the_same_key(service, secure):
    """Renewing with the new serial: same license, same content key, other app key."""
    serial, file, _ = register(service)
    device, download_id = Device(), os.urandom(16)
    before = license_in(acquire(service, device.request(secure, serial, download_id)), file)
    other_serial, other = reissue(service, serial)
    after = license_in(acquire(service, device.request(secure, other_serial, download_id)), other)
    assert after.terms.serial == other.serial
    assert after.ck_digest == before.ck_digest
    assert after.terms.sequence == before.terms.sequence + 1


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"Serial": "0" * 32}, "InvalidApp.NotFound"),
        ({"Serial": "x"}, "InvalidParameter.Serial"),
        ({"GraceSeconds": "-1"}, "InvalidParameter.GraceSeconds"),
        ({"LeastIdentityLevel": "4"}, "InvalidParameter.LeastIdentityLevel"),
        ({"FileKeyStore": "maybe"}, "InvalidParameter.FileKeyStore"),
        ({"FileAlone": "false"}, "MissingAppDecryptKey"),
    ],
)
def test_a_wrong_re_issue_changes_nothing(service, parameters, code):
    serial, file, _ = register(service)
    values = {"Serial": serial, "FileAlone": "true"} | parameters
    assert service.call("ReissueApp", **values).code == code
    assert len(service.ok("ListApps")["AppList"]) == 1
    assert fetch(service, file.trust).number == 0


def test_an_app_without_its_manifest_key_is_registered_anew(service):
    serial, _, _ = register(service)

    async def forget():
        from vodseal.service.database.models import App

        async with service.context.sessions.begin() as session:
            (await session.get(App, serial)).manifest_key = None

    service.on_loop(forget())
    answer = service.call("ReissueApp", Serial=serial, FileAlone="true")
    assert (answer.status, answer.code) == (400, "InvalidApp.Incomplete")


def test_what_a_registration_asks_for_is_in_the_file(service):
    answer = service.ok(
        "RegisterApp",
        Kind="python",
        Identifier="com.example.player",
        ManifestKey=base64.b64encode(bytes(range(32))).decode(),
        FileAlone="true",
        LeastIdentityLevel="2",
        FileKeyStore="false",
    )
    file = SecurityFile.parse(base64.b64decode(answer["SecurityFile"]))
    asked = AppRequirements(least_level=IdentityLevel.PLATFORM, file_key_store=False)
    assert file.requirements == asked
    assert file.identity == AppIdentity.python("com.example.player", bytes(range(32)))


def test_the_list_is_signed_with_a_key_of_its_own(service):
    _, file, _ = register(service)
    keys = service.context.keys
    signers = {
        key.public_key().public_bytes_raw()
        for key in (keys.credential, keys.license, keys.digests, keys.revocation)
    }
    assert len(signers) == 4
    stranger = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    assert stranger not in signers
    assert device_id(bytes(32), stranger) not in fetch(service, file.trust).revoked[Subject.DEVICE]


def test_apps_of_one_service_share_the_list(service):
    serial, file, _ = register(service, "com.example.one")
    _, second, _ = register(service, "com.example.two")
    publish(service)
    service.ok("RevokeApp", Serial=serial)
    now = service.clock.now()
    assert fetch(service, second.trust).revokes(Subject.APP, file.serial, now)
    assert not fetch(service, second.trust).revokes(Subject.APP, second.serial, now)
