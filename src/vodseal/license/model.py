"""The fields of a license (SPEC license §2).

``LicenseTerms`` is what an issuer decides; ``License`` is what a device holds.
The digest of fields 0 to 14 goes into the wrap of the content key, so terms and
key cannot be taken from two licenses.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from vodseal.container.cbor import CborMap, decode_map, encode
from vodseal.container.keys import ID_SIZE
from vodseal.errors import MalformedError, MisuseError

if TYPE_CHECKING:
    from vodseal.container.cbor import Fields

__all__ = [
    "CK_DIGEST_SIZE",
    "HPKE_X25519_AES_256_GCM",
    "TRANSPORT_KEY_SIZE",
    "Issuer",
    "License",
    "LicenseTerms",
    "content_key_digest",
]

CK_DIGEST_SIZE: Final = 32
HPKE_X25519_AES_256_GCM: Final = 1
TRANSPORT_KEY_SIZE: Final = 16

_VERSION: Final = 1
_FINGERPRINT_SIZE: Final = 32
_WRAPPED_SIZE: Final = 32 + 2 * (32 + 16)
"""32 bytes of key; X25519 share and tag for each of the two layers."""
_WRAPPED_TRANSPORT_SIZE: Final = TRANSPORT_KEY_SIZE + 2 * (32 + 16)
_MAX_TEXT: Final = 1024
_MAX_ORIGIN: Final = 16 * 1024
_MAX_INSTANT: Final = 1 << 53
_CK_LABEL: Final = b"vodseal1/ck\0"


class Issuer(IntEnum):
    """Whose signature a license carries."""

    SERVICE = 1
    DEVICE = 2
    """A local license: the service has no license action (SPEC license §6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseTerms:
    """What may be done, by which app, on which device. Instants are UTC seconds; 0 is no limit."""

    license_id: bytes
    """16 bytes: the ``download_id`` of the sealed file."""

    sequence: int = 0
    """Rises with every renewal."""

    serial: bytes
    """16 bytes: the security file of the app."""

    fingerprint: bytes
    """32 bytes: the app."""

    device_id: bytes
    """16 bytes: the device."""

    vid: str
    track: str
    """The JobId of the stream."""

    issued_at: int
    not_before: int = 0
    expires_at: int = 0
    play_window: int = 0
    """Seconds from the first play on. Carried; the playing session enforces it."""

    max_offline: int = 0
    """Seconds without a word from the service. Carried, as above."""

    renewable: bool = True
    releasable: bool = True

    def __post_init__(self) -> None:
        """Check sizes and bounds.

        Raises:
            MisuseError: A field does not fit.
        """
        sizes = tuple(map(len, (self.license_id, self.serial, self.fingerprint, self.device_id)))
        numbers = (
            self.sequence,
            self.issued_at,
            self.not_before,
            self.expires_at,
            self.play_window,
            self.max_offline,
        )
        if sizes != (ID_SIZE, ID_SIZE, _FINGERPRINT_SIZE, ID_SIZE):
            raise MisuseError("an id or fingerprint in the license has a wrong size")
        if not all(0 <= number <= _MAX_INSTANT for number in numbers):
            raise MisuseError("a number in the license is out of bounds")
        if max(len(self.vid), len(self.track)) > _MAX_TEXT:
            raise MisuseError("a text in the license is too long")

    def to_cbor(self) -> CborMap:
        """Return fields 0 to 13."""
        return {
            0: _VERSION,
            1: self.license_id,
            2: self.sequence,
            3: self.serial,
            4: self.fingerprint,
            5: self.device_id,
            6: self.vid,
            7: self.track,
            8: self.issued_at,
            9: self.not_before,
            10: self.expires_at,
            11: self.play_window,
            12: self.max_offline,
            13: {0: self.renewable, 1: self.releasable},
        }

    @classmethod
    def from_cbor(cls, fields: Fields) -> LicenseTerms:
        """Return the terms in fields 0 to 13.

        Raises:
            MalformedError: A field is missing or out of its bounds.
        """
        fields.version(_VERSION)
        rights = fields.map(13)
        renewable, releasable = rights.boolean(0), rights.boolean(1)
        rights.finish()
        return cls(
            license_id=fields.octets(1, size=ID_SIZE),
            sequence=fields.integer(2, most=_MAX_INSTANT),
            serial=fields.octets(3, size=ID_SIZE),
            fingerprint=fields.octets(4, size=_FINGERPRINT_SIZE),
            device_id=fields.octets(5, size=ID_SIZE),
            vid=fields.text(6, most=_MAX_TEXT),
            track=fields.text(7, most=_MAX_TEXT),
            issued_at=fields.integer(8, most=_MAX_INSTANT),
            not_before=fields.integer(9, most=_MAX_INSTANT),
            expires_at=fields.integer(10, most=_MAX_INSTANT),
            play_window=fields.integer(11, most=_MAX_INSTANT),
            max_offline=fields.integer(12, most=_MAX_INSTANT),
            renewable=renewable,
            releasable=releasable,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class License:
    """A license whose signature holds; its content key is still wrapped."""

    terms: LicenseTerms
    ck_digest: bytes
    """SHA-256 of the content key, labelled."""

    wrapped_key: bytes = field(repr=False)
    issuer: Issuer
    wrapped_transport_key: bytes = field(default=b"", repr=False)
    """Of a privately encrypted stream; empty for every other one."""

    origin: bytes = field(default=b"", repr=False)
    """Of a license that was moved (SPEC license §6.2): the service's, in its envelope."""

    def policy_digest(self) -> bytes:
        """Return the digest of fields 0 to 14, which the wrap is tied to."""
        return policy_digest(self.terms, self.ck_digest)

    def encode(self) -> bytes:
        """Return the payload of the license's envelope."""
        optional: CborMap = {17: self.wrapped_transport_key, 18: self.origin}
        return encode(
            self.terms.to_cbor()
            | {14: self.ck_digest, 15: self.wrapped_key, 16: HPKE_X25519_AES_256_GCM}
            | {key: value for key, value in optional.items() if value}
        )

    @classmethod
    def decode(cls, payload: bytes, issuer: Issuer) -> License:
        """Return the license in a payload that was verified to be of ``issuer``.

        Raises:
            MalformedError: A field is missing, unknown or out of its bounds.
        """
        fields = decode_map(payload)
        terms = LicenseTerms.from_cbor(fields)
        ck_digest = fields.octets(14, size=CK_DIGEST_SIZE)
        if fields.integer(16) != HPKE_X25519_AES_256_GCM:
            raise MalformedError("the license wraps its key in a way we do not know")
        wrapped = fields.octets(15, size=_WRAPPED_SIZE)
        transport_key = fields.octets(17, size=_WRAPPED_TRANSPORT_SIZE) if fields.has(17) else b""
        origin = fields.octets(18, most=_MAX_ORIGIN) if fields.has(18) else None
        if origin == b"":
            raise MalformedError("an empty origin is left out")
        fields.finish()
        return cls(
            terms=terms,
            ck_digest=ck_digest,
            wrapped_key=wrapped,
            issuer=issuer,
            wrapped_transport_key=transport_key,
            origin=origin or b"",
        )


def policy_digest(terms: LicenseTerms, ck_digest: bytes) -> bytes:
    """Return the SHA-256 of fields 0 to 14."""
    return hashlib.sha256(encode(terms.to_cbor() | {14: ck_digest})).digest()


def content_key_digest(content_key: bytes) -> bytes:
    """Return field 14: what the content key is known by."""
    return hashlib.sha256(_CK_LABEL + content_key).digest()
