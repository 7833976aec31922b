"""The installed AES-256-GCM and AES-128-CBC: official values, and what they must refuse."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vodseal.download.check import open_transport

H = bytes.fromhex
# D. McGrew and J. Viega, "The Galois/Counter Mode of Operation", appendix B, cases 13 to 16.
KEY = H("feffe9928665731c6d6a8f9467308308" * 2)
IV = H("cafebabefacedbaddecaf888")
PLAIN = H(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"
)
SEALED = H(
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
)
EXTRA = H("feedfacedeadbeeffeedfacedeadbeefabaddad2")
GCM = [
    (bytes(32), bytes(12), b"", b"", b"", H("530f8afbc74536b9a963b4f1c4cb738b")),
    (
        bytes(32), bytes(12), b"", bytes(16), H("cea7403d4d606b6e074ec5d3baf39d18"),
        H("d0d1c8a799996bf0265b98b5d48ab919"),
    ),
    (KEY, IV, b"", PLAIN, SEALED, H("b094dac5d93471bdec1a502270e3cc6c")),
    (KEY, IV, EXTRA, PLAIN[:60], SEALED[:60], H("76fc6ece0f4e1768cddf8853bb2d551b")),
]  # fmt: skip


@pytest.mark.parametrize("case", GCM)
def test_gcm_gives_the_official_values(case: tuple[bytes, ...]) -> None:
    key, nonce, extra, plain, sealed, tag = case
    cipher, room = AESGCM(key), bytearray(len(plain))
    assert cipher.encrypt(nonce, plain, extra) == sealed + tag
    assert cipher.decrypt(nonce, sealed + tag, extra) == plain
    assert cipher.decrypt_into(nonce, sealed + tag, extra, room) == len(plain)
    assert room == plain


def test_gcm_refuses_every_altered_bit() -> None:
    sealed = bytearray(SEALED + GCM[2][5])
    for bit in range(8 * len(sealed)):
        sealed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(InvalidTag):
            AESGCM(KEY).decrypt(IV, bytes(sealed), None)
        sealed[bit // 8] ^= 1 << bit % 8


@pytest.mark.parametrize("size", range(16))
def test_gcm_takes_no_shortened_tag(size: int) -> None:
    """NIST SP 800-38D allows tags from 4 bytes; a reader of ours would then believe a forgery."""
    for sealed in (SEALED + GCM[2][5][:size], GCM[0][5][:size]):
        with pytest.raises(InvalidTag):
            AESGCM(KEY).decrypt(IV, sealed, None)


@pytest.mark.parametrize(
    ("key", "nonce", "extra"),
    [
        (KEY[::-1], IV, b""),
        (KEY, IV[::-1], b""),
        (KEY, IV, b"\0"),
        (KEY, IV + b"\0", b""),
        (KEY[:16], IV, b""),
    ],
)
def test_gcm_refuses_another_key_nonce_or_context(key: bytes, nonce: bytes, extra: bytes) -> None:
    with pytest.raises(InvalidTag):
        AESGCM(key).decrypt(nonce, SEALED + GCM[2][5], extra)


@pytest.mark.parametrize("size", [0, 15, 17, 31, 33, 64])
def test_gcm_takes_no_key_of_another_size(size: int) -> None:
    with pytest.raises(ValueError, match="128, 192, or 256"):
        AESGCM(bytes(size))


# NIST SP 800-38A, F.2.1.
CBC_KEY, CBC_IV = H("2b7e151628aed2a6abf7158809cf4f3c"), bytes(range(16))
CBC_PLAIN = H(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
CBC_SEALED = H(
    "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
    "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7"
)


def cbc(plain: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(CBC_KEY), modes.CBC(CBC_IV)).encryptor()
    return encryptor.update(plain) + encryptor.finalize()


def opened(sealed: bytes) -> bytes | None:
    room = memoryview(bytearray(len(sealed) + 16))
    found = open_transport(memoryview(sealed), CBC_KEY, CBC_IV, room)
    return None if found is None else bytes(found)


def test_cbc_gives_the_official_values() -> None:
    assert cbc(CBC_PLAIN) == CBC_SEALED
    decryptor = Cipher(algorithms.AES(CBC_KEY), modes.CBC(CBC_IV)).decryptor()
    assert decryptor.update(CBC_SEALED) + decryptor.finalize() == CBC_PLAIN


@pytest.mark.parametrize("size", range(1, 17))
def test_every_right_padding_is_taken_off(size: int) -> None:
    plain = bytes(range(32))[: 32 - size]
    assert opened(cbc(plain + bytes([size]) * size)) == plain


WRONG = [
    bytes(16),
    b"\x11" * 32,
    b"\xff" * 16,
    bytes(14) + b"\1\2",
    bytes(13) + b"\3\2\3",
    b"\x0f" + b"\x10" * 15,
    bytes(15) + b"\x80",
    b"\x01" + bytes(15),
]


@pytest.mark.parametrize("end", WRONG, ids=lambda end: end.hex())
def test_no_wrong_padding_is_taken_off(end: bytes) -> None:
    """RFC 5652, 6.3: all of the padding bytes are their number, from 1 to 16."""
    assert opened(cbc(bytes(16) + end)) is None


@pytest.mark.parametrize("size", [0, 1, 15, 17, 31])
def test_no_wrong_length_is_taken(size: int) -> None:
    assert opened(cbc(bytes(range(16)) + b"\x10" * 16)[:size]) is None
