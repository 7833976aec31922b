"""Apps, their security files, and licenses for their downloads."""

from __future__ import annotations

import base64
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vodseal.credential.device import derive_device_keys
from vodseal.credential.envelope import EnvelopeType
from vodseal.credential.fingerprint import AppIdentity
from vodseal.credential.security_file import SecurityFile
from vodseal.error_codes import ErrorCode
from vodseal.errors import RequestError, SecurityFileError, VodsealError
from vodseal.license.acquire import AcquireClaim
from vodseal.license.digests import seal_digests
from vodseal.license.open import verify_license
from vodseal.license.wrap import unwrap_content_key
from vodseal.rpc.codec import decode_answer
from vodseal.service.database.models import Stream

from .conftest import publish

STRING = "Abcdefgh12345678"
SHA1 = ":".join(f"{n:02X}" for n in range(20))


def generate(service, identification=SHA1, string=STRING):
    return service.call(
        "GenerateDownloadSecretKey",
        AppIdentification=identification,
        AppDecryptKey=string,
    )


@pytest.mark.behaviour("B46")
@pytest.mark.parametrize(
    ("string", "code"),
    [
        ("Abcdefgh1234567", "InvalidParameter.AppDecryptKey"),
        ("Abcdefgh1234567890123456789012345", "InvalidParameter.AppDecryptKey"),
        ("abcdefgh12345678", "InvalidParameter.AppDecryptKey"),
        ("ABCDEFGH12345678", "InvalidParameter.AppDecryptKey"),
        ("Abcdefghabcdefgh", "InvalidParameter.AppDecryptKey"),
        ("Abcdefgh1234567-", "InvalidParameter.AppDecryptKey"),
        ("Abcdefgh1234567\u0663", "InvalidParameter.AppDecryptKey"),
        ("", "MissingAppDecryptKey"),
    ],
)
def test_private_strings_that_break_a_rule_are_refused(service, string, code):
    service.set("download-mode", "secure")
    answer = generate(service, string=string)
    assert (answer.status, answer.code) == (400, code)
    assert service.ok("ListApps")["AppList"] == []


@pytest.mark.behaviour("B46")
@pytest.mark.parametrize("string", [STRING, "Abcdefgh123456789012345678901234"])
def test_private_strings_of_16_and_32_are_taken(service, string):
    service.set("download-mode", "secure")
    answer = generate(service, string=string)
    assert answer.status == 200
    file = SecurityFile.parse(base64.b64decode(answer.json["AppEncryptKey"]))
    assert file.open(AppIdentity.android_sha1(SHA1), None).serial == file.serial


@pytest.mark.behaviour("B46")
@pytest.mark.parametrize(
    ("identification", "code"),
    [
        ("", "MissingAppIdentification"),
        (SHA1.replace(":", ""), "InvalidParameter.AppIdentification"),
        ("not an id", "InvalidParameter.AppIdentification"),
    ],
)
def test_app_identifications_that_are_none_are_refused(service, identification, code):
    service.set("download-mode", "secure")
    answer = generate(service, identification)
    assert (answer.status, answer.code) == (400, code)


@pytest.mark.behaviour("B46")
@pytest.mark.parametrize("mode", ["off", "normal"])
def test_key_files_need_secure_mode(service, mode):
    service.set("download-mode", mode)
    answer = generate(service)
    assert (answer.status, answer.code) == (403, "Forbidden.NotSecureMode")


def register(service, bundle="com.example.player", *, key=None, string=STRING, **parameters):
    """Register an app whose devices need no certificate: test_devices.py has the others."""
    key = key or Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    parameters = {"NeedsCertificate": "false"} | parameters
    answer = service.ok(
        "RegisterApp",
        Kind="python",
        Identifier=bundle,
        ManifestKey=base64.b64encode(key).decode(),
        form={"AppDecryptKey": string} if string else None,
        **parameters,
    )
    file = SecurityFile.parse(base64.b64decode(answer["SecurityFile"]))
    return answer["Serial"], file, AppIdentity.python(bundle, key)


def test_a_registered_app_opens_its_file_with_its_string(service):
    serial, file, identity = register(service)
    assert file.serial.hex() == serial
    assert file.open(identity, STRING).fingerprint == identity.fingerprint
    for string in (None, "Bbcdefgh12345678"):
        with pytest.raises(SecurityFileError):
            file.open(identity, string)
    keys = service.context.keys
    assert file.trust.by_type[EnvelopeType.LICENSE] == (
        keys.license.public_key().public_bytes_raw(),
    )
    assert file.trust.by_type[EnvelopeType.SEGMENT_DIGESTS] == (
        keys.digests.public_key().public_bytes_raw(),
    )
    [listed] = service.ok("ListApps")["AppList"]
    assert listed == service.ok("DescribeApp", Serial=serial)["App"]
    assert listed["Opening"] == "private-string"
    assert listed["Identifier"] == "com.example.player"
    assert listed["Fingerprint"] == identity.fingerprint.hex()


