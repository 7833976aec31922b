"""The first 4,096 bytes of a sealed file (SPEC container §5).

A header is written last, so a file that has one is complete. It is read in a
fixed order, cheapest and most telling first: magic and version, then the key
check value (is this the right key at all?), then the MAC, and only under the
MAC are lengths believed.
"""

from __future__ import annotations

import hmac
import struct
from dataclasses import dataclass
from typing import Final

from vodseal.container.keys import ID_SIZE, KCV_SIZE, header_mac, key_check_value
from vodseal.container.layout import (
    CHUNK_SIZE_LOG2,
    CHUNKS_PER_PART,
    HEADER_SIZE,
    MAGIC,
    MAX_META_SIZE,
    MAX_PLAINTEXT_SIZE,
    meta_offset,
    part_count,
    sealed_message_size,
)
from vodseal.errors import (
    MalformedError,
    MisuseError,
    NotSealedError,
    TamperedError,
    TruncatedError,
    UnsupportedVersionError,
    WrongKeyError,
)

__all__ = ["SUITE_COBBLESTONE_256", "Header"]

MAJOR: Final = 1
MINOR: Final = 0
SUITE_COBBLESTONE_256: Final = 1

_FIXED: Final = struct.Struct(">8sBBBBI16s16s16sQQIIQ16s")
_MAC_AT: Final = _FIXED.size
_PADDING_AT: Final = 144
_RESERVED: Final = bytes(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the header says; everything else follows from it."""

    file_id: bytes
    """16 random bytes of this sealing."""

    download_id: bytes
    """16 bytes; the license with this id opens the file."""

    plaintext_size: int
    meta_size: int

    @property
    def part_count(self) -> int:
        """How many parts the file has."""
        return part_count(self.plaintext_size)

    @property
    def meta_offset(self) -> int:
        """Where the meta begins."""
        return meta_offset(self.plaintext_size)

    @property
    def file_size(self) -> int:
        """How long the whole file is, to the byte."""
        return self.meta_offset + self.meta_size

    def encode(self, content_key: bytes) -> bytes:
        """Return the header's 4,096 bytes, authenticated under ``content_key``.

        Raises:
            MisuseError: A field does not fit its place.
        """
        if (
            len(self.file_id) != ID_SIZE
            or len(self.download_id) != ID_SIZE
            or not 0 <= self.plaintext_size <= MAX_PLAINTEXT_SIZE
            or not sealed_message_size(1) <= self.meta_size <= MAX_META_SIZE
        ):
            raise MisuseError("a header field does not fit its place")
        covered = _FIXED.pack(
            MAGIC, MAJOR, MINOR, SUITE_COBBLESTONE_256, CHUNK_SIZE_LOG2, CHUNKS_PER_PART,
            self.file_id, self.download_id, _RESERVED,
            self.plaintext_size, self.meta_offset, self.meta_size, self.part_count, 0,
            key_check_value(content_key, self.file_id),
        )  # fmt: skip
        mac = header_mac(content_key, self.file_id, covered)
        return (covered + mac).ljust(HEADER_SIZE, b"\0")

    @classmethod
    def peek(cls, data: bytes) -> Header:
        """Return what an unauthenticated header says, to find the license by.

        Raises:
            NotSealedError: No magic: another kind of file, or unfinished.
            TruncatedError: The magic is there, 4,096 bytes are not.
            UnsupportedVersionError: A later version, or another suite.
            MalformedError: Its lengths contradict each other.
        """
        _check_fixed(data)
        return _parse(data)

    @classmethod
    def open(cls, data: bytes, content_key: bytes, *, file_size: int) -> Header:
        """Return the authenticated header of a file of ``file_size`` bytes.

        Raises:
            NotSealedError: No magic: another kind of file, or unfinished.
            UnsupportedVersionError: A later version, or another suite.
            WrongKeyError: The file was sealed under another key.
            TamperedError: The header was altered.
            MalformedError: Its lengths contradict each other.
            TruncatedError: The file is longer or shorter than it was sealed.
        """
        _check_fixed(data)
        file_id = data[16:32]
        kcv = key_check_value(content_key, file_id)
        if not hmac.compare_digest(kcv, data[_MAC_AT - KCV_SIZE : _MAC_AT]):
            raise WrongKeyError
        mac = header_mac(content_key, file_id, data[:_MAC_AT])
        if not hmac.compare_digest(mac, data[_MAC_AT:_PADDING_AT]):
            raise TamperedError("the header was altered")
        header = _parse(data)
        if header.file_size != file_size:
            raise TruncatedError
        if any(data[_PADDING_AT:HEADER_SIZE]):
            raise TamperedError("the space behind the header was altered")
        return header


def _check_fixed(data: bytes) -> None:
    if data[: len(MAGIC)] != MAGIC:
        raise NotSealedError
    if len(data) != HEADER_SIZE:
        raise TruncatedError("the header is cut short")
    if (data[8], data[9], data[10]) != (MAJOR, MINOR, SUITE_COBBLESTONE_256):
        raise UnsupportedVersionError
    if data[11] != CHUNK_SIZE_LOG2 or int.from_bytes(data[12:16], "big") != CHUNKS_PER_PART:
        raise UnsupportedVersionError


def _parse(data: bytes) -> Header:
    (
        _magic, _major, _minor, _suite, _log2, _chunks,
        file_id, download_id, reserved, size, at, meta_size, count, zero, _kcv,
    ) = _FIXED.unpack_from(data)  # fmt: skip
    if reserved != _RESERVED or zero:
        raise MalformedError("a reserved header field is not zero")
    if count != part_count(size) or at != meta_offset(size):  # The count bounds the size.
        raise MalformedError("the header's lengths contradict each other")
    if not sealed_message_size(1) <= meta_size <= MAX_META_SIZE:
        raise MalformedError("the header's meta length is out of bounds")
    return Header(
        file_id=file_id, download_id=download_id, plaintext_size=size, meta_size=meta_size
    )
