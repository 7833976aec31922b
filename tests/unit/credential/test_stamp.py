"""A stamp holds for one request of one device, and for a few minutes."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vodseal.credential.stamp import PARAMETER, WINDOW_SECONDS, Stamp, StampedRequest
from vodseal.errors import MalformedError, TamperedError

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()
NOW = 1_700_000_000.5
REQUEST = StampedRequest(
    method="POST",
    path="/",
    parameters={"Action": "EnrollDevice", "AppSerial": "ab" * 16, "Title": "Ünï &="},
    serial=b"s" * 16,
)
TEXT = REQUEST.sign(KEY, nonce=b"n" * 16, now=NOW)


def test_a_stamp_verifies_for_its_request() -> None:
    stamp = Stamp.parse(TEXT)
    REQUEST.verify(stamp, PUBLIC)
    assert (stamp.nonce, stamp.at, stamp.ends_at) == (
        b"n" * 16, 1_700_000_000, 1_700_000_000 + WINDOW_SECONDS
    )  # fmt: skip


def test_what_the_transport_adds_is_not_covered() -> None:
    added = dict.fromkeys(
        (PARAMETER, "AccessKeyId", "AuthInfo", "Format", "SecurityToken", "Signature",
         "SignatureMethod", "SignatureNonce", "SignatureType", "SignatureVersion", "Timestamp"),
        "x",
    )  # fmt: skip
    later = replace(REQUEST, parameters={**added, **REQUEST.parameters})
    later.verify(Stamp.parse(TEXT), PUBLIC)


@pytest.mark.parametrize(
    "changed",
    [
        replace(REQUEST, method="GET"),
        replace(REQUEST, path="/key"),
        replace(REQUEST, serial=b"t" * 16),
        replace(REQUEST, parameters={**REQUEST.parameters, "Title": "x"}),
        replace(REQUEST, parameters={**REQUEST.parameters, "Extra": ""}),
        replace(REQUEST, parameters={"Action": "EnrollDevice"}),
        replace(REQUEST, parameters={**REQUEST.parameters, "Version": "2017-03-21"}),
    ],
    ids=["method", "path", "serial", "value", "added", "dropped", "version"],
)
def test_a_stamp_is_of_no_use_for_another_request(changed: StampedRequest) -> None:
    with pytest.raises(TamperedError):
        changed.verify(Stamp.parse(TEXT), PUBLIC)


@pytest.mark.parametrize("public", [b"x" * 32, b"", PUBLIC[::-1]])
def test_a_stamp_is_of_no_use_to_another_device(public: bytes) -> None:
    with pytest.raises(TamperedError):
        REQUEST.verify(Stamp.parse(TEXT), public)


def test_every_flipped_bit_is_found() -> None:
    data = base64.b64decode(TEXT)
    for position in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises((TamperedError, MalformedError)):
            REQUEST.verify(Stamp.parse(base64.b64encode(flipped).decode()), PUBLIC)


@pytest.mark.parametrize("text", ["", "x", TEXT[:-4], TEXT + "AAAA", TEXT + "=", "é" * 120])
def test_what_is_no_stamp(text: str) -> None:
    with pytest.raises(MalformedError):
        Stamp.parse(text)


@pytest.mark.parametrize(
    ("age", "fresh"), [(-300, True), (-301, False), (0, True), (300, True), (301, False)]
)
def test_a_stamp_is_fresh_for_five_minutes_either_way(age: int, *, fresh: bool) -> None:
    stamp = Stamp.parse(TEXT)
    assert stamp.is_fresh(stamp.at + age) is fresh
    assert not stamp.is_fresh(stamp.ends_at + 1)


def test_a_time_beyond_what_a_double_can_count_is_no_time() -> None:
    data = base64.b64decode(TEXT)
    for at, good in (((1 << 53) - 1, True), (1 << 53, False)):
        text = base64.b64encode(data[:16] + at.to_bytes(8, "big") + data[24:]).decode()
        if good:
            assert Stamp.parse(text).at == at
        else:
            with pytest.raises(MalformedError):
                Stamp.parse(text)


@pytest.mark.parametrize("junk", ["!", "\n", " "])
def test_nothing_stands_between_the_letters_of_a_stamp(junk: str) -> None:
    with pytest.raises(MalformedError):
        Stamp.parse(TEXT[:9] + junk + TEXT[9:])


def test_the_message_is_the_specified_one() -> None:
    """Built by hand from SPEC rpc §11."""
    import hashlib

    import cbor2

    query = "Action=EnrollDevice&AppSerial=" + "ab" * 16 + "&Title=%C3%9Cn%C3%AF%20%26%3D"
    digest = hashlib.sha256(query.encode()).digest()
    message = b"vodseal1/request\0" + cbor2.dumps(
        ["POST", "/", digest, b"s" * 16, b"n" * 16, 1_700_000_000]
    )
    expected = b"n" * 16 + (1_700_000_000).to_bytes(8, "big") + KEY.sign(message)
    assert base64.b64encode(expected).decode() == TEXT
