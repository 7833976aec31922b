"""Tell clear media from noise, wherever in a file it starts.

Four letters occur by chance in every few gigabytes, so nothing is reported for
its letters alone: a box must have a size that can be, and its neighbour must
be what the format puts there; a transport stream must keep step for eight
packets (ISO/IEC 13818-1, 2.4.3.2); an EBML header must go on with an element
that such a header may hold (RFC 8794, 11.2). Sealed data and random data give
none of these.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["REACH", "Excerpt", "find_media"]

_PACKET: Final = 188
_TRAIN: Final = 8
REACH: Final = _TRAIN * _PACKET  # the longest signature
_SECTOR: Final = 512
_HEAD: Final = 8  # of a box: size and type
_LARGEST_FILE_TYPE: Final = 1024

# Each starts with one letter, which the regular expression engine finds by memchr.
# After the sync byte: no transport error, and not the reserved adaptation field control.
_PACKET_HEAD: Final = rb"G[\x00-\x7f].[\x10-\x3f\x50-\x7f\x90-\xbf\xd0-\xff]"
_SYNC_TRAIN: Final = re.compile(
    _PACKET_HEAD + rb"(?:.{184}%b){%d}" % (_PACKET_HEAD, _TRAIN - 1), re.DOTALL
)
_MOVIE_BOXES: Final = re.compile(rb"m(?:oov|oof|dat)")
_OTHER_BOXES: Final = re.compile(rb"t(?:rak|yp)")
_EBML: Final = re.compile(
    rb"\x1aE\xdf\xa3(?:[\x80-\xfe]|[\x40-\x7f].|[\x20-\x3f]..|[\x10-\x1f]...|\x01.{7})"
    rb"\x42[\x82\x85\x86\x87\xf2\xf3\xf7]",
    re.DOTALL,
)
_BRAND: Final = re.compile(rb"[ -~]{4}")
# Box -> the boxes that may come first in it (ISO/IEC 14496-12).
_PARENTS: Final = {
    b"moov": (b"mvhd", b"trak", b"udta", b"iods", b"mvex", b"meta", b"pssh", b"cmov"),
    b"trak": (b"tkhd",),
    b"moof": (b"mfhd",),
}
_FILE_TYPES: Final = (b"ftyp", b"styp")
_FOLLOWERS: Final = frozenset({b"moov", b"moof", b"mdat", b"free", b"mfra", b"skip", b"udta"})
_PADDING: Final = frozenset({b"free", b"wide", b"skip"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """A part of a file, as it is looked at."""

    text: bytearray | bytes
    """Holds the part, and maybe more after it."""

    size: int
    """How much of ``text`` is the part."""

    base: int
    """Where in the file ``text`` starts."""

    peek: Callable[[int, int], bytes]
    """Returns so many bytes of the file, from an offset on."""

    def at(self, position: int, length: int = 4) -> bytes:
        """Return ``length`` bytes of the part; fewer where it ends."""
        return bytes(self.text[position : min(position + length, self.size)])

    def number(self, position: int, length: int = 4) -> int:
        """Return the big-endian number at ``position``."""
        return int.from_bytes(self.at(position, length), "big")


def find_media(part: Excerpt) -> Iterator[tuple[str, int]]:
    """Yield kind and position in the part of clear media, the first of each kind."""
    for kind, pattern in (("mpeg-ts", _SYNC_TRAIN), ("ebml", _EBML)):
        if found := pattern.search(part.text, 0, part.size):
            yield kind, found.start()
    seen: set[bytes] = set()
    for pattern in (_MOVIE_BOXES, _OTHER_BOXES):
        for found in pattern.finditer(part.text, 0, part.size):
            start = found.start() - (5 if found[0] == b"typ" else 4)
            name = part.at(start + 4)
            if start >= 0 and name not in seen and _is_box(part, start, name):
                seen.add(name)
                yield f"mp4 {name.decode()}", start


def _is_box(part: Excerpt, start: int, name: bytes) -> bool:
    """Return whether a box called ``name`` can stand at ``start``, where its size field is."""
    inner = start + _HEAD
    if name in _PARENTS:
        return part.at(inner + 4) in _PARENTS[name]
    size = part.number(start)
    if name in _FILE_TYPES:
        fits = 2 * _HEAD <= size <= _LARGEST_FILE_TYPE and size % 4 == 0
        return fits and _BRAND.fullmatch(part.at(inner)) is not None
    return name == b"mdat" and _is_media_data(part, start, size)


def _is_media_data(part: Excerpt, start: int, size: int) -> bool:
    """Believe ``mdat`` after padding, with a 64-bit size, on a sector, or before another box."""
    if start >= _HEAD and part.at(start - 4) in _PADDING and part.number(start - _HEAD) == _HEAD:
        return True
    if size == 1 and 2 * _HEAD <= part.number(start + _HEAD, 8) < 1 << 48:
        return True
    if 0 < size < _HEAD:
        return False
    if (part.base + start) % _SECTOR == 0:
        return True
    return size != 0 and part.peek(part.base + start + size + 4, 4) in _FOLLOWERS