def test_a_file_alone_opens_without_a_string(service):
    _, file, identity = register(service, string="", FileAlone="true")
    assert file.open(identity, None).serial == file.serial
    assert service.ok("ListApps")["AppList"][0]["Opening"] == "file-alone"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"Kind": "amiga"}, "InvalidParameter.Kind"),
        ({"Identifier": "nodots"}, "InvalidParameter.Identifier"),
        ({"ManifestKey": "AAAA"}, "InvalidParameter.ManifestKey"),
        ({"ManifestKey": None}, "MissingManifestKey"),
        ({"FileAlone": "maybe"}, "InvalidParameter.FileAlone"),
        ({"FileAlone": "false"}, "MissingAppDecryptKey"),
        ({"Kind": "android-sha1", "Identifier": "AA:BB"}, "InvalidParameter.Identifier"),
    ],
)
def test_wrong_registrations_are_named(service, parameters, code):
    values = {
        "Kind": "python",
        "Identifier": "com.example.player",
        "ManifestKey": base64.b64encode(bytes(32)).decode(),
        "FileAlone": "true",
    } | parameters
    assert service.call("RegisterApp", **values).code == code


def test_other_kinds_of_apps(service):
    for kind, identifier in (
        ("android-sha1", SHA1),
        ("ios-bundle", "com.example.player"),
        ("windows-serial", "0A1B2C"),
    ):
        service.ok("RegisterApp", Kind=kind, Identifier=identifier, FileAlone="true")
        service.clock.advance(1)
    kinds = [app["Kind"] for app in service.ok("ListApps")["AppList"]]
    assert kinds == ["android-sha1", "ios-bundle", "windows-serial"]


def test_unknown_apps_are_told(service):
    for action in ("DescribeApp", "RevokeApp"):
        assert service.call(action, Serial="0" * 32).code == "InvalidApp.NotFound"
        assert service.call(action, Serial="x").code == "InvalidParameter.Serial"


class Device:
    def __init__(self, seed=None):
        self.keys = derive_device_keys(seed or os.urandom(32))

    def request(self, stream, serial, download_id, **changes):
        kem = self.keys.kem.public_key().public_bytes_raw()
        signing = self.keys.signing.public_key().public_bytes_raw()
        claim = AcquireClaim(
            video_id=stream.video_id,
            job_id=stream.job_id,
            download_id=download_id,
            app_serial=bytes.fromhex(serial),
            kem_public_key=kem,
            signing_public_key=signing,
        )
        return {
            "VideoId": stream.video_id,
            "JobId": stream.job_id,
            "TrackIndex": "0",
            "DownloadId": download_id.hex(),
            "AppSerial": serial,
            "DeviceKemKey": base64.b64encode(kem).decode(),
            "DeviceSigningKey": base64.b64encode(signing).decode(),
            "DeviceSignature": base64.b64encode(claim.sign(self.keys.signing)).decode(),
        } | changes


def acquire(service, values, credential=None):
    return service.call("AcquireDownloadLicense", credential, **values)


def license_in(answer, file):
    assert answer.status == 200, answer.body
    envelope = base64.b64decode(answer.json["License"])
    nobody = Ed25519PrivateKey.generate().public_key()  # so that only the service's counts
    return verify_license(envelope, file.trust, nobody)


@pytest.fixture
def secure(service):
    service.set("download-mode", "secure")
    [stream] = publish(service)
    return stream


def test_a_license_opens_for_its_app_on_its_device(service, secure):
    serial, file, identity = register(service)
    app = file.open(identity, STRING)
    device, download_id = Device(), os.urandom(16)
    answer = acquire(service, device.request(secure, serial, download_id), service.sts())
    held = license_in(answer, file)
    terms = held.terms
    assert (terms.vid, terms.track, terms.license_id) == (
        secure.video_id,
        secure.job_id,
        download_id,
    )
    assert (terms.sequence, terms.device_id, terms.expires_at) == (1, device.keys.device_id, 0)
    content_key = unwrap_content_key(held, app_key=app.app_key, device_key=device.keys.kem)
    again = license_in(acquire(service, device.request(secure, serial, download_id)), file)
    assert again.terms.sequence == 2
    assert unwrap_content_key(again, app_key=app.app_key, device_key=device.keys.kem) == content_key
    other = license_in(acquire(service, device.request(secure, serial, os.urandom(16))), file)
    assert unwrap_content_key(other, app_key=app.app_key, device_key=device.keys.kem) != content_key


@pytest.mark.behaviour("B47")
def test_key_files_of_two_apps_do_not_open_each_others_videos(service, secure):
    serial, file, identity = register(service, "com.example.one")
    _, second_file, second_identity = register(service, "com.example.two")
    device = Device()
    answer = acquire(service, device.request(secure, serial, os.urandom(16)))
    held = license_in(answer, second_file)  # the same service is trusted by both
    first_app = file.open(identity, STRING)
    second_app = second_file.open(second_identity, STRING)
    assert (
        len(unwrap_content_key(held, app_key=first_app.app_key, device_key=device.keys.kem)) == 32
    )
    with pytest.raises(VodsealError):
        unwrap_content_key(held, app_key=second_app.app_key, device_key=device.keys.kem)
    with pytest.raises(VodsealError):
        unwrap_content_key(held, app_key=first_app.app_key, device_key=Device().keys.kem)


