"""The content key comes from a license that is kept before it is used."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from tests.unit.sdk.stand_in import VID, Refusal, StandIn

from vodseal.credential.device import device_id
from vodseal.credential.envelope import EnvelopeType
from vodseal.credential.fingerprint import AppIdentity
from vodseal.credential.opening import FileAloneOpening
from vodseal.credential.security_file import issue_security_file
from vodseal.credential.trust import VerificationKeys
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, LicenseError, RequestError
from vodseal.license.acquire import AcquireClaim
from vodseal.license.issue import issue_license
from vodseal.license.model import Issuer, LicenseTerms
from vodseal.license.open import verify_license
from vodseal.sdk.content_key import (
    KeyWish,
    plain_content_key,
    secure_content_key,
    stored_content_key,
    unlocked,
)
from vodseal.sdk.transport import RpcClient
from vodseal.vault.key_service import KeyService
from vodseal.vault.store import NO_APP, Vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vodseal.testing.http_server import Received

IDENTITY = AppIdentity.ios_bundle("com.example.player")
DOWNLOAD_ID, CONTENT_KEY, SERIAL = b"d" * 16, b"c" * 32, b"s" * 16
NOW = 1_000.0
WISH = KeyWish(vid=VID, job_id="job-0", index=3, download_id=DOWNLOAD_ID, now=NOW)


class LicenseServer:
    """A service's license action: checks the device's signature, and issues."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.app_key = X25519PrivateKey.generate()
        self.changes: dict[str, Any] = {}
        self.asked: list[dict[str, str]] = []
        self.transport_key: bytes | None = None

    @property
    def trust(self) -> VerificationKeys:
        public = (self.key.public_key().public_bytes_raw(),)
        return VerificationKeys(
            dict.fromkeys((EnvelopeType.SECURITY_FILE, EnvelopeType.LICENSE), public)
        )

    def security_file(self) -> bytes:
        return issue_security_file(
            identity=IDENTITY,
            app_private_key=self.app_key,
            opening=FileAloneOpening(salt=b"a" * 16, secret=b"b" * 32),
            private_string=None,
            serial=SERIAL,
            trust=self.trust,
            signing_key=self.key,
        )

    def __call__(self, request: Received) -> dict[str, str]:
        given = request.query
        self.asked.append(given)
        kem, signing, signature = (
            base64.b64decode(given[name])
            for name in ("DeviceKemKey", "DeviceSigningKey", "DeviceSignature")
        )
        AcquireClaim(
            video_id=given["VideoId"],
            job_id=given["JobId"],
            download_id=bytes.fromhex(given["DownloadId"]),
            app_serial=bytes.fromhex(given["AppSerial"]),
            kem_public_key=kem,
            signing_public_key=signing,
        ).verify(signature)
        values: dict[str, Any] = {
            "license_id": bytes.fromhex(given["DownloadId"]),
            "sequence": len(self.asked),
            "serial": bytes.fromhex(given["AppSerial"]),
            "fingerprint": IDENTITY.fingerprint,
            "device_id": device_id(kem, signing),
            "vid": given["VideoId"],
            "track": given["JobId"],
            "issued_at": int(NOW),
        }
        envelope = issue_license(
            LicenseTerms(**(values | self.changes)),
            CONTENT_KEY,
            app_public_key=self.app_key.public_key(),
            device_public_key=X25519PublicKey.from_public_bytes(kem),
            signing_key=self.key,
            transport_key=self.transport_key,
        )
        return {"License": base64.b64encode(envelope).decode()}


@pytest.fixture
def server(stand_in: StandIn) -> LicenseServer:
    made = LicenseServer()
    stand_in.actions["AcquireDownloadLicense"] = made
    return made


@pytest.fixture
def keys(server: LicenseServer, tmp_path: Path) -> KeyService:
    return KeyService(server.security_file(), IDENTITY, home=tmp_path)


@pytest.fixture
def client(stand_in: StandIn) -> Iterator[RpcClient]:
    with RpcClient.for_source(stand_in.sts()) as client:
        yield client


def no_random(_: int) -> bytes:
    raise AssertionError("no key is made here")


def issuer_of(keys: KeyService) -> Issuer:
    envelope = keys.vault().load_license(DOWNLOAD_ID)
    assert envelope is not None
    device_key = keys.vault().device.signing.public_key()
    return verify_license(envelope, trust=keys.unlock().trust, device_key=device_key).issuer


def test_a_license_is_acquired_kept_and_found_again(
    client: RpcClient, keys: KeyService, server: LicenseServer
) -> None:
    for _ in range(2):
        assert secure_content_key(client, keys, WISH, no_random) == CONTENT_KEY
    assert len(server.asked) == 1
    (asked,) = server.asked
    assert (asked["JobId"], asked["TrackIndex"], asked["DownloadId"]) == ("job-0", "3", "64" * 16)
    assert stored_content_key(keys, DOWNLOAD_ID, NOW) == CONTENT_KEY
    assert issuer_of(keys) is Issuer.SERVICE


