"""The installed Ed25519, X25519 and HPKE: official values, and what they must refuse."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from spec.kit import hpke, hpke_keys, kem_key, public

H = bytes.fromhex
# RFC 8032, 7.1: TEST 1, 2, 3 and SHA(abc).
ED25519 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", b"",
        ("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
        "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", b"\x72",
        ("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", b"\xaf\x82",
        ("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        hashlib.sha512(b"abc").digest(),
        ("dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
        "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"),
    ),
]  # fmt: skip
ORDER = 2**252 + 27742317777372353535851937790883648493
FIELD = 2**255 - 19
KEY, MESSAGE = Ed25519PrivateKey.from_private_bytes(H(ED25519[1][0])), ED25519[1][1]
SIGNATURE = H(ED25519[1][2])


@pytest.mark.parametrize(("secret", "message", "signature"), ED25519)
def test_ed25519_gives_the_official_values(secret: str, message: bytes, signature: str) -> None:
    key = Ed25519PrivateKey.from_private_bytes(H(secret))
    assert key.sign(message) == H(signature)
    key.public_key().verify(H(signature), message)


def refuses(signature: bytes, message: bytes = MESSAGE, key: bytes | None = None) -> None:
    found = KEY.public_key() if key is None else Ed25519PublicKey.from_public_bytes(key)
    with pytest.raises(InvalidSignature):
        found.verify(signature, message)


def test_ed25519_refuses_every_altered_bit() -> None:
    altered = bytearray(SIGNATURE)
    for bit in range(8 * len(altered)):
        altered[bit // 8] ^= 1 << bit % 8
        refuses(bytes(altered))
        altered[bit // 8] ^= 1 << bit % 8


@pytest.mark.parametrize("times", range(1, 16))
def test_ed25519_refuses_a_scalar_that_is_not_reduced(times: int) -> None:
    """RFC 8032, 5.1.7, step 1: else one signature could be turned into another one."""
    scalar = int.from_bytes(SIGNATURE[32:], "little") + times * ORDER
    assert scalar < 1 << 256
    refuses(SIGNATURE[:32] + scalar.to_bytes(32, "little"))


@pytest.mark.parametrize("size", [0, 1, 32, 63, 65, 128])
def test_ed25519_refuses_a_signature_of_another_length(size: int) -> None:
    refuses((SIGNATURE + bytes(64))[:size])


@pytest.mark.parametrize(
    "point", [bytes(32), b"\1" + bytes(31), b"\xff" * 32, FIELD.to_bytes(32, "little")]
)
def test_ed25519_refuses_a_point_that_is_not_the_right_one(point: bytes) -> None:
    refuses(point + SIGNATURE[32:])
    refuses(SIGNATURE, key=point)


def test_ed25519_refuses_another_message_or_key() -> None:
    refuses(SIGNATURE, b"")
    refuses(SIGNATURE, MESSAGE + b"\0")
    refuses(SIGNATURE, key=public(Ed25519PrivateKey.from_private_bytes(H(ED25519[0][0]))))


# RFC 7748, 5.2.
X25519 = [
    (
        "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
        "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
    ),
    (
        "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
        "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
        "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
    ),
]
LOW_ORDER = [
    bytes(32),
    b"\1" + bytes(31),
    H("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    H("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    (FIELD - 1).to_bytes(32, "little"),
    FIELD.to_bytes(32, "little"),
    (FIELD + 1).to_bytes(32, "little"),
]


def exchange(secret: bytes, point: bytes) -> bytes:
    mine = X25519PrivateKey.from_private_bytes(secret)
    return mine.exchange(X25519PublicKey.from_public_bytes(point))


@pytest.mark.parametrize(("secret", "point", "shared"), X25519)
def test_x25519_gives_the_official_values(secret: str, point: str, shared: str) -> None:
    assert exchange(H(secret), H(point)) == H(shared)


def test_x25519_gives_the_official_value_after_a_thousand_rounds() -> None:
    scalar = point = b"\x09" + bytes(31)
    for _ in range(1000):
        scalar, point = exchange(scalar, point), scalar
    assert scalar == H("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51")


@pytest.mark.parametrize("point", LOW_ORDER, ids=lambda point: point.hex()[:8])
@pytest.mark.parametrize("top", [0, 0x80])
def test_x25519_refuses_a_point_of_low_order(point: bytes, top: int) -> None:
    """The secret would be zero, whatever the key (RFC 7748, 6.1; RFC 9180, 7.1.4)."""
    with pytest.raises(ValueError, match="shared key"):
        exchange(H(X25519[0][0]), point[:31] + bytes([point[31] | top]))


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_keys_of_another_length_are_refused(size: int) -> None:
    for kind in (X25519PublicKey, Ed25519PublicKey):
        with pytest.raises(ValueError, match="32 bytes"):
            kind.from_public_bytes(bytes(size))


# RFC 9180, A.1.1: base mode, X25519, HKDF-SHA256, AES-128-GCM.
INFO = H("4f6465206f6e2061204772656369616e2055726e")
SENDER = H("52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736")
RECIPIENT = H("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8")
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def test_our_second_implementation_derives_the_official_keys() -> None:
    """The library takes neither a fixed sender nor associated data; what it has to open does."""
    sender, recipient = map(X25519PrivateKey.from_private_bytes, (SENDER, RECIPIENT))
    enc, whose = public(sender), public(recipient)
    assert enc == H("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431")
    assert whose == H("3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d")
    secret = sender.exchange(recipient.public_key())
    key, nonce = hpke_keys(enc, whose, secret, INFO, cipher=1, size=16)
    assert key == H("4531685d41d65f03dc48f6b8302c05b0")
    assert nonce == H("56d890e5accaaf011cff4b7d")


def test_the_library_opens_what_the_second_implementation_sealed() -> None:
    sealed = hpke(public(kem_key("app")), INFO, b"a key", label="test")
    assert SUITE.decrypt(sealed, kem_key("app"), info=INFO) == b"a key"
    for info in (b"", INFO + b"\0", INFO[:-1]):
        with pytest.raises(InvalidTag):
            SUITE.decrypt(sealed, kem_key("app"), info=info)
    with pytest.raises(InvalidTag):
        SUITE.decrypt(sealed, kem_key("other app"), info=INFO)


def test_hpke_refuses_every_altered_bit_and_every_length() -> None:
    key, sealed = kem_key("app"), bytearray(hpke(public(kem_key("app")), INFO, b"key", label="x"))
    for bit in range(8 * len(sealed)):
        sealed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(InvalidTag):
            SUITE.decrypt(bytes(sealed), key, info=INFO)
        sealed[bit // 8] ^= 1 << bit % 8
    for size in range(len(sealed)):
        with pytest.raises((InvalidTag, ValueError)):
            SUITE.decrypt(bytes(sealed[:size]), key, info=INFO)


@pytest.mark.parametrize("point", LOW_ORDER, ids=lambda point: point.hex()[:8])
def test_hpke_refuses_a_share_of_low_order(point: bytes) -> None:
    """Anybody can make these, for any recipient, without a key."""
    forged = hpke(public(kem_key("app")), INFO, b"a key", label="x", low=point)
    with pytest.raises((InvalidTag, ValueError)):
        SUITE.decrypt(forged, kem_key("app"), info=INFO)
