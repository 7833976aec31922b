"""What a device says when it gave a license up (SPEC license §10).

An envelope of type 7, signed by the device. Whoever holds one knows that this
device has deleted the license, and that it says so itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vodseal.container.cbor import decode_map, encode
from vodseal.container.keys import ID_SIZE
from vodseal.credential.envelope import EnvelopeType, keys_by_id, open_envelope, seal_envelope

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

__all__ = ["Receipt"]

_VERSION: Final = 1
_MAX_NUMBER: Final = 1 << 53


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One license that one device gave up."""

    license_id: bytes
    sequence: int
    """Of the license that was given up: a later one is not meant."""

    device_id: bytes
    released_at: int
    """By the device's own clock."""

    def seal(self, device_key: Ed25519PrivateKey) -> bytes:
        """Return the receipt in its envelope."""
        payload = encode(
            {
                0: _VERSION,
                1: self.license_id,
                2: self.sequence,
                3: self.device_id,
                4: self.released_at,
            }
        )
        return seal_envelope(EnvelopeType.RELEASE_RECEIPT, payload, device_key)

    @classmethod
    def open(cls, data: bytes, device_key: Ed25519PublicKey) -> Receipt:
        """Return the receipt in ``data``, which the device has to have signed.

        Raises:
            FormatError: It is none, or somebody else's.
        """
        keys = keys_by_id(device_key)
        fields = decode_map(open_envelope(data, EnvelopeType.RELEASE_RECEIPT, keys))
        fields.version(_VERSION)
        receipt = cls(
            license_id=fields.octets(1, size=ID_SIZE),
            sequence=fields.integer(2, most=_MAX_NUMBER),
            device_id=fields.octets(3, size=ID_SIZE),
            released_at=fields.integer(4, most=_MAX_NUMBER),
        )
        fields.finish()
        return receipt
