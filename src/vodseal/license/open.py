"""Check a license, in the order that costs least and tells most (SPEC license §5).

Signature, structure, then whom it is for. Nothing is unwrapped before all of
that holds; whether the time is right is asked of ``policy``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vodseal.credential.envelope import EnvelopeType, keys_by_id, open_envelope
from vodseal.errors import FormatError, LicenseBindingError, LicenseError, MalformedError
from vodseal.license.model import Issuer, License
from vodseal.license.wrap import unwrap_content_key, unwrap_transport_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from vodseal.credential.device import DeviceKeys
    from vodseal.credential.security_file import UnlockedApp
    from vodseal.credential.trust import VerificationKeys

__all__ = ["check_binding", "open_content_key", "open_transport_key", "verify_license"]


def verify_license(data: bytes, trust: VerificationKeys, device_key: Ed25519PublicKey) -> License:
    """Return the license in ``data``, signed by the service or by this very device.

    One that was moved is the service's, when it says what the service's own says.

    Raises:
        LicenseError: It is no license, was altered, or is signed by somebody
            else; the cause says which.
    """
    trusted = trust.for_type(EnvelopeType.LICENSE)
    local = keys_by_id(device_key)
    try:
        payload, issuer = _open(data, trusted, local)
        opened = License.decode(payload, issuer)
        return _moved(opened, trusted) if opened.origin else opened
    except FormatError as error:
        raise LicenseError(f"the license cannot be used: {error.message}") from error


def check_binding(
    opened: License, *, download_id: bytes, fingerprint: bytes, device_id: bytes
) -> None:
    """Check that a license is for this file, this app and this device.

    Raises:
        LicenseBindingError: It is not; the message says which of the three.
    """
    terms = opened.terms
    if terms.license_id != download_id:
        raise LicenseBindingError("the license is another file's")
    if terms.fingerprint != fingerprint:
        raise LicenseBindingError("the license was issued for another app")
    if terms.device_id != device_id:
        raise LicenseBindingError("the license was issued for another device")


def open_content_key(
    opened: License, *, download_id: bytes, app: UnlockedApp, device: DeviceKeys
) -> bytes:
    """Return the content key, after checking whom the license is for.

    Raises:
        LicenseBindingError: It is another file's, app's or device's.
    """
    check_binding(
        opened,
        download_id=download_id,
        fingerprint=app.fingerprint,
        device_id=device.device_id,
    )
    return unwrap_content_key(opened, app_key=app.app_key, device_key=device.kem)


def open_transport_key(
    opened: License, *, download_id: bytes, job_id: str, app: UnlockedApp, device: DeviceKeys
) -> bytes | None:
    """Return the key of a privately encrypted stream (SPEC license §3.1); None when there is none.

    Raises:
        LicenseBindingError: As ``open_content_key``, and for another stream than ``job_id``.
    """
    if opened.terms.track != job_id:
        raise LicenseBindingError("the license is another stream's")
    check_binding(
        opened,
        download_id=download_id,
        fingerprint=app.fingerprint,
        device_id=device.device_id,
    )
    return unwrap_transport_key(opened, app_key=app.app_key, device_key=device.kem)


def _moved(opened: License, trusted: dict[bytes, Ed25519PublicKey]) -> License:
    """Return a license that was moved, when only its binding differs (SPEC license §6.2)."""
    if opened.issuer is not Issuer.DEVICE:
        raise MalformedError("a license that was moved is signed by its device")
    payload = open_envelope(opened.origin, EnvelopeType.LICENSE, trusted)
    origin = License.decode(payload, Issuer.SERVICE)
    terms = replace(
        origin.terms,
        serial=opened.terms.serial,
        fingerprint=opened.terms.fingerprint,
        device_id=opened.terms.device_id,
    )
    if origin.origin or (terms, origin.ck_digest) != (opened.terms, opened.ck_digest):
        raise MalformedError("a license that was moved says more than the service's own")
    return replace(opened, issuer=Issuer.SERVICE)


def _open(
    data: bytes,
    trusted: dict[bytes, Ed25519PublicKey],
    local: dict[bytes, Ed25519PublicKey],
) -> tuple[bytes, Issuer]:
    payload = open_envelope(data, EnvelopeType.LICENSE, trusted | local)
    signer = data[12:20]
    return payload, Issuer.SERVICE if signer in trusted else Issuer.DEVICE
