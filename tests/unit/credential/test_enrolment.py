"""A challenge opens for one app, one attempt and one device."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from vodseal.credential.enrolment import (
    NONCE_SIZE,
    SECRET_SIZE,
    open_challenge,
    seal_challenge,
)
from vodseal.errors import WrongKeyError

APP, OTHER = (X25519PrivateKey.from_private_bytes(byte * 32) for byte in (b"a", b"o"))
NONCE, DEVICE, SECRET = b"n" * NONCE_SIZE, b"d" * 16, b"s" * SECRET_SIZE
CHALLENGE = seal_challenge(SECRET, app_public_key=APP.public_key(), nonce=NONCE, device_id=DEVICE)


def test_who_holds_the_apps_key_opens_it() -> None:
    assert open_challenge(CHALLENGE, app_key=APP, nonce=NONCE, device_id=DEVICE) == SECRET
    assert SECRET not in CHALLENGE


@pytest.mark.parametrize(
    ("challenge", "app_key", "nonce", "device"),
    [
        (CHALLENGE, OTHER, NONCE, DEVICE),
        (CHALLENGE, APP, b"m" * NONCE_SIZE, DEVICE),
        (CHALLENGE, APP, NONCE, b"e" * 16),
        (CHALLENGE[:-1], APP, NONCE, DEVICE),
        (CHALLENGE[:-1] + bytes([CHALLENGE[-1] ^ 1]), APP, NONCE, DEVICE),
        (b"", APP, NONCE, DEVICE),
    ],
    ids=["app", "nonce", "device", "cut", "altered", "empty"],
)
def test_nobody_else_does(
    challenge: bytes, app_key: X25519PrivateKey, nonce: bytes, device: bytes
) -> None:
    with pytest.raises(WrongKeyError):
        open_challenge(challenge, app_key=app_key, nonce=nonce, device_id=device)
