"""A copy of what a sealed file begins and ends with: its header and its meta.

Where either is damaged nothing else of the file can be found, and nobody else has
them. So the journal of a finished download keeps both, as they stand in the file:
authenticated by the content key, and no more secret than the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from vodseal.container.header import Header
from vodseal.container.layout import HEADER_SIZE
from vodseal.download.outputs import FileSource
from vodseal.errors import TruncatedError

if TYPE_CHECKING:
    from vodseal.container.source import Source

__all__ = ["FileHead"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileHead:
    """Header and sealed meta of one file; nothing is checked here."""

    header: bytes
    meta: bytes

    @classmethod
    def of(cls, source: Source) -> Self:
        """Return those of a file, as far as they are there.

        Raises:
            FormatError: Its header does not say where the meta is.
            OSError: They could not be read.
        """
        header = bytearray(min(HEADER_SIZE, source.size))
        source.read_into(0, memoryview(header))
        told = Header.peek(bytes(header))
        meta = bytearray(told.meta_size)
        meta = meta[: source.read_into(told.meta_offset, memoryview(meta))]
        return cls(header=bytes(header), meta=bytes(meta))

    @classmethod
    def of_handle(cls, handle: int) -> Self:
        """Return those of an open file. Raises as ``of``."""
        return cls.of(FileSource(handle))

    def encode(self) -> bytes:
        """Return both as one text for the journal."""
        return self.header + self.meta

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Return what ``encode`` gave.

        Raises:
            TruncatedError: There is no whole header in it.
        """
        if len(data) < HEADER_SIZE:
            raise TruncatedError("the copy of the header is cut short")
        return cls(header=data[:HEADER_SIZE], meta=data[HEADER_SIZE:])
