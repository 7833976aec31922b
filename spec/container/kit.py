"""A second implementation of the sealed file, which can do wrong things too.

Written from SPEC.md alone; it imports nothing from ``src``. ``make.py`` builds
the vectors with it, and the tests cross it with the first implementation.
"""

import hashlib
import hmac
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

CHUNK, TAG, PART = 16384, 16, 8388608
KEY = hashlib.sha256(b"vector content key").digest()
OTHER_KEY = hashlib.sha256(b"another content key").digest()
FILE_ID = hashlib.sha256(b"vector file id").digest()[:16]
DOWNLOAD_ID = hashlib.sha256(b"vector download id").digest()[:16]
Edit = Callable[[bytearray], None]


def expand(key: bytes, info: bytes, size: int = 32) -> bytes:
    return HKDFExpand(algorithm=hashes.SHA256(), length=size, info=info).derive(key)


def stream(label: str, size: int) -> bytes:
    """Bytes that look random and are always the same."""
    return hashlib.shake_256(label.encode()).digest(size)


def message(
    key: bytes,
    context: bytes,
    plain: bytes,
    *,
    salt: str = "salt",
    chunks: Sequence[bytes] | None = None,
) -> bytes:
    """One sealed message; ``chunks`` replaces the right way of cutting the plaintext."""
    salted = hashlib.sha256(salt.encode() + context).digest()[:24]
    info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0" + salted + context
    okm = HKDFExpand(algorithm=hashes.SHA512(), length=76, info=info).derive(key)
    chunk_key, base, commitment = okm[:32], int.from_bytes(okm[32:44], "big"), okm[44:]
    cut = chunks or [plain[at : at + CHUNK] for at in range(0, len(plain) + 1, CHUNK)]
    sealed = (
        AESGCM(chunk_key).encrypt((base ^ i).to_bytes(12, "big"), chunk, None)
        for i, chunk in enumerate(cut)
    )
    return salted + commitment + b"".join(sealed)


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
        return integer(value)
    if isinstance(value, bytes):
        return integer(len(value), 2) + value
    if isinstance(value, str):
        return integer(len(value.encode()), 3) + value.encode()
    if isinstance(value, list):
        return integer(len(value), 4) + b"".join(map(cbor, value))
    assert isinstance(value, dict)
    pairs = (cbor(key) + cbor(item) for key, item in sorted(value.items()))
    return integer(len(value), 5) + b"".join(pairs)


@dataclass
class Raw:
    """CBOR that is already encoded, rightly or wrongly."""

    data: bytes


def meta_fields(plain_size: int, table: bytes) -> dict[int, object]:
    return {
        0: 1, 1: plain_size, 2: table, 3: "video/mp4", 5: "A title", 6: 20000,
        7: [{0: 1, 1: "h264", 2: 640, 3: 360, 4: 0, 5: 0, 6: ""}],
        11: 1700000000, 12: "vectors",
    }  # fmt: skip


def header(plain_size: int, meta_size: int, *, edit: Edit | None = None) -> bytes:
    """A header under a right MAC; ``edit`` changes what the MAC then covers."""
    count = plain_size // PART + 1
    at = 4096 + 56 + plain_size + TAG * (plain_size // CHUNK + 1)
    fixed = bytearray(b"\x89VSL\r\n\x1a\n" + bytes([1, 0, 1, 14]) + struct.pack(">I", 512))
    fixed += FILE_ID + DOWNLOAD_ID + bytes(16)
    fixed += struct.pack(">QQIIQ", plain_size, at, meta_size, count, 0)
    fixed += expand(KEY, b"vodseal1/kcv\0" + FILE_ID, 16)
    if edit:
        edit(fixed)
    mac = hmac.digest(expand(KEY, b"vodseal1/hdr\0" + FILE_ID), fixed, "sha256")
    return bytes(fixed + mac).ljust(4096, b"\0")


def sealed_meta(body: bytes) -> bytes:
    return message(
        expand(KEY, b"vodseal1/meta\0" + FILE_ID), b"vodseal1/meta\0" + FILE_ID, body, salt="meta"
    )


def sealed_part(
    plain: bytes,
    *,
    number: int = 0,
    file_id: bytes = FILE_ID,
    salt: str = "salt",
    chunks: Sequence[bytes] | None = None,
) -> bytes:
    context = b"vodseal1/part\0" + file_id + number.to_bytes(4, "big")
    key = expand(KEY, b"vodseal1/part\0" + file_id)
    return message(key, context, plain, salt=salt, chunks=chunks)


def whole(
    plain: bytes,
    *,
    part: bytes | None = None,
    fields: Callable[[dict[int, object]], object] | None = None,
    body: Callable[[bytes], bytes] | None = None,
    head: Edit | None = None,
    size: int | None = None,
) -> bytes:
    """A file of one part; every argument replaces one thing by a wrong one."""
    part = sealed_part(plain) if part is None else part
    size = len(plain) if size is None else size
    values = meta_fields(size, part[:56])
    if fields:
        fields(values)
    encoded = cbor(values)
    meta = sealed_meta(body(encoded) if body else encoded)
    return header(size, len(meta), edit=head) + part + meta


def flip(data: bytes, at: int, bit: int = 0) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1 << bit
    return bytes(changed)


def put(at: int, value: bytes) -> Edit:
    def edit(target: bytearray) -> None:
        target[at : at + len(value)] = value

    return edit