def test_an_expired_license_is_renewed(
    client: RpcClient, keys: KeyService, server: LicenseServer
) -> None:
    server.changes = {"expires_at": int(NOW) + 10}
    assert secure_content_key(client, keys, WISH, no_random) == CONTENT_KEY
    later = KeyWish(vid=VID, job_id="job-0", index=3, download_id=DOWNLOAD_ID, now=NOW + 10)
    assert stored_content_key(keys, DOWNLOAD_ID, later.now) is None
    server.changes = {}
    assert secure_content_key(client, keys, later, no_random) == CONTENT_KEY
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"license_id": b"x" * 16},
        {"fingerprint": b"x" * 32},
        {"device_id": b"x" * 16},
        {"expires_at": int(NOW)},
        {"not_before": int(NOW) + 1},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_license_that_does_not_fit_is_not_kept(
    client: RpcClient, keys: KeyService, server: LicenseServer, changes: dict[str, Any]
) -> None:
    server.changes = changes
    with pytest.raises(LicenseError) as caught:
        secure_content_key(client, keys, WISH, no_random)
    assert caught.value.code is ErrorCode.LICENSE_INVALID
    assert keys.vault().load_license(DOWNLOAD_ID) is None


@pytest.mark.parametrize("text", ["", "bm9uc2Vuc2U="])
def test_what_is_no_license_is_not_kept(
    client: RpcClient, keys: KeyService, stand_in: StandIn, text: str
) -> None:
    stand_in.actions["AcquireDownloadLicense"] = {"License": text}
    with pytest.raises(LicenseError):
        secure_content_key(client, keys, WISH, no_random)
    assert keys.vault().load_license(DOWNLOAD_ID) is None


def test_an_answer_that_is_not_base64(
    client: RpcClient, keys: KeyService, stand_in: StandIn
) -> None:
    stand_in.actions["AcquireDownloadLicense"] = {"License": "no base64!"}
    with pytest.raises(RequestError) as caught:
        secure_content_key(client, keys, WISH, no_random)
    assert caught.value.code is ErrorCode.SERVER_WRONG_JSON


@pytest.mark.parametrize("code", ["Forbidden.DownloadOff", "InvalidApp.NotFound", "InternalError"])
def test_a_refusal_is_not_answered_with_a_license_of_ones_own(
    client: RpcClient, keys: KeyService, stand_in: StandIn, code: str
) -> None:
    stand_in.actions["AcquireDownloadLicense"] = Refusal(code=code, status=403)
    with pytest.raises(RequestError) as caught:
        secure_content_key(client, keys, WISH, no_random)
    assert caught.value.server_code == code
    assert keys.vault().load_license(DOWNLOAD_ID) is None


def test_a_service_without_the_action_leaves_it_to_the_device(
    client: RpcClient, keys: KeyService, stand_in: StandIn
) -> None:
    del stand_in.actions["AcquireDownloadLicense"]
    made = b"m" * 32
    assert secure_content_key(client, keys, WISH, lambda size: made[:size]) == made
    assert issuer_of(keys) is Issuer.DEVICE
    assert secure_content_key(client, keys, WISH, no_random) == made


def test_a_device_that_the_service_has_forgotten_enrols_again_once(
    client: RpcClient, keys: KeyService, server: LicenseServer, stand_in: StandIn
) -> None:
    refusals = [Refusal(code="Forbidden.DeviceNotEnrolled", status=403)] * 2

    def forgetful(request: Received) -> object:
        return refusals.pop() if refusals else server(request)

    stand_in.actions["AcquireDownloadLicense"] = forgetful
    with pytest.raises(RequestError) as caught:
        secure_content_key(client, keys, WISH, no_random)
    assert caught.value.server_code == "Forbidden.DeviceNotEnrolled"
    assert stand_in.asked == ["AcquireDownloadLicense"] * 2
    refusals.append(Refusal(code="Forbidden.DeviceNotEnrolled", status=403))
    assert secure_content_key(client, keys, WISH, no_random) == CONTENT_KEY


def test_a_plain_downloads_key_is_made_once_and_kept(tmp_path: Path) -> None:
    made = plain_content_key(tmp_path, DOWNLOAD_ID, lambda size: b"p" * size)
    assert made == b"p" * 32
    assert plain_content_key(tmp_path, DOWNLOAD_ID, no_random) == made
    assert Vault(tmp_path, NO_APP).load_secret(DOWNLOAD_ID) == made


def test_an_altered_plain_key_is_made_anew(tmp_path: Path) -> None:
    plain_content_key(tmp_path, DOWNLOAD_ID, lambda size: b"p" * size)
    vault = Vault(tmp_path, NO_APP)
    (vault.folder / "device.a").unlink()
    assert plain_content_key(tmp_path, DOWNLOAD_ID, lambda size: b"q" * size) == b"q" * 32


@pytest.mark.behaviour("B14")
def test_without_a_fitting_security_file_there_is_one_number(
    server: LicenseServer, tmp_path: Path
) -> None:
    other = AppIdentity.ios_bundle("com.example.other")
    for keys in (None, KeyService(server.security_file(), other, home=tmp_path)):
        with pytest.raises(DownloadError) as caught:
            unlocked(keys)
        assert caught.value.code is ErrorCode.ENCRYPT_FILE_NOT_MATCH
        assert caught.value.remedy
    good = KeyService(server.security_file(), IDENTITY, home=tmp_path)
    assert unlocked(good) is good
