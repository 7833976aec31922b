"""Where sealed bytes come from and where they go.

The container asks for two small protocols and never for a file. The ones in
memory serve whoever has the bytes already; ``vault.sealed_files`` has the ones
on disk.
"""

from __future__ import annotations

from typing import Protocol, TypeAlias

from vodseal.errors import TruncatedError

__all__ = [
    "MemorySink",
    "MemorySource",
    "ReadBuffer",
    "Sink",
    "Source",
    "WriteBuffer",
    "read_exactly",
]

ReadBuffer: TypeAlias = bytes | bytearray | memoryview
WriteBuffer: TypeAlias = bytearray | memoryview


class Source(Protocol):
    """Sealed bytes, wherever they lie."""

    @property
    def size(self) -> int:
        """How many bytes there are; it does not change while they are read."""

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill ``buffer`` from ``offset``; return how many bytes, fewer only at the end.

        Raises:
            OSError: The bytes could not be read.
        """


class Sink(Protocol):
    """A place that sealed bytes are written to, in any order."""

    def write_at(self, offset: int, data: memoryview) -> None:
        """Write all of ``data`` at ``offset``; what lies between stays a hole.

        A sink may write later: ``data`` stays as it is until the next call of
        the sink has returned, and what failed is raised there.

        Raises:
            OSError: These bytes, or those before them, could not be written.
        """

    def sync(self) -> None:
        """Make everything written so far durable.

        Raises:
            OSError: It may be lost; the file has to be written again.
        """


class MemorySource:
    """Sealed bytes in memory."""

    def __init__(self, data: ReadBuffer) -> None:
        """Read from ``data``, which is not copied."""
        self._data = memoryview(data).cast("B")

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self._data)

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill ``buffer`` from ``offset``; return how many bytes."""
        piece = self._data[offset : offset + len(buffer)]
        buffer[: len(piece)] = piece
        return len(piece)


class MemorySink:
    """A sink that keeps the bytes in ``data``."""

    def __init__(self) -> None:
        """Begin empty."""
        self.data = bytearray()

    def write_at(self, offset: int, data: memoryview) -> None:
        """Write all of ``data`` at ``offset``."""
        missing = offset + len(data) - len(self.data)
        self.data.extend(bytes(max(0, missing)))
        self.data[offset : offset + len(data)] = data

    def sync(self) -> None:
        """Do nothing: memory is as durable as it gets."""


def read_exactly(source: Source, offset: int, buffer: memoryview) -> None:
    """Fill all of ``buffer`` from ``offset``.

    Raises:
        TruncatedError: The source ends before.
        OSError: The bytes could not be read.
    """
    if source.read_into(offset, buffer) != len(buffer):
        raise TruncatedError("the file ends before its sealed bytes do")
