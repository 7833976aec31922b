"""The content key under two locks (SPEC license §3), and a stream's key (§3.1).

The device's lock is inside, the app's outside; both are HPKE (RFC 9180, base
mode, X25519, HKDF-SHA256, AES-256-GCM), and the info of each holds the digest
of the license's terms. HPKE's AEAD does not commit to its key, so what comes
out is compared to the digest of the content key that the license carries.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from vodseal.errors import LicenseBindingError
from vodseal.license.model import License, content_key_digest

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import (
        X25519PrivateKey,
        X25519PublicKey,
    )

__all__ = ["unwrap_content_key", "unwrap_transport_key", "wrap_content_key", "wrap_transport_key"]

_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_LABEL: Final = b"vodseal1/lic\0"
_STREAM: Final = b"-stream"


def wrap_content_key(
    content_key: bytes,
    digest: bytes,
    *,
    app_public_key: X25519PublicKey,
    device_public_key: X25519PublicKey,
) -> bytes:
    """Return ``content_key`` wrapped for a device, then for an app, under terms with ``digest``."""
    return _wrap(content_key, digest, app_public_key, device_public_key, b"")


def wrap_transport_key(
    transport_key: bytes,
    digest: bytes,
    *,
    app_public_key: X25519PublicKey,
    device_public_key: X25519PublicKey,
) -> bytes:
    """Return ``transport_key`` wrapped as a content key is, under labels of its own (§3.1)."""
    return _wrap(transport_key, digest, app_public_key, device_public_key, _STREAM)


def unwrap_content_key(
    opened: License, *, app_key: X25519PrivateKey, device_key: X25519PrivateKey
) -> bytes:
    """Return the content key of a license whose signature holds.

    Raises:
        LicenseBindingError: The license is for another app, or another device.
    """
    content_key = _unwrap(opened.wrapped_key, opened, app_key, device_key, b"")
    if not hmac.compare_digest(content_key_digest(content_key), opened.ck_digest):
        raise LicenseBindingError("the license holds another key than it says")
    return content_key


def unwrap_transport_key(
    opened: License, *, app_key: X25519PrivateKey, device_key: X25519PrivateKey
) -> bytes | None:
    """Return the transport key of a license whose signature holds; None when it carries none.

    Raises:
        LicenseBindingError: The license is for another app, or another device.
    """
    if not opened.wrapped_transport_key:
        return None
    return _unwrap(opened.wrapped_transport_key, opened, app_key, device_key, _STREAM)


def _wrap(
    key: bytes, digest: bytes, app: X25519PublicKey, device: X25519PublicKey, label: bytes
) -> bytes:
    inner = _SUITE.encrypt(key, device, info=_LABEL + digest + b"dev" + label)
    return _SUITE.encrypt(inner, app, info=_LABEL + digest + b"app" + label)


def _unwrap(
    wrapped: bytes, opened: License, app: X25519PrivateKey, device: X25519PrivateKey, label: bytes
) -> bytes:
    digest = opened.policy_digest()
    try:
        inner = _SUITE.decrypt(wrapped, app, info=_LABEL + digest + b"app" + label)
    except (InvalidTag, ValueError) as error:
        raise LicenseBindingError("the license was issued for another app") from error
    try:
        return _SUITE.decrypt(inner, device, info=_LABEL + digest + b"dev" + label)
    except (InvalidTag, ValueError) as error:
        raise LicenseBindingError("the license was issued for another device") from error
