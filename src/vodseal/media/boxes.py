"""The boxes that an MP4 is made of (ISO/IEC 14496-12, 4.2).

What is read here may be hostile: a box that does not lie within its parent is
refused, and no length is believed before it was compared with what is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vodseal.errors import FragmentError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "LARGE_HEADER_SIZE",
    "Box",
    "Fields",
    "boxes_in",
    "make_box",
    "make_full_box",
    "one",
    "read_box",
]

LARGE_HEADER_SIZE: Final = 16
"""Bytes that are enough to know a box."""

_HEADER_SIZE: Final = 8
_FULL_HEADER_SIZE: Final = 4


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

    @property
    def content(self) -> slice:
        """Where its content is."""
        return slice(self.start + self.header_size, self.end)


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


def boxes_in(data: memoryview, within: slice | None = None) -> Iterator[Box]:
    """Yield the boxes that fill ``within``, or all of ``data``.

    Raises:
        FragmentError: What is there is not a row of whole boxes.
    """
    at, end = (0, len(data)) if within is None else (within.start, within.stop)
    while at < end:
        found = read_box(data[at : min(at + LARGE_HEADER_SIZE, end)], at, end)
        if found is None or found.end > end:
            raise FragmentError("a box does not end where it has to")
        yield found
        at = found.end


def one(found: list[Box], kind: bytes) -> Box:
    """Return the one box of ``kind``.

    Raises:
        FragmentError: There is none, or there are several.
    """
    boxes = [box for box in found if box.kind == kind]
    if len(boxes) != 1:
        raise FragmentError(f"there are {len(boxes)} boxes {kind.decode('latin-1')!r}, not one")
    return boxes[0]


class Fields:
    """Reads the fields of a box one after the other, and never beyond its end."""

    __slots__ = ("_at", "_data", "flags", "version")

    def __init__(self, data: memoryview, box: Box) -> None:
        """Begin behind version and flags (4.2: every box that is read so is a full box).

        Raises:
            FragmentError: There is no room for them.
        """
        self._data = data[box.content]
        self._at = 0
        head = self.unsigned(_FULL_HEADER_SIZE)
        self.version, self.flags = head >> 24, head & 0xFF_FF_FF

    def unsigned(self, size: int) -> int:
        """Return the next number, big endian."""
        return int.from_bytes(self.take(size), "big")

    def signed(self, size: int) -> int:
        """Return the next number, big endian, in two's complement."""
        return int.from_bytes(self.take(size), "big", signed=True)

    def wide(self) -> int:
        """Return a number that has 64 bits in version 1, and 32 before."""
        return self.unsigned(8 if self.version else 4)

    def take(self, size: int) -> memoryview:
        """Return the next bytes.

        Raises:
            FragmentError: There are not as many.
        """
        taken = self._data[self._at : self._at + size]
        if len(taken) < size:
            raise FragmentError("a box is shorter than its fields")
        self._at += size
        return taken

    @property
    def left(self) -> int:
        """How many bytes follow."""
        return len(self._data) - self._at


def make_box(kind: bytes, *content: bytes) -> bytes:
    """Return a box.

    Raises:
        FragmentError: It would have 4 GiB or more.
    """
    size = _HEADER_SIZE + sum(map(len, content))
    if size >= 1 << 32:
        raise FragmentError("an index of 4 GiB is too long")
    return b"".join((size.to_bytes(4, "big"), kind, *content))


def make_full_box(kind: bytes, *content: bytes, version: int = 0, flags: int = 0) -> bytes:
    """Return a box with version and flags."""
    return make_box(kind, (version << 24 | flags).to_bytes(4, "big"), *content)
