"""The boxes of a film in a file (ISO/IEC 14496-12, 4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from vodseal.media.boxes import LARGE_HEADER_SIZE, Box, read_box

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SeekableFile", "top_boxes"]


class SeekableFile(Protocol):
    """What boxes are read from."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""

    def seek(self, offset: int, _whence: int = 0, /) -> int:
        """Move, and return the new position."""


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
