"""A time token answers one nonce, and comes with one license or none (SPEC license 9.3)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vodseal.container.cbor import CborMap, decode, encode
from vodseal.credential.envelope import EnvelopeType, keys_by_id, open_envelope, seal_envelope
from vodseal.errors import LicenseReplayError, MalformedError, UnsupportedVersionError
from vodseal.license.time_token import MAX_WITHDRAWN, TimeToken, license_digest, open_time_token

KEY = Ed25519PrivateKey.from_private_bytes(b"t" * 32)
KEYS = keys_by_id(KEY.public_key())
NONCE = b"n" * 16
LICENSE = b"a license in its envelope"
BARE = TimeToken(time=1_700_000_000, nonce=NONCE)
FULL = replace(BARE, withdrawn=(b"1" * 16, b"2" * 16), license_digest=license_digest(LICENSE))


def rewritten(change: CborMap, *, drop: int | None = None) -> bytes:
    """The token with other fields, signed again: only the rules can refuse it."""
    fields = decode(open_envelope(BARE.seal(KEY), EnvelopeType.TIME_TOKEN, KEYS))
    assert isinstance(fields, dict)
    fields |= change
    if drop is not None:
        del fields[drop]
    return seal_envelope(EnvelopeType.TIME_TOKEN, encode(fields), KEY)


def test_the_payload_is_the_specification_s() -> None:
    assert decode(open_envelope(FULL.seal(KEY), EnvelopeType.TIME_TOKEN, KEYS)) == {
        0: 1,
        1: 1_700_000_000,
        2: NONCE,
        3: [b"1" * 16, b"2" * 16],
        4: hashlib.sha256(LICENSE).digest(),
    }


def test_an_answer_is_read_with_its_license_or_without_any() -> None:
    assert open_time_token(BARE.seal(KEY), KEYS, nonce=NONCE) == BARE
    assert open_time_token(FULL.seal(KEY), KEYS, nonce=NONCE, license_envelope=LICENSE) == FULL


@pytest.mark.parametrize(
    ("token", "nonce", "envelope", "words"),
    [
        (BARE, b"m" * 16, None, "answers another question"),
        (BARE, b"", None, "answers another question"),
        (BARE, NONCE, LICENSE, "not the one that the service answered with"),
        (BARE, NONCE, b"", "not the one that the service answered with"),
        (FULL, NONCE, None, "not the one that the service answered with"),
        (FULL, NONCE, LICENSE[:-1], "not the one that the service answered with"),
    ],
)
def test_an_answer_to_something_else_is_refused(
    token: TimeToken, nonce: bytes, envelope: bytes | None, words: str
) -> None:
    with pytest.raises(LicenseReplayError, match=words):
        open_time_token(token.seal(KEY), KEYS, nonce=nonce, license_envelope=envelope)


@pytest.mark.parametrize(
    "change",
    [
        {1: 0},
        {1: (1 << 53) + 1},
        {2: bytes(15)},
        {2: bytes(17)},
        {3: [b"1" * 15]},
        {3: ["text"]},
        {3: [b"1" * 16] * (MAX_WITHDRAWN + 1)},
        {4: bytes(33)},
        {5: 0},
    ],
)
def test_a_signed_token_that_breaks_a_rule_is_refused(change: CborMap) -> None:
    with pytest.raises(LicenseReplayError, match=r"^the service's time token: ") as refused:
        open_time_token(rewritten(change), KEYS, nonce=NONCE)
    assert isinstance(refused.value.__cause__, MalformedError)


@pytest.mark.parametrize("key", range(5))
def test_a_signed_token_without_a_field_is_refused(key: int) -> None:
    with pytest.raises(LicenseReplayError) as refused:
        open_time_token(rewritten({}, drop=key), KEYS, nonce=NONCE)
    assert isinstance(refused.value.__cause__, MalformedError)


@pytest.mark.parametrize("version", [0, 2])
def test_a_later_version_is_told(version: int) -> None:
    with pytest.raises(LicenseReplayError) as refused:
        open_time_token(rewritten({0: version}), KEYS, nonce=NONCE)
    assert isinstance(refused.value.__cause__, UnsupportedVersionError)


@pytest.mark.parametrize("time", [1, 1 << 53])
def test_bounds_are_taken(time: int) -> None:
    made = replace(BARE, time=time, withdrawn=(b"1" * 16,) * MAX_WITHDRAWN)
    assert open_time_token(made.seal(KEY), KEYS, nonce=NONCE) == made


def test_only_the_time_key_tells_the_time() -> None:
    stranger = Ed25519PrivateKey.from_private_bytes(b"x" * 32)
    with pytest.raises(LicenseReplayError):
        open_time_token(BARE.seal(stranger), KEYS, nonce=NONCE)
    other = seal_envelope(EnvelopeType.LICENSE, b"\xa0", KEY)
    with pytest.raises(LicenseReplayError):
        open_time_token(other, KEYS, nonce=NONCE)
