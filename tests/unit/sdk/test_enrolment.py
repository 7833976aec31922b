"""A device enrols once, keeps its certificate, and does without where there is none."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from tests.unit.sdk.stand_in import VID, Refusal, StandIn

from vodseal.credential.certificate import DeviceCertificate
from vodseal.credential.device import KeyStoreLevel, device_id
from vodseal.credential.enrolment import seal_challenge
from vodseal.credential.envelope import EnvelopeType
from vodseal.credential.fingerprint import AppIdentity
from vodseal.credential.opening import FileAloneOpening
from vodseal.credential.requirements import IdentityLevel
from vodseal.credential.security_file import issue_security_file
from vodseal.credential.stamp import Stamp, StampedRequest
from vodseal.credential.trust import VerificationKeys
from vodseal.errors import KeyStoreError, LicenseBindingError, RequestError
from vodseal.rpc.messages.downloads import GetDownloadPolicyRequest
from vodseal.sdk.enrolment import enrol, enrol_anew, is_not_enrolled
from vodseal.sdk.transport import RpcClient
from vodseal.vault.key_service import KeyService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vodseal.testing.http_server import Received

IDENTITY = AppIdentity.ios_bundle("com.example.player")
SERIAL, NONCE, SECRET = b"s" * 16, b"n" * 24, b"t" * 32
NOW = 1_000.0


class EnrolmentServer:
    """The two actions of a service, which believe whoever answers rightly."""

    def __init__(self, stand_in: StandIn) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.app_key = X25519PrivateKey.generate()
        self.challenge_key = self.app_key.public_key()
        self.changes: dict[str, Any] = {}
        self.enrolled: list[dict[str, str]] = []
        stand_in.actions["GetEnrolmentChallenge"] = self.challenge
        stand_in.actions["EnrollDevice"] = self.enrol

    def security_file(self, *, names_key: bool = True) -> bytes:
        public = (self.key.public_key().public_bytes_raw(),)
        kinds = [EnvelopeType.SECURITY_FILE, EnvelopeType.LICENSE]
        if names_key:
            kinds.append(EnvelopeType.DEVICE_CERTIFICATE)
        return issue_security_file(
            identity=IDENTITY,
            app_private_key=self.app_key,
            opening=FileAloneOpening(salt=b"a" * 16, secret=b"b" * 32),
            private_string=None,
            serial=SERIAL,
            trust=VerificationKeys(dict.fromkeys(kinds, public)),
            signing_key=self.key,
        )

    def challenge(self, request: Received) -> dict[str, str]:
        kem, signing = _keys(request.query)
        sealed = seal_challenge(
            SECRET,
            app_public_key=self.challenge_key,
            nonce=NONCE,
            device_id=device_id(kem, signing),
        )
        return {"Nonce": _text(NONCE), "Challenge": _text(sealed)}

    def enrol(self, request: Received) -> dict[str, str]:
        given = request.query
        assert base64.b64decode(given["Answer"]) == SECRET
        kem, signing = _keys(given)
        _verify_stamp(given, signing)
        self.enrolled.append(given)
        certificate = DeviceCertificate(
            kem_public_key=kem,
            signing_public_key=signing,
            serial=bytes.fromhex(given["AppSerial"]),
            fingerprint=IDENTITY.fingerprint,
            identity_level=IdentityLevel(int(given["IdentityLevel"])),
            key_store_level=KeyStoreLevel(int(given["KeyStoreLevel"])),
            issued_at=int(NOW),
        )
        return {"Certificate": _text(replace(certificate, **self.changes).seal(self.key))}


def _keys(given: dict[str, str]) -> tuple[bytes, bytes]:
    kem, signing = (base64.b64decode(given[n]) for n in ("DeviceKemKey", "DeviceSigningKey"))
    return kem, signing


def _verify_stamp(given: dict[str, str], signing: bytes) -> Stamp:
    stamp = Stamp.parse(given["DeviceStamp"])
    request = StampedRequest(method="POST", path="/", parameters=given, serial=SERIAL)
    request.verify(stamp, signing)
    return stamp


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


@pytest.fixture
def server(stand_in: StandIn) -> EnrolmentServer:
    return EnrolmentServer(stand_in)


@pytest.fixture
def keys(server: EnrolmentServer, tmp_path: Path) -> KeyService:
    return KeyService(server.security_file(), IDENTITY, home=tmp_path)


@pytest.fixture
def client(stand_in: StandIn) -> Iterator[RpcClient]:
    with RpcClient.for_source(stand_in.sts()) as client:
        yield client


def again(server: EnrolmentServer, tmp_path: Path) -> KeyService:
    """The same app in its next process."""
    return KeyService(server.security_file(), IDENTITY, home=tmp_path)


def test_a_device_enrols_once_and_the_certificate_outlives_the_process(
    client: RpcClient, keys: KeyService, server: EnrolmentServer, tmp_path: Path
) -> None:
    for each in (keys, keys, again(server, tmp_path)):
        enrol(client, each, VID, NOW)
    [given] = server.enrolled
    assert (given["VideoId"], given["KeyStoreLevel"]) == (VID, "0")
    assert given["IdentityLevel"] == str(int(keys.unlock().level))
    assert keys.vault().load_certificate(SERIAL) is not None


def test_afterwards_requests_of_the_device_are_stamped_each_anew(
    client: RpcClient, keys: KeyService, server: EnrolmentServer, stand_in: StandIn
) -> None:
    enrol(client, keys, VID, NOW)
    enrol_anew(client, keys, VID, NOW)
    stamps = {_verify_stamp(given, _keys(given)[1]).nonce for given in server.enrolled}
    assert len(stamps) == 2
    stand_in.actions["GetDownloadPolicy"] = {"DownloadMode": "secure"}
    client.send(GetDownloadPolicyRequest(video_id=VID))
    assert "DeviceStamp" not in stand_in.server.received[-1].query


def test_a_service_without_enrolment_changes_nothing(
    client: RpcClient, keys: KeyService, server: EnrolmentServer, stand_in: StandIn
) -> None:
    del stand_in.actions["GetEnrolmentChallenge"]
    enrol(client, keys, VID, NOW)
    assert client._stamper is None
    assert keys.vault().load_certificate(SERIAL) is None


def test_a_security_file_without_a_key_for_it_asks_nobody(
    client: RpcClient, server: EnrolmentServer, stand_in: StandIn, tmp_path: Path
) -> None:
    keys = KeyService(server.security_file(names_key=False), IDENTITY, home=tmp_path)
    enrol(client, keys, VID, NOW)
    assert stand_in.asked == []
    assert client._stamper is None


@pytest.mark.parametrize(
    "changes",
    [
        {"kem_public_key": b"x" * 32},
        {"serial": b"x" * 16},
        {"fingerprint": b"x" * 32},
        {"expires_at": int(NOW)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_certificate_that_is_not_this_devices_is_not_kept(
    client: RpcClient, keys: KeyService, server: EnrolmentServer, changes: dict[str, Any]
) -> None:
    server.changes = changes
    with pytest.raises(LicenseBindingError):
        enrol(client, keys, VID, NOW)
    assert keys.vault().load_certificate(SERIAL) is None


def test_a_certificate_of_somebody_elses_key_is_not_kept(
    client: RpcClient, keys: KeyService, server: EnrolmentServer
) -> None:
    keys.unlock()
    server.key = Ed25519PrivateKey.generate()
    with pytest.raises(LicenseBindingError):
        enrol(client, keys, VID, NOW)
    assert keys.vault().load_certificate(SERIAL) is None


def test_a_challenge_for_another_app_is_not_answered(
    client: RpcClient, keys: KeyService, server: EnrolmentServer
) -> None:
    server.challenge_key = X25519PrivateKey.generate().public_key()
    with pytest.raises(LicenseBindingError):
        enrol(client, keys, VID, NOW)
    assert server.enrolled == []


@pytest.mark.parametrize("damage", ["altered", "ended", "of a seed before"])
def test_a_certificate_that_no_longer_holds_is_asked_for_again(
    client: RpcClient, keys: KeyService, server: EnrolmentServer, damage: str, tmp_path: Path
) -> None:
    server.changes = {"expires_at": 2_000} if damage == "ended" else {}
    enrol(client, keys, VID, NOW)
    server.changes = {}
    if damage == "altered":
        keys.vault().save_certificate(SERIAL, b"no certificate")
    if damage == "of a seed before":
        (keys.vault().folder / "device.a").unlink()
        keys = again(server, tmp_path)
    enrol(client, keys, VID, 2_000)
    assert len(server.enrolled) == 2
    enrol(client, keys, VID, 2_000)
    assert len(server.enrolled) == 2


REFUSALS = [
    (action, code)
    for action in ("GetEnrolmentChallenge", "EnrollDevice")
    for code in ("Forbidden.DeviceRevoked", "InternalError")
]


@pytest.mark.parametrize("refused", REFUSALS, ids=" ".join)
def test_a_refusal_is_told(
    client: RpcClient, keys: KeyService, stand_in: StandIn, refused: tuple[str, str]
) -> None:
    action, code = refused
    stand_in.actions[action] = Refusal(code=code, status=403)
    with pytest.raises(RequestError) as caught:
        enrol(client, keys, VID, NOW)
    assert caught.value.server_code == code
    assert keys.vault().load_certificate(SERIAL) is None


@pytest.mark.parametrize("action", ["GetEnrolmentChallenge", "EnrollDevice"])
def test_an_answer_that_is_not_base64(
    client: RpcClient, keys: KeyService, server: EnrolmentServer, stand_in: StandIn, action: str
) -> None:
    stand_in.actions[action] = dict.fromkeys(("Nonce", "Challenge", "Certificate"), "no base64!")
    with pytest.raises(RequestError):
        enrol(client, keys, VID, NOW)


def test_only_one_refusal_says_that_a_device_is_unknown() -> None:
    known = RequestError(0, server_code="Forbidden.DeviceRevoked")  # type: ignore[arg-type]  # a number that is none of ours
    unknown = RequestError(0, server_code="Forbidden.DeviceNotEnrolled")  # type: ignore[arg-type]  # a number that is none of ours
    assert not is_not_enrolled(known)
    assert is_not_enrolled(unknown)


def test_a_file_that_forbids_seeds_in_files_makes_none(
    server: EnrolmentServer, tmp_path: Path
) -> None:
    from vodseal.credential.requirements import AppRequirements

    strict = issue_security_file(
        identity=IDENTITY,
        app_private_key=server.app_key,
        opening=FileAloneOpening(salt=b"a" * 16, secret=b"b" * 32),
        private_string=None,
        serial=SERIAL,
        trust=VerificationKeys(
            {EnvelopeType.SECURITY_FILE: (server.key.public_key().public_bytes_raw(),)}
        ),
        signing_key=server.key,
        requirements=AppRequirements(file_key_store=False),
    )
    keys = KeyService(strict, IDENTITY, home=tmp_path)
    with pytest.raises(KeyStoreError, match="does not let"):
        _ = keys.vault().device
    assert [path.name for path in keys.vault().folder.iterdir()] == ["device.lock"]
