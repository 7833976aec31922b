"""The frame of every signed object (SPEC credential §2).

Three rules make it safe to hold one in hand:

1. Verify, then parse. The signature covers the bytes as they are, and nothing
   looks into the payload before it holds.
2. Keys are per type. Whoever opens an envelope says which type it expects and
   which keys sign that type, so a license key cannot make a security file.
3. One object has one encoding: no byte is left over, none is missing.

Types 1 and 8 are *self-anchored*: they bring the key that they are signed with,
as the first 32 bytes of the payload, outside of anything that needs parsing.
That proves nothing about who signed; it proves that no byte changed since.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vodseal.errors import (
    MalformedError,
    MisuseError,
    NotSealedError,
    TamperedError,
    TruncatedError,
    UnsupportedVersionError,
    WrongKeyError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = [
    "KEY_ID_SIZE",
    "PUBLIC_KEY_SIZE",
    "EnvelopeType",
    "key_id",
    "keys_by_id",
    "open_envelope",
    "open_self_anchored",
    "seal_envelope",
    "seal_self_anchored",
]

KEY_ID_SIZE: Final = 8
PUBLIC_KEY_SIZE: Final = 32

_MAGIC: Final = b"\x89VSE\r\n\x1a\n"
_VERSION: Final = 1
_ED25519: Final = 1
_HEADER: Final = struct.Struct(">8sBBH8sI")
_SIGNATURE_SIZE: Final = 64
_DOMAIN: Final = b"vodseal1/env\0"
_MAX_PAYLOAD: Final = 64 * 1024


class EnvelopeType(IntEnum):
    """What an envelope holds. The values are stored: never renamed, never reused."""

    SECURITY_FILE = 1
    LICENSE = 2
    DEVICE_CERTIFICATE = 3
    TIME_TOKEN = 4
    REVOCATION = 5
    ROOT = 6
    RELEASE_RECEIPT = 7
    APP_MANIFEST = 8
    SEGMENT_DIGESTS = 9
    AUDIT_CHECKPOINT = 10


_MAX_LARGE: Final = {
    EnvelopeType.REVOCATION: 8 * 1024 * 1024,
    EnvelopeType.APP_MANIFEST: 16 * 1024 * 1024,
}


def key_id(public_key: Ed25519PublicKey) -> bytes:
    """Return the 8 bytes that name a verification key."""
    return hashlib.sha256(b"vodseal1/kid\0" + public_key.public_bytes_raw()).digest()[:KEY_ID_SIZE]


def keys_by_id(*public_keys: Ed25519PublicKey) -> dict[bytes, Ed25519PublicKey]:
    """Return keys in the form that ``open_envelope`` looks them up in."""
    return {key_id(public_key): public_key for public_key in public_keys}


def seal_envelope(kind: EnvelopeType, payload: bytes, signing_key: Ed25519PrivateKey) -> bytes:
    """Return ``payload`` in a signed envelope of type ``kind``.

    Raises:
        MisuseError: The payload is larger than an envelope of this type may be.
    """
    if len(payload) > _max_payload(kind):
        raise MisuseError("the payload is too large for its envelope")
    signer = key_id(signing_key.public_key())
    header = _HEADER.pack(_MAGIC, _VERSION, kind, _ED25519, signer, len(payload))
    return header + payload + signing_key.sign(_DOMAIN + header + payload)


def open_envelope(data: bytes, kind: EnvelopeType, keys: Mapping[bytes, Ed25519PublicKey]) -> bytes:
    """Return the payload of an envelope that one of ``keys`` has signed.

    Raises:
        NotSealedError: This is no envelope.
        UnsupportedVersionError: A later version, or another signature scheme.
        MalformedError: An envelope of another type, or too large a one.
        TruncatedError: Bytes are missing or left over.
        WrongKeyError: Signed by a key that is not among ``keys``.
        TamperedError: The signature does not hold.
    """
    signer, payload = _take_apart(data, kind)
    public_key = keys.get(signer)
    if public_key is None:
        raise WrongKeyError("signed by a key that is not trusted for this")
    _verify(data, public_key)
    return payload


def seal_self_anchored(kind: EnvelopeType, body: bytes, signing_key: Ed25519PrivateKey) -> bytes:
    """Return ``body`` in an envelope that brings its own verification key."""
    anchor = signing_key.public_key().public_bytes_raw()
    return seal_envelope(kind, anchor + body, signing_key)


def open_self_anchored(data: bytes, kind: EnvelopeType) -> tuple[bytes, bytes]:
    """Return the verification key that the envelope brings, and the body behind it.

    Raises:
        FormatError: As ``open_envelope``.
    """
    signer, payload = _take_apart(data, kind)
    anchor = payload[:PUBLIC_KEY_SIZE]
    if len(anchor) != PUBLIC_KEY_SIZE:
        raise MalformedError("the envelope does not bring its key")
    public_key = Ed25519PublicKey.from_public_bytes(anchor)
    if not hmac.compare_digest(key_id(public_key), signer):
        raise TamperedError("the envelope is not signed by the key that it brings")
    _verify(data, public_key)
    return anchor, payload[PUBLIC_KEY_SIZE:]


def _max_payload(kind: EnvelopeType) -> int:
    return _MAX_LARGE.get(kind, _MAX_PAYLOAD)


def _take_apart(data: bytes, kind: EnvelopeType) -> tuple[bytes, bytes]:
    """Return key id and payload, unverified, of an envelope of type ``kind``."""
    if data[: len(_MAGIC)] != _MAGIC:
        raise NotSealedError("not a signed object of vodseal")
    if len(data) < _HEADER.size:
        raise TruncatedError("the envelope is cut short")
    _, version, found, algorithm, signer, size = _HEADER.unpack_from(data)
    if version != _VERSION or algorithm != _ED25519:
        raise UnsupportedVersionError
    if found != kind:
        raise MalformedError(f"an envelope of type {found} where one of type {kind:d} is expected")
    if size > _max_payload(kind):
        raise MalformedError("the envelope is too large")
    if len(data) != _HEADER.size + size + _SIGNATURE_SIZE:
        raise TruncatedError("the envelope has missing or surplus bytes")
    return signer, data[_HEADER.size : _HEADER.size + size]


def _verify(data: bytes, public_key: Ed25519PublicKey) -> None:
    try:
        public_key.verify(data[-_SIGNATURE_SIZE:], _DOMAIN + data[:-_SIGNATURE_SIZE])
    except InvalidSignature as error:
        raise TamperedError("the signature does not hold") from error
