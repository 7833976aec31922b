"""What a service says of a device that has enrolled (SPEC credential §9).

An envelope of type 3, signed by a key that the app's security file lists for it.
The two levels are what the device said of itself; the signature makes them the
service's record of it, not a proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vodseal.container.cbor import decode_map, encode
from vodseal.container.keys import ID_SIZE
from vodseal.credential.device import KeyStoreLevel, device_id
from vodseal.credential.envelope import EnvelopeType, open_envelope, seal_envelope
from vodseal.credential.requirements import IdentityLevel
from vodseal.errors import MalformedError, MisuseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

__all__ = ["DeviceCertificate"]

_VERSION: Final = 1
_KEY_SIZE: Final = 32
_MAX_INSTANT: Final = 1 << 53


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCertificate:
    """One device, enrolled with one security file."""

    kem_public_key: bytes
    """X25519, 32 bytes."""

    signing_public_key: bytes
    """Ed25519, 32 bytes."""

    serial: bytes
    """16 bytes: the security file."""

    fingerprint: bytes
    """32 bytes: the app."""

    identity_level: IdentityLevel
    key_store_level: KeyStoreLevel
    issued_at: int
    expires_at: int = 0
    """Exclusive; 0 is no limit."""

    def __post_init__(self) -> None:
        """Check sizes and bounds.

        Raises:
            MisuseError: A field does not fit.
        """
        sizes = tuple(
            map(len, (self.kem_public_key, self.signing_public_key, self.serial, self.fingerprint))
        )
        if sizes != (_KEY_SIZE, _KEY_SIZE, ID_SIZE, _KEY_SIZE):
            raise MisuseError("a key, serial or fingerprint in the certificate has a wrong size")
        if not all(0 <= instant <= _MAX_INSTANT for instant in (self.issued_at, self.expires_at)):
            raise MisuseError("an instant in the certificate is out of bounds")

    @property
    def device_id(self) -> bytes:
        """Return the id of the device that the two keys make."""
        return device_id(self.kem_public_key, self.signing_public_key)

    def holds(self, now: float) -> bool:
        """Return whether it is not over."""
        return not self.expires_at or now < self.expires_at

    def seal(self, enrolment_key: Ed25519PrivateKey) -> bytes:
        """Return the certificate in its envelope."""
        payload = encode(
            {
                0: _VERSION,
                1: self.device_id,
                2: self.kem_public_key,
                3: self.signing_public_key,
                4: self.serial,
                5: self.fingerprint,
                6: int(self.identity_level),
                7: int(self.key_store_level),
                8: self.issued_at,
                9: self.expires_at,
            }
        )
        return seal_envelope(EnvelopeType.DEVICE_CERTIFICATE, payload, enrolment_key)

    @classmethod
    def open(cls, data: bytes, keys: Mapping[bytes, Ed25519PublicKey]) -> DeviceCertificate:
        """Return the certificate that one of ``keys`` has signed.

        Raises:
            FormatError: It is none, was altered, or breaks a rule of its format.
        """
        fields = decode_map(open_envelope(data, EnvelopeType.DEVICE_CERTIFICATE, keys))
        fields.version(_VERSION)
        named = fields.octets(1)
        opened = cls(
            kem_public_key=fields.octets(2, size=_KEY_SIZE),
            signing_public_key=fields.octets(3, size=_KEY_SIZE),
            serial=fields.octets(4, size=ID_SIZE),
            fingerprint=fields.octets(5, size=_KEY_SIZE),
            identity_level=IdentityLevel(fields.integer(6, most=max(IdentityLevel))),
            key_store_level=KeyStoreLevel(fields.integer(7, most=max(KeyStoreLevel))),
            issued_at=fields.integer(8, most=_MAX_INSTANT),
            expires_at=fields.integer(9, most=_MAX_INSTANT),
        )
        fields.finish()
        if named != opened.device_id:
            raise MalformedError("the certificate names another device than its keys make")
        return opened
