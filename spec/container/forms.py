"""A second implementation of the sealed file, which can do wrong things too.

Written from SPEC.md alone; it imports nothing from ``src``.
"""

import hashlib
import hmac
import struct
from collections.abc import Callable, Sequence

from spec.kit import CHUNK, TAG, Edit, cbor, expand, hollow, message

PART = 8388608
KEY = hashlib.sha256(b"vector content key").digest()
OTHER_KEY = hashlib.sha256(b"another content key").digest()
FILE_ID = hashlib.sha256(b"vector file id").digest()[:16]
DOWNLOAD_ID = hashlib.sha256(b"vector download id").digest()[:16]


def meta_fields(plain_size: int, table: bytes) -> dict[int, object]:
    return {
        0: 1, 1: plain_size, 2: table, 3: "video/mp4", 5: "A title", 6: 20000,
        7: [{0: 1, 1: "h264", 2: 640, 3: 360, 4: 0, 5: 0, 6: ""}],
        11: 1700000000, 12: "vectors",
    }  # fmt: skip


def header(plain_size: int, meta_size: int, *, edit: Edit | None = None) -> bytes:
    """A header under a right MAC; ``edit`` changes what the MAC then covers."""
    count, rest = plain_size // PART + 1, plain_size % PART
    at = 4096 + (count - 1) * 8396872 + 56 + rest + TAG * (rest // CHUNK + 1)
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


def part_key(number: int, file_id: bytes = FILE_ID) -> tuple[bytes, bytes]:
    """Key and context of one part."""
    context = b"vodseal1/part\0" + file_id + number.to_bytes(4, "big")
    return expand(KEY, b"vodseal1/part\0" + file_id), context


def sealed_part(
    plain: bytes,
    *,
    number: int = 0,
    file_id: bytes = FILE_ID,
    salt: str = "salt",
    chunks: Sequence[bytes] | None = None,
) -> bytes:
    return message(*part_key(number, file_id), plain, salt=salt, chunks=chunks)


def full_part(number: int = 0) -> tuple[bytes, bytes]:
    """Plaintext and message of a part of 8 MiB."""
    return hollow(*part_key(number), PART)


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
    return assembled([part], size, fields=fields, body=body, head=head)


def assembled(
    parts: list[bytes],
    size: int,
    *,
    fields: Callable[[dict[int, object]], object] | None = None,
    body: Callable[[bytes], bytes] | None = None,
    head: Edit | None = None,
) -> bytes:
    """A file of these parts, whatever they are."""
    values = meta_fields(size, b"".join(part[:56] for part in parts))
    if fields:
        fields(values)
    encoded = cbor(values)
    meta = sealed_meta(body(encoded) if body else encoded)
    return header(size, len(meta), edit=head) + b"".join(parts) + meta
