"""What time it is, in the service's own hand (SPEC license §9.3).

An envelope of type 4. The nonce is the asking device's, so that no older token
can be put in its place; the token of an answer with a license also names that
license, so that no older license can.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vodseal.container.cbor import decode_map, encode
from vodseal.container.keys import ID_SIZE
from vodseal.credential.envelope import EnvelopeType, open_envelope, seal_envelope
from vodseal.errors import FormatError, LicenseReplayError, MalformedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

__all__ = ["MAX_WITHDRAWN", "NONCE_SIZE", "TimeToken", "license_digest", "open_time_token"]

NONCE_SIZE: Final = 16
MAX_WITHDRAWN: Final = 256
"""How many licenses one check-in may ask about."""

_VERSION: Final = 1
_MAX_NUMBER: Final = 1 << 53
_DIGEST_SIZE: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeToken:
    """The service's answer to one nonce."""

    time: int
    nonce: bytes
    withdrawn: tuple[bytes, ...] = ()
    """The licenses, of those that were asked about, that the device has to delete."""

    license_digest: bytes = b""
    """Of the license in the same answer; empty when there is none."""

    def seal(self, time_key: Ed25519PrivateKey) -> bytes:
        """Return the token in its envelope."""
        payload = encode(
            {
                0: _VERSION,
                1: self.time,
                2: self.nonce,
                3: list(self.withdrawn),
                4: self.license_digest,
            }
        )
        return seal_envelope(EnvelopeType.TIME_TOKEN, payload, time_key)


def license_digest(envelope: bytes) -> bytes:
    """Return what a token calls the license in ``envelope``."""
    return hashlib.sha256(envelope).digest()


def open_time_token(
    data: bytes,
    keys: Mapping[bytes, Ed25519PublicKey],
    *,
    nonce: bytes,
    license_envelope: bytes | None = None,
) -> TimeToken:
    """Return the token in ``data``, which answers ``nonce`` and comes with this license.

    Raises:
        LicenseReplayError: It does not; an older answer was put in its place.
    """
    try:
        token = _decode(open_envelope(data, EnvelopeType.TIME_TOKEN, keys))
    except FormatError as error:
        raise LicenseReplayError(f"the service's time token: {error.message}") from error
    expected = b"" if license_envelope is None else license_digest(license_envelope)
    if not hmac.compare_digest(token.nonce, nonce):
        raise LicenseReplayError("the service's time token answers another question")
    if not hmac.compare_digest(token.license_digest, expected):
        raise LicenseReplayError("the license is not the one that the service answered with")
    return token


def _decode(payload: bytes) -> TimeToken:
    fields = decode_map(payload)
    fields.version(_VERSION)
    token = TimeToken(
        time=fields.integer(1, least=1, most=_MAX_NUMBER),
        nonce=fields.octets(2, size=NONCE_SIZE),
        withdrawn=tuple(map(_as_id, fields.items(3, most=MAX_WITHDRAWN))),
        license_digest=fields.octets(4, most=_DIGEST_SIZE),
    )
    fields.finish()
    return token


def _as_id(value: object) -> bytes:
    if not isinstance(value, bytes) or len(value) != ID_SIZE:
        raise MalformedError("a license id is 16 bytes")
    return value
