"""Enrol this device with the service, once for each security file (SPEC credential §10).

The certificate is durable in the vault before the first license is asked for.
From then on the requests of this device carry its stamp (SPEC rpc §11). A service
that has no enrolment, or a security file that names no key for certificates,
changes nothing: then nothing is stamped, and nothing is missing.
"""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from vodseal.credential.certificate import DeviceCertificate
from vodseal.credential.enrolment import open_challenge
from vodseal.credential.envelope import EnvelopeType
from vodseal.credential.stamp import StampedRequest
from vodseal.error_codes import ErrorCode
from vodseal.errors import FormatError, LicenseBindingError, RequestError
from vodseal.rpc.messages.devices import EnrollDeviceRequest, GetEnrolmentChallengeRequest
from vodseal.sdk.transport import is_unknown_action

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from vodseal.sdk.transport import RpcClient
    from vodseal.vault.key_service import KeyService

__all__ = ["DeviceStamper", "enrol", "enrol_anew", "is_not_enrolled"]

_NOT_ENROLLED: Final = "Forbidden.DeviceNotEnrolled"
_NONCE_SIZE: Final = 16


def is_not_enrolled(error: RequestError) -> bool:
    """Return whether the service does not know this device, or knows it no longer."""
    return error.server_code == _NOT_ENROLLED


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceStamper:
    """Signs requests in the name of one device with one app."""

    key: Ed25519PrivateKey = field(repr=False)
    serial: bytes
    random: Callable[[int], bytes] = field(default=os.urandom, repr=False)

    def stamp(self, method: str, parameters: Mapping[str, str], now: float) -> str:
        """Return the value of ``DeviceStamp`` for a request; each call makes a fresh one."""
        request = StampedRequest(method=method, path="/", parameters=parameters, serial=self.serial)
        return request.sign(self.key, nonce=self.random(_NONCE_SIZE), now=now)


def enrol(client: RpcClient, keys: KeyService, vid: str, now: float) -> None:
    """Have ``client`` stamp what it asks for this device; enrol it first, where it has not.

    Args:
        client: The service, and a credential that may ask for licenses.
        keys: The app and its vault.
        vid: What is to be downloaded; the key of a PlayAuth is good for that alone.
        now: The time.

    Raises:
        RequestError: The service refused. Nothing was kept.
        LicenseBindingError: What it sent is no certificate of this device.
        KeyStoreError, OSError: The vault cannot be read or written.
    """
    app, vault = keys.unlock(), keys.vault()
    if not app.trust.for_type(EnvelopeType.DEVICE_CERTIFICATE):
        return
    client.stamp_with(DeviceStamper(key=vault.device.signing, serial=app.serial))
    if _has_certificate(keys, now):
        return
    try:
        envelope = _ask(client, keys, vid)
        _check(envelope, keys, now)
    except RequestError as error:
        if not is_unknown_action(error):
            raise
        client.stamp_with(None)
        return
    except FormatError as error:
        raise LicenseBindingError("the service sent no certificate for this device") from error
    vault.save_certificate(app.serial, envelope)


def enrol_anew(client: RpcClient, keys: KeyService, vid: str, now: float) -> None:
    """Forget the certificate and enrol again. Raises as ``enrol``."""
    keys.vault().delete_certificate(keys.unlock().serial)
    enrol(client, keys, vid, now)


def _has_certificate(keys: KeyService, now: float) -> bool:
    try:
        envelope = keys.vault().load_certificate(keys.unlock().serial)
        if envelope is not None:
            _check(envelope, keys, now)
    except (FormatError, LicenseBindingError):  # altered, over, or of a seed before: ask again
        return False
    return envelope is not None


def _check(envelope: bytes, keys: KeyService, now: float) -> None:
    """Return when ``envelope`` is a certificate of this device and this security file."""
    app, device = keys.unlock(), keys.vault().device
    trusted = app.trust.for_type(EnvelopeType.DEVICE_CERTIFICATE)
    certificate = DeviceCertificate.open(envelope, trusted)
    named = (certificate.device_id, certificate.serial, certificate.fingerprint)
    if named != (device.device_id, app.serial, app.fingerprint) or not certificate.holds(now):
        raise LicenseBindingError("the certificate is for another device or app, or has ended")


def _ask(client: RpcClient, keys: KeyService, vid: str) -> bytes:
    app, vault = keys.unlock(), keys.vault()
    kem, signing = (
        _text(key.public_key().public_bytes_raw())
        for key in (vault.device.kem, vault.device.signing)
    )
    challenge = client.send(
        GetEnrolmentChallengeRequest(
            app_serial=app.serial.hex(),
            device_kem_key=kem,
            device_signing_key=signing,
            video_id=vid,
        )
    )
    answer = open_challenge(
        _octets(challenge.challenge, challenge.request_id),
        app_key=app.app_key,
        nonce=_octets(challenge.nonce, challenge.request_id),
        device_id=vault.device.device_id,
    )
    enrolled = client.send(
        EnrollDeviceRequest(
            app_serial=app.serial.hex(),
            device_kem_key=kem,
            device_signing_key=signing,
            identity_level=int(app.level),
            key_store_level=int(vault.key_store_level()),
            nonce=challenge.nonce,
            answer=_text(answer),
            video_id=vid,
        )
    )
    return _octets(enrolled.certificate, enrolled.request_id)


def _octets(text: str, request_id: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise RequestError(
            ErrorCode.SERVER_WRONG_JSON, "The service's answer is not base64", request_id=request_id
        ) from None


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
