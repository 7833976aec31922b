"""The installed HKDF, HMAC, Argon2id and BLAKE3: official values and limits."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from blake3 import blake3
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

H = bytes.fromhex
# RFC 5869, appendix A.1 to A.3: the expand step, from the pseudorandom key on.
HKDF = [
    (
        "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
        bytes(range(0xF0, 0xFA)),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    (
        "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
        bytes(range(0xB0, 0x100)),
        (
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c6"
            "5e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"
        ),
    ),
    (
        "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
        b"",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
]


@pytest.mark.parametrize(("key", "info", "expected"), HKDF)
def test_hkdf_gives_the_official_values(key: str, info: bytes, expected: str) -> None:
    wanted = H(expected)
    kdf = HKDFExpand(algorithm=hashes.SHA256(), length=len(wanted), info=info)
    assert kdf.derive(H(key)) == wanted


def expand(key: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869, 2.3, with SHA-512, for which the RFC has no values."""
    made = last = b""
    for i in range(1, -(-length // 64) + 1):
        last = hmac.digest(key, last + info + bytes([i]), "sha512")
        made += last
    return made[:length]


@pytest.mark.parametrize("length", [1, 63, 64, 65, 76, 128, 255 * 64])
def test_hkdf_with_sha512_is_what_the_rfc_says(length: int) -> None:
    key, info = bytes(range(32)), b"an info"
    kdf = HKDFExpand(algorithm=hashes.SHA512(), length=length, info=info)
    assert kdf.derive(key) == expand(key, info, length)


@pytest.mark.parametrize("length", [255 * 32 + 1, 1 << 20])
def test_hkdf_gives_no_more_than_255_blocks(length: int) -> None:
    with pytest.raises(ValueError, match="8160"):
        HKDFExpand(algorithm=hashes.SHA256(), length=length, info=b"")


def test_hmac_gives_the_official_values() -> None:
    """RFC 4231, cases 1, 2 and 6 (a key longer than a block); RFC 2202, case 1, with SHA-1."""
    cases = [
        (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First", "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
    ]  # fmt: skip
    for key, text, expected in cases:
        assert hmac.digest(key, text, hashlib.sha256) == H(expected)
    sha1 = hmac.new(b"\x0b" * 20, b"Hi There", hashlib.sha1)
    assert sha1.hexdigest() == "b617318655057264e28bc0b6fb378c8ef146be00"


def test_argon2id_gives_the_official_value() -> None:
    """RFC 9106, 5.3."""
    kdf = Argon2id(
        salt=b"\2" * 16, length=32, iterations=3, lanes=4, memory_cost=32,
        ad=b"\4" * 12, secret=b"\3" * 8,
    )  # fmt: skip
    expected = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
    assert kdf.derive(b"\1" * 32) == H(expected)


@pytest.mark.parametrize(
    "wrong", [{"iterations": 0}, {"lanes": 0}, {"memory_cost": 7}, {"salt": bytes(7)}]
)
def test_argon2id_refuses_what_the_rfc_does_not_allow(wrong: dict[str, int]) -> None:
    right: dict[str, object] = {
        "salt": bytes(16), "length": 32, "iterations": 1, "lanes": 1, "memory_cost": 8
    }  # fmt: skip
    with pytest.raises(ValueError, match="must be"):
        Argon2id(**(right | wrong))  # type: ignore[arg-type]  # keywords from a table


def test_argon2id_depends_on_everything_that_it_is_given() -> None:
    base: dict[str, object] = {
        "salt": bytes(16), "length": 32, "iterations": 1, "lanes": 1, "memory_cost": 64
    }  # fmt: skip
    changes: list[dict[str, object]] = [
        {}, {"salt": bytes(15) + b"\1"}, {"iterations": 2}, {"lanes": 2}, {"memory_cost": 65},
    ]  # fmt: skip
    made = {Argon2id(**(base | change)).derive(b"string") for change in changes}  # type: ignore[arg-type]  # keywords from a table
    made.add(Argon2id(**base).derive(b"strinG"))  # type: ignore[arg-type]  # keywords from a table
    assert len(made) == len(changes) + 1


def test_blake3_gives_the_official_value() -> None:
    empty = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    assert blake3(b"").hexdigest() == empty