def test_parallel_requests_get_one_content_key(service, secure):
    serial, file, identity = register(service)
    app = file.open(identity, STRING)
    device, download_id = Device(), os.urandom(16)
    values = device.request(secure, serial, download_id)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: acquire(service, values), range(8)))
    held = [license_in(answer, file) for answer in answers]
    keys = {
        unwrap_content_key(item, app_key=app.app_key, device_key=device.keys.kem) for item in held
    }
    assert len(keys) == 1
    assert sorted(item.terms.sequence for item in held) == list(range(1, 9))


def test_another_device_gets_another_content_key(service, secure):
    serial, file, identity = register(service)
    app = file.open(identity, STRING)
    download_id = os.urandom(16)
    keys = set()
    for device in (Device(), Device()):
        held = license_in(acquire(service, device.request(secure, serial, download_id)), file)
        keys.add(unwrap_content_key(held, app_key=app.app_key, device_key=device.keys.kem))
    assert len(keys) == 2


@pytest.mark.behaviour("B12")
def test_no_license_while_downloads_are_off(service, secure):
    serial, *_ = register(service)
    values = Device().request(secure, serial, os.urandom(16))
    service.set("download-mode", "off")
    answer = acquire(service, values)
    assert (answer.status, answer.code) == (403, "Forbidden.DownloadOff")
    with pytest.raises(RequestError) as caught:
        decode_answer(answer.status, answer.body)
    assert caught.value.code == ErrorCode.DOWNLOAD_SWITCH_OFF
    policy = service.ok("GetDownloadPolicy", VideoId=secure.video_id)
    assert policy["DownloadMode"] == "off"
    service.set("download-mode", "normal")
    assert acquire(service, values).code == "Forbidden.NotSecureMode"


@pytest.mark.behaviour("B48")
def test_the_mode_is_read_for_each_request(service, secure):
    credential = service.sts()
    for mode in ("secure", "normal", "off", "secure"):
        service.set("download-mode", mode)
        policy = service.ok("GetDownloadPolicy", credential, VideoId=secure.video_id)
        assert policy["DownloadMode"] == mode
    missing = service.call("GetDownloadPolicy", VideoId="0" * 32)
    assert missing.code == "InvalidVideo.NotFound"


def test_requests_that_get_no_license(service, secure):
    serial, *_ = register(service)
    [other] = publish(service)
    device, download_id = Device(), os.urandom(16)
    good = device.request(secure, serial, download_id)
    signature = good["DeviceSignature"]
    forged = device.request(secure, serial, os.urandom(16))["DeviceSignature"]
    assert signature != forged

    def code(values):
        return acquire(service, values).code

    assert code(good | {"DeviceSignature": forged}) == "InvalidParameter.DeviceSignature"
    assert code(good | {"VideoId": other.video_id}) == "InvalidParameter.DeviceSignature"
    assert code(good | {"DeviceKemKey": "AA=="}) == "InvalidParameter.DeviceKemKey"
    assert code(good | {"DownloadId": "zz"}) == "InvalidParameter.DownloadId"
    assert code(device.request(secure, "0" * 32, download_id)) == "InvalidApp.NotFound"
    other.video_id = secure.video_id
    assert code(device.request(other, serial, download_id)) == "NoSuchResource"
    assert acquire(service, good).status == 200
    [third] = publish(service)
    assert code(device.request(third, serial, download_id)) == "InvalidParameter.DownloadId"
    service.ok("RevokeApp", Serial=serial)
    assert code(good) == "Forbidden.AppRevoked"
    assert service.ok("ListApps")["AppList"][0]["Status"] == "Revoked"


def test_licenses_end_when_the_operator_says_so(service, secure):
    serial, file, _ = register(service)
    service.set("license-seconds", "3600")
    answer = acquire(service, Device().request(secure, serial, os.urandom(16)))
    terms = license_in(answer, file).terms
    assert terms.expires_at == terms.issued_at + 3600


def test_segment_digests_are_handed_out_as_they_were_signed(service, secure):
    values = {"VideoId": secure.video_id, "JobId": secure.job_id}
    assert service.call("GetSegmentDigests", **values).code == "NoSuchResource"
    manifest, digests = seal_digests(
        vid=secure.video_id,
        job_id=secure.job_id,
        digests=[os.urandom(32), os.urandom(32)],
        signing_key=service.context.keys.digests,
    )

    async def store(context):
        async with context.sessions.begin() as session:
            row = await session.get(Stream, secure.job_id)
            row.digest_manifest, row.digests = manifest, digests

    service.on_loop(store(service.context))
    answer = service.ok("GetSegmentDigests", service.sts(), **values)
    assert base64.b64decode(answer["Manifest"]) == manifest
    assert base64.b64decode(answer["Digests"]) == digests
    [other] = publish(service)
    crossed = service.call("GetSegmentDigests", VideoId=other.video_id, JobId=secure.job_id)
    assert crossed.code == "NoSuchResource"
