"""Make a license (SPEC license §4).

The service signs with its license key. Where a service has no license action,
the device signs for itself, with the same terms and the same two locks (SPEC
license §6). Renewing is issuing again: same license id, same content key, a
higher sequence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vodseal.container.layout import KEY_SIZE
from vodseal.credential.envelope import EnvelopeType, seal_envelope
from vodseal.errors import MisuseError
from vodseal.license.model import (
    TRANSPORT_KEY_SIZE,
    Issuer,
    License,
    LicenseTerms,
    content_key_digest,
    policy_digest,
)
from vodseal.license.wrap import wrap_content_key, wrap_transport_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

    from vodseal.credential.device import DeviceKeys

__all__ = ["issue_license", "issue_local_license"]


def issue_license(
    terms: LicenseTerms,
    content_key: bytes,
    *,
    app_public_key: X25519PublicKey,
    device_public_key: X25519PublicKey,
    signing_key: Ed25519PrivateKey,
    transport_key: bytes | None = None,
    origin: bytes = b"",
) -> bytes:
    """Return a license in its envelope; ``transport_key`` is that of a privately encrypted stream.

    ``origin`` belongs to a license that was moved: the service's own, in its envelope.

    Raises:
        MisuseError: The content key is not 32 bytes, or the transport key not 16.
    """
    if len(content_key) != KEY_SIZE or len(transport_key or b"") not in {0, TRANSPORT_KEY_SIZE}:
        raise MisuseError("a content key has 32 bytes, and a transport key 16")
    ck_digest = content_key_digest(content_key)
    locks = {"app_public_key": app_public_key, "device_public_key": device_public_key}
    digest = policy_digest(terms, ck_digest)
    made = License(
        terms=terms,
        ck_digest=ck_digest,
        wrapped_key=wrap_content_key(content_key, digest, **locks),
        issuer=Issuer.SERVICE,
        wrapped_transport_key=wrap_transport_key(transport_key, digest, **locks)
        if transport_key
        else b"",
        origin=origin,
    )
    return seal_envelope(EnvelopeType.LICENSE, made.encode(), signing_key)


def issue_local_license(
    terms: LicenseTerms,
    content_key: bytes,
    *,
    app_public_key: X25519PublicKey,
    device: DeviceKeys,
) -> bytes:
    """Return a license that the device issues to itself.

    Raises:
        MisuseError: The content key is not 32 bytes, or the terms name another
            device.
    """
    if terms.device_id != device.device_id:
        raise MisuseError("a local license is for the device that signs it")
    return issue_license(
        terms,
        content_key,
        app_public_key=app_public_key,
        device_public_key=device.kem.public_key(),
        signing_key=device.signing,
    )
