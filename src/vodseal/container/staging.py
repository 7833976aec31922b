"""Seal what was fetched, one message for each piece (SPEC container §9).

A staged piece holds the bytes as they were received. Its context names the
download, its place in it and what was asked for, so a piece cannot stand in for
another one, or for the same place of another plan. The salt is fresh for each
attempt. ``sealed_message_size`` of the layout says how large buffers have to be.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vodseal.container.cbor import encode
from vodseal.container.cobblestone import (
    open_blocks,
    open_message_into,
    opened_size,
    seal_message_into,
)
from vodseal.container.layout import PREFIX_SIZE, sealed_message_size
from vodseal.errors import MisuseError, TamperedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vodseal.container.source import ReadBuffer, WriteBuffer

__all__ = [
    "PieceId",
    "SealedPiece",
    "open_piece",
    "open_piece_blocks",
    "piece_source_id",
    "seal_piece",
]

_LABEL: Final = b"vodseal1/stage\0"
_HASH_SIZE: Final = 32
_U32: Final = 1 << 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceId:
    """Which piece of which download."""

    download_id: bytes
    sequence: int
    """Number of the segment, from 0."""

    piece: int
    """Number of the piece within its segment, from 0."""

    source_id: bytes
    """What ``piece_source_id`` gave: what was asked for."""

    def context(self) -> bytes:
        """Return the context that the piece is sealed in."""
        if not 0 <= self.sequence < _U32 or not 0 <= self.piece < _U32:
            raise MisuseError("a piece number does not fit four bytes")
        if len(self.source_id) != _HASH_SIZE:
            raise MisuseError("a source id has 32 bytes")
        numbers = self.sequence.to_bytes(4, "big") + self.piece.to_bytes(4, "big")
        return _LABEL + self.download_id + numbers + self.source_id


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPiece:
    """A piece ready to be written."""

    prefix: bytes
    """Salt and commitment, 56 bytes: the journal keeps them."""

    sealed: memoryview


def piece_source_id(
    *, uri_path: str, start: int = 0, length: int = 0, method: str = "NONE", iv: bytes = b""
) -> bytes:
    """Return 32 bytes that name what a piece is made of.

    ``uri_path`` has no query: a signature in it changes with every request. A
    ``length`` of 0 is the whole resource; ``method`` and ``iv`` are those of the
    playlist's key.
    """
    return hashlib.sha256(encode({0: uri_path, 1: [start, length], 2: method, 3: iv})).digest()


def seal_piece(
    key: bytes, piece: PieceId, data: ReadBuffer, *, buffer: WriteBuffer | None = None
) -> SealedPiece:
    """Return ``data`` sealed under the ``stage_key`` of its download.

    A ``buffer`` that is used again and again saves the pages of a fresh one for
    each call; what is returned lies in it.
    """
    room = buffer if buffer is not None else bytearray(sealed_message_size(len(data)))
    size = seal_message_into(key, piece.context(), data, room)
    sealed = memoryview(room)[:size]
    return SealedPiece(prefix=bytes(sealed[:PREFIX_SIZE]), sealed=sealed)


def open_piece(
    key: bytes,
    piece: PieceId,
    sealed: ReadBuffer,
    *,
    prefix: bytes | None = None,
    buffer: WriteBuffer | None = None,
) -> memoryview:
    """Return the bytes of a piece; with ``buffer`` they lie in it.

    Raises:
        TruncatedError: No piece has that size.
        TamperedError: Altered, another's, or not the attempt whose ``prefix``
            the journal knows. Nothing of it stays in the buffer.
    """
    if prefix is not None and not hmac.compare_digest(prefix, bytes(sealed[:PREFIX_SIZE])):
        raise TamperedError("a staged piece is not the one in the journal")
    room = buffer if buffer is not None else bytearray(opened_size(len(sealed)))
    size = open_message_into(key, piece.context(), sealed, room)
    return memoryview(room)[:size]


def open_piece_blocks(
    key: bytes, piece: PieceId, size: int, blocks: Iterable[ReadBuffer]
) -> Iterator[memoryview]:
    """Yield the bytes of a piece of ``size`` sealed bytes, each stretch until the next.

    Raises:
        TruncatedError: No piece has that size.
        TamperedError: Altered, or another's. What was yielded before is authentic.
    """
    opened_size(size)
    yield from open_blocks(key, piece.context(), blocks)
