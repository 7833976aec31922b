"""The challenge by which a device shows that it holds an app's key (SPEC credential §10).

The service seals a secret to the app's public key. Only who has opened the
security file, with the private string where it needs one, can send it back.
Nonce and device id are in the seal's info, so an answer fits one attempt of one
device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from vodseal.errors import WrongKeyError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import (
        X25519PrivateKey,
        X25519PublicKey,
    )

__all__ = ["NONCE_SIZE", "SECRET_SIZE", "open_challenge", "seal_challenge"]

NONCE_SIZE: Final = 24
SECRET_SIZE: Final = 32
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_LABEL: Final = b"vodseal1/enrol\0"


def seal_challenge(
    secret: bytes, *, app_public_key: X25519PublicKey, nonce: bytes, device_id: bytes
) -> bytes:
    """Return ``secret`` sealed to an app, for one attempt of one device."""
    return _SUITE.encrypt(secret, app_public_key, info=_LABEL + nonce + device_id)


def open_challenge(
    challenge: bytes, *, app_key: X25519PrivateKey, nonce: bytes, device_id: bytes
) -> bytes:
    """Return the secret.

    Raises:
        WrongKeyError: It was sealed to another app, or for another attempt or device.
    """
    try:
        return _SUITE.decrypt(challenge, app_key, info=_LABEL + nonce + device_id)
    except (InvalidTag, ValueError) as error:
        raise WrongKeyError("the service's challenge is for another app or device") from error
