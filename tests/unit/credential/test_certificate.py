"""A certificate says what the service recorded, and every altered bit is found."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vodseal.container.cbor import CborMap, decode_map, encode
from vodseal.credential.certificate import DeviceCertificate
from vodseal.credential.device import KeyStoreLevel, derive_device_keys
from vodseal.credential.envelope import (
    EnvelopeType,
    keys_by_id,
    open_envelope,
    seal_envelope,
)
from vodseal.credential.requirements import IdentityLevel
from vodseal.errors import (
    FormatError,
    MalformedError,
    MisuseError,
    UnsupportedVersionError,
    WrongKeyError,
)

KEY = Ed25519PrivateKey.from_private_bytes(b"e" * 32)
KEYS = keys_by_id(KEY.public_key())
DEVICE = derive_device_keys(b"d" * 32)
CERTIFICATE = DeviceCertificate(
    kem_public_key=DEVICE.kem.public_key().public_bytes_raw(),
    signing_public_key=DEVICE.signing.public_key().public_bytes_raw(),
    serial=b"s" * 16,
    fingerprint=b"f" * 32,
    identity_level=IdentityLevel.MANIFEST,
    key_store_level=KeyStoreLevel.SYSTEM,
    issued_at=1_000,
    expires_at=2_000,
)
SEALED = CERTIFICATE.seal(KEY)


def altered(**fields: object) -> bytes:
    payload = decode_map(open_envelope(SEALED, EnvelopeType.DEVICE_CERTIFICATE, KEYS))
    values: CborMap = {number: payload._take(number) for number in payload.remaining()}
    for name, value in fields.items():
        number = int(name.removeprefix("f"))
        if value is None:
            del values[number]
        else:
            values[number] = value  # type: ignore[assignment]  # wrong on purpose
    return seal_envelope(EnvelopeType.DEVICE_CERTIFICATE, encode(values), KEY)


def test_a_certificate_comes_back_as_it_was_issued() -> None:
    assert DeviceCertificate.open(SEALED, KEYS) == CERTIFICATE
    assert CERTIFICATE.device_id == DEVICE.device_id


def test_it_ends_when_it_says() -> None:
    assert CERTIFICATE.holds(1_999.9)
    assert not CERTIFICATE.holds(2_000)
    unlimited = DeviceCertificate.open(altered(f9=0), KEYS)
    assert unlimited.holds(1e12)


def test_every_flipped_bit_is_found() -> None:
    for position in range(len(SEALED) * 8):
        data = bytearray(SEALED)
        data[position // 8] ^= 1 << position % 8
        with pytest.raises(FormatError):
            DeviceCertificate.open(bytes(data), KEYS)


@pytest.mark.parametrize("size", range(0, len(SEALED), 7))
def test_a_cut_certificate_is_none(size: int) -> None:
    with pytest.raises(FormatError):
        DeviceCertificate.open(SEALED[:size], KEYS)


def test_a_key_that_is_not_for_certificates_signs_none() -> None:
    other = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
    with pytest.raises(WrongKeyError):
        DeviceCertificate.open(CERTIFICATE.seal(other), KEYS)


def test_another_type_is_no_certificate() -> None:
    payload = open_envelope(SEALED, EnvelopeType.DEVICE_CERTIFICATE, KEYS)
    with pytest.raises(MalformedError):
        DeviceCertificate.open(seal_envelope(EnvelopeType.LICENSE, payload, KEY), KEYS)


@pytest.mark.parametrize(
    "fields",
    [
        {"f1": b"x" * 16},
        {"f2": b"x" * 32},
        {"f2": b"x" * 31},
        {"f4": b"s" * 17},
        {"f6": 4},
        {"f6": -1},
        {"f7": 3},
        {"f7": True},
        {"f8": -1},
        {"f9": (1 << 53) + 1},
        {"f9": None},
        {"f10": 0},
    ],
    ids=str,
)
def test_signed_or_not_a_rule_is_a_rule(fields: dict[str, object]) -> None:
    with pytest.raises(MalformedError):
        DeviceCertificate.open(altered(**fields), KEYS)


def test_another_version_is_not_read() -> None:
    with pytest.raises(UnsupportedVersionError):
        DeviceCertificate.open(altered(f0=2), KEYS)


@pytest.mark.parametrize("field", ["kem_public_key", "serial", "fingerprint", "issued_at"])
def test_none_is_made_that_could_not_be_read(field: str) -> None:
    values = {name: getattr(CERTIFICATE, name) for name in DeviceCertificate.__slots__}
    with pytest.raises(MisuseError):
        DeviceCertificate(**(values | {field: -1 if field == "issued_at" else b"x"}))
