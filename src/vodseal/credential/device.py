"""The keys of one device, all from one seed (SPEC credential §5).

The seed is 32 random bytes that the vault keeps for an app on a device. What a
service learns are the two public keys; the device id is their hash, so it
cannot be chosen.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from vodseal.container.keys import ID_SIZE, hkdf_expand

__all__ = ["DeviceKeys", "KeyStoreLevel", "derive_device_keys", "device_id"]

_KEM: Final = b"vodseal1/device-kem\0"
_SIGNING: Final = b"vodseal1/device-sign\0"
_STATE: Final = b"vodseal1/device-state\0"
_ID: Final = b"vodseal1/device\0"


class KeyStoreLevel(IntEnum):
    """How well a device keeps its seed (SPEC credential §5.1). The device says so itself."""

    FILE = 0
    """A file of the user's: a copy of the user's folder takes it along."""

    SYSTEM = 1
    """The key store of the operating system, which the user's password opens."""

    TPM = 2
    """Sealed by a chip of this machine."""

    @property
    def label(self) -> str:
        """Return how it is called in answers: ``file``, ``system``, ``tpm``."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceKeys:
    """What a device opens, signs and stores with."""

    device_id: bytes
    """16 bytes: the hash of both public keys."""

    kem: X25519PrivateKey = field(repr=False)
    """Opens the inner wrap of a license."""

    signing: Ed25519PrivateKey = field(repr=False)
    """Signs requests, receipts and local licenses."""

    state_key: bytes = field(repr=False)
    """Seals what the device keeps for itself."""


def derive_device_keys(seed: bytes) -> DeviceKeys:
    """Return the keys of the device with this 32-byte seed.

    Raises:
        MisuseError: ``seed`` is not 32 bytes.
    """
    kem = X25519PrivateKey.from_private_bytes(hkdf_expand(seed, _KEM))
    signing = Ed25519PrivateKey.from_private_bytes(hkdf_expand(seed, _SIGNING))
    return DeviceKeys(
        device_id=device_id(
            kem.public_key().public_bytes_raw(), signing.public_key().public_bytes_raw()
        ),
        kem=kem,
        signing=signing,
        state_key=hkdf_expand(seed, _STATE),
    )


def device_id(kem_public_key: bytes, signing_public_key: bytes) -> bytes:
    """Return the id of the device with these public keys, 32 bytes each."""
    return hashlib.sha256(_ID + kem_public_key + signing_public_key).digest()[:ID_SIZE]
