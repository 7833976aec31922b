"""What a second implementation of all our formats is built from, right or wrong on purpose.

Written from the SPEC.md files alone. It imports the standard library and
``cryptography``, and nothing of ``src``; tests/vectors/test_generators.py says so.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

CHUNK, TAG = 16384, 16
Edit = Callable[[bytearray], None]


def stream(label: str, size: int) -> bytes:
    """Bytes that look random and are always the same."""
    return hashlib.shake_256(label.encode()).digest(size)


def flip(data: bytes, at: int, bit: int = 0) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1 << bit
    return bytes(changed)


def put(at: int, value: bytes) -> Edit:
    def edit(target: bytearray) -> None:
        target[at : at + len(value)] = value

    return edit


def expand(key: bytes, info: bytes, size: int = 32) -> bytes:
    return HKDFExpand(algorithm=hashes.SHA256(), length=size, info=info).derive(key)


# Messages: SPEC container, 4.


def prefix_of(key: bytes, context: bytes, salt: str) -> tuple[bytes, AESGCM, int]:
    """Salt and commitment, cipher and base nonce of a message."""
    salted = hashlib.sha256(salt.encode() + context).digest()[:24]
    info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0" + salted + context
    okm = HKDFExpand(algorithm=hashes.SHA512(), length=76, info=info).derive(key)
    return salted + okm[44:], AESGCM(okm[:32]), int.from_bytes(okm[32:44], "big")


def message(
    key: bytes,
    context: bytes,
    plain: bytes,
    *,
    salt: str = "salt",
    chunks: Sequence[bytes] | None = None,
) -> bytes:
    """One sealed message; ``chunks`` replaces the right way of cutting the plaintext."""
    prefix, cipher, base = prefix_of(key, context, salt)
    cut = chunks or [plain[at : at + CHUNK] for at in range(0, len(plain) + 1, CHUNK)]
    sealed = (
        cipher.encrypt((base ^ i).to_bytes(12, "big"), chunk, None) for i, chunk in enumerate(cut)
    )
    return prefix + b"".join(sealed)


def hollow(key: bytes, context: bytes, size: int, *, salt: str = "salt") -> tuple[bytes, bytes]:
    """A plaintext whose sealed chunks are zeros but for their tags, and its message.

    It is as good as any other, and a vector of many megabytes stays small.
    """
    _, cipher, base = prefix_of(key, context, salt)
    plain = b"".join(
        cipher.encrypt((base ^ i).to_bytes(12, "big"), bytes(min(CHUNK, size - at)), None)[:-TAG]
        for i, at in enumerate(range(0, size, CHUNK))
    )
    return plain, message(key, context, plain, salt=salt)


# CBOR: SPEC container, 6.1.


@dataclass
class Raw:
    """CBOR that is already encoded, rightly or wrongly."""

    data: bytes


def integer(value: int, major: int = 0) -> bytes:
    """The head of a CBOR item."""
    if value < 24:
        return bytes([major << 5 | value])
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 1 << 8 * size:
            return bytes([major << 5 | code]) + value.to_bytes(size, "big")
    raise ValueError(value)


def cbor(value: object) -> bytes:
    if isinstance(value, Raw):
        return value.data
    if isinstance(value, int):
        return (b"\xf4", b"\xf5")[value] if isinstance(value, bool) else integer(value)
    if isinstance(value, bytes):
        return integer(len(value), 2) + value
    if isinstance(value, str):
        return integer(len(value.encode()), 3) + value.encode()
    if isinstance(value, list):
        return integer(len(value), 4) + b"".join(map(cbor, value))
    assert isinstance(value, dict)
    pairs = (cbor(key) + cbor(item) for key, item in sorted(value.items()))
    return integer(len(value), 5) + b"".join(pairs)


# Keys and signatures: SPEC credential, 2.


def signing_key(label: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(stream("ed25519 " + label, 32))


def kem_key(label: str) -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(stream("x25519 " + label, 32))


def public(key: Ed25519PrivateKey | X25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def not_reduced(signature: bytes) -> bytes:
    """The same signature with a scalar that RFC 8032, 5.1.7 refuses."""
    order = 2**252 + 27742317777372353535851937790883648493
    scalar = int.from_bytes(signature[-32:], "little") + order
    return signature[:-32] + scalar.to_bytes(32, "little")


def envelope(
    kind: int,
    payload: bytes,
    signer: Ed25519PrivateKey,
    *,
    head: Edit | None = None,
    domain: bytes = b"vodseal1/env\0",
) -> bytes:
    """A signed object; ``head`` changes what the signature then covers."""
    header = bytearray(b"\x89VSE\r\n\x1a\n" + bytes([1, kind, 0, 1]))
    header += hashlib.sha256(b"vodseal1/kid\0" + public(signer)).digest()[:8]
    header += len(payload).to_bytes(4, "big")
    if head:
        head(header)
    covered = bytes(header) + payload
    return covered + signer.sign(domain + covered)


# HPKE: RFC 9180, base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.


def extract(salt: bytes, key: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), key, "sha256")


def labelled(suite: bytes, salt: bytes, label: bytes, key: bytes) -> bytes:
    return extract(salt, b"HPKE-v1" + suite + label + key)


def expanded(suite: bytes, key: bytes, label: bytes, info: bytes, size: int) -> bytes:
    return expand(key, size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, size)


def hpke(recipient: bytes, info: bytes, plain: bytes, *, label: str, low: bytes = b"") -> bytes:
    """``plain`` for one key; the ephemeral key follows from ``label``.

    ``low`` is a point of low order in its place: the secret is zero whatever the
    recipient's key is, so that anybody could have made this.
    """
    ephemeral = kem_key("ephemeral " + label)
    secret = bytes(32) if low else ephemeral.exchange(X25519PublicKey.from_public_bytes(recipient))
    enc = low or public(ephemeral)
    key, nonce = hpke_keys(enc, recipient, secret, info)
    return enc + AESGCM(key).encrypt(nonce, plain, None)


def hpke_keys(
    enc: bytes, recipient: bytes, secret: bytes, info: bytes, *, cipher: int = 2, size: int = 32
) -> tuple[bytes, bytes]:
    """Key and nonce of the one message; ``cipher`` is the AEAD's number, 2 for AES-256-GCM."""
    kem, suite = b"KEM\0\x20", b"HPKE\0\x20\0\1\0" + bytes([cipher])
    prk = labelled(kem, b"", b"eae_prk", secret)
    shared = expanded(kem, prk, b"shared_secret", enc + recipient, 32)
    context = b"\0" + labelled(suite, b"", b"psk_id_hash", b"")
    context += labelled(suite, b"", b"info_hash", info)
    secret = labelled(suite, shared, b"secret", b"")
    key = expanded(suite, secret, b"key", context, size)
    return key, expanded(suite, secret, b"base_nonce", context, 12)
