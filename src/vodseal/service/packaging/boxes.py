"""The boxes that an MP4 or MOV file is made of (ISO/IEC 14496-12, 4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LARGE_HEADER_SIZE", "Box", "SeekableFile", "read_box", "top_boxes"]

LARGE_HEADER_SIZE: Final = 16
"""Bytes that are enough to know a box."""

_HEADER_SIZE: Final = 8


class SeekableFile(Protocol):
    """What boxes are read from."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""

    def seek(self, offset: int, _whence: int = 0, /) -> int:
        """Move, and return the new position."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Where a box is; whether it lies within its file is for the reader to see."""

    kind: bytes
    start: int
    header_size: int
    size: int

    @property
    def end(self) -> int:
        """The first byte after it."""
        return self.start + self.size


def read_box(head: bytes | memoryview, start: int, end: int) -> Box | None:
    """Return the box whose bytes begin with ``head``; None when there is none.

    A box of size 0 reaches to ``end``, where its parent ends.
    """
    if len(head) < _HEADER_SIZE:
        return None
    size, kind, header_size = int.from_bytes(head[:4], "big"), bytes(head[4:8]), _HEADER_SIZE
    if size == 1:
        size, header_size = int.from_bytes(head[8:16], "big"), LARGE_HEADER_SIZE
    elif size == 0:
        size = end - start
    if size < header_size:
        return None
    return Box(kind=kind, start=start, header_size=header_size, size=size)


def top_boxes(file: SeekableFile) -> Iterator[Box]:
    """Yield the boxes of ``file`` in their order; the last may end beyond it."""
    end = file.seek(0, 2)
    at = 0
    while at < end:
        file.seek(at)
        box = read_box(file.read(LARGE_HEADER_SIZE), at, end)
        if box is None:
            return
        yield box
        at = box.end
