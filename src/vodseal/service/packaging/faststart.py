"""Move the index of an MP4 to its front, so that it plays while it arrives.

The muxer writes ``moov`` last. Sample positions in it (``stco``, ``co64``) count
from the start of the file, so moving it in front of ``mdat`` adds its own size to
each (ISO/IEC 14496-12, 8.7.5). The film's bytes are only read once more, and a
file that cannot be changed this way is passed on as it is: it plays as well.
"""

from __future__ import annotations

import array
import sys
from typing import IO, TYPE_CHECKING, Final

from vodseal.media.boxes import LARGE_HEADER_SIZE, read_box
from vodseal.service.packaging.boxes import top_boxes

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["moov_first"]

_CONTAINERS: Final = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})
_MAX_MOOV_SIZE: Final = 256 << 20
_MAX_OFFSET: Final = (1 << 32) - 1


def moov_first(file: IO[bytes], piece_size: int) -> Iterator[bytes]:
    """Yield ``file`` with ``moov`` in front of ``mdat``.

    Every piece but the last has ``piece_size`` bytes.
    """
    end = file.seek(0, 2)
    boxes = [box for box in top_boxes(file) if box.end <= end]
    moov = next((box for box in boxes if box.kind == b"moov"), None)
    mdat = next((box for box in boxes if box.kind == b"mdat"), None)
    index = b""
    if moov and mdat and moov.start > mdat.start and moov.size <= _MAX_MOOV_SIZE:
        index = _shifted(_read(file, moov.start, moov.size))
    if not index or moov is None or mdat is None:
        return _pieces(_ranges(file, [(0, end)], piece_size), piece_size)
    parts: list[tuple[int, int] | bytes] = [
        (0, mdat.start),
        index,
        (mdat.start, moov.start),
        (moov.end, end),
    ]
    return _pieces(_ranges(file, parts, piece_size), piece_size)


def _shifted(moov: bytes) -> bytes:
    """Return ``moov`` with every position moved by its size, or nothing when that overflows."""
    data = bytearray(moov)
    view = memoryview(data)
    for table, width in _position_tables(view, 0, len(data)):
        count = int.from_bytes(view[table : table + 4], "big")
        numbers = array.array("I" if width == 4 else "Q")  # noqa: PLR2004 - bytes a position
        numbers.frombytes(view[table + 4 : table + 4 + count * width])
        if sys.byteorder == "little":
            numbers.byteswap()
        if width == 4 and max(numbers, default=0) + len(moov) > _MAX_OFFSET:  # noqa: PLR2004
            return b""
        moved = array.array(numbers.typecode, (number + len(moov) for number in numbers))
        if sys.byteorder == "little":
            moved.byteswap()
        view[table + 4 : table + 4 + count * width] = moved.tobytes()
    return bytes(data)


def _position_tables(view: memoryview, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where each table's count stands, and how wide its positions are."""
    at = start
    while at < end:
        box = read_box(view[at : min(at + LARGE_HEADER_SIZE, end)], at, end)
        if box is None:
            return
        inside = at + box.header_size
        if box.kind in _CONTAINERS:
            yield from _position_tables(view, inside, box.end)
        elif box.kind == b"stco":
            yield inside + 4, 4
        elif box.kind == b"co64":
            yield inside + 4, 8
        at = box.end


def _read(file: IO[bytes], offset: int, size: int) -> bytes:
    file.seek(offset)
    return file.read(size)


def _ranges(
    file: IO[bytes], parts: list[tuple[int, int] | bytes], piece_size: int
) -> Iterator[bytes]:
    for part in parts:
        if isinstance(part, bytes):
            yield part
            continue
        for offset in range(part[0], part[1], piece_size):
            yield _read(file, offset, min(piece_size, part[1] - offset))


def _pieces(chunks: Iterator[bytes], piece_size: int) -> Iterator[bytes]:
    """Yield the same bytes, cut anew."""
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        while len(waiting) >= piece_size:
            yield bytes(waiting[:piece_size])
            del waiting[:piece_size]
    if waiting:
        yield bytes(waiting)
