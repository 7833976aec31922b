from __future__ import annotations

import hashlib
import hmac

import pytest

from vodseal.credential.device import derive_device_keys, device_id
from vodseal.errors import MisuseError


def expand(info: bytes) -> bytes:
    """HKDF-Expand of RFC 5869, 2.3, for one block, from the seed of these tests."""
    return hmac.digest(b"s" * 32, info + b"\1", hashlib.sha256)


def test_a_seed_gives_the_same_keys_for_ever() -> None:
    keys = derive_device_keys(b"s" * 32)
    assert keys.kem.private_bytes_raw() == expand(b"vodseal1/device-kem\0")
    assert keys.signing.private_bytes_raw() == expand(b"vodseal1/device-sign\0")
    assert keys.state_key == expand(b"vodseal1/device-state\0")
    assert keys.device_id.hex() == "9fc7a9de0fdda408bcfae1140ff54bea"


def test_no_two_of_its_keys_are_alike() -> None:
    keys = derive_device_keys(b"s" * 32)
    raw = {keys.kem.private_bytes_raw(), keys.signing.private_bytes_raw(), keys.state_key}
    assert len(raw) == 3
    assert derive_device_keys(b"t" * 32).device_id != keys.device_id


def test_the_id_is_the_hash_of_both_public_keys() -> None:
    keys = derive_device_keys(b"s" * 32)
    kem = keys.kem.public_key().public_bytes_raw()
    signing = keys.signing.public_key().public_bytes_raw()
    expected = hashlib.sha256(b"vodseal1/device\0" + kem + signing).digest()[:16]
    assert keys.device_id == device_id(kem, signing) == expected


def test_no_key_shows_in_a_repr() -> None:
    keys = derive_device_keys(b"s" * 32)
    assert "key" not in repr(keys).lower().replace("devicekeys", "")


def test_a_seed_has_32_bytes() -> None:
    with pytest.raises(MisuseError):
        derive_device_keys(b"s" * 31)
