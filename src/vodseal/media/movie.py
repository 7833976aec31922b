"""The initialisation section of a fragmented MP4: its tracks, before any sample.

Only what fragments can be joined with is taken (ISO/IEC 14496-12, 8): one
``moov`` without samples of its own, tracks that are not encrypted and whose data
lies in the fragments themselves, and of edit lists those that move a track's
start. Whoever gets a ``FragmentError`` needs a demuxer.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from vodseal.errors import FragmentError
from vodseal.media.boxes import Fields, boxes_in, one

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodseal.media.boxes import Box

__all__ = ["Movie", "MovieTrack", "SampleDefaults", "read_movie"]

_MAX_TRACKS: Final = 32
_MAX_TIMESCALE: Final = 1_000_000_000
_TRACK_HEADER_REST: Final = 60
_ENTRY_HEADER: Final = 16
_ENCRYPTED: Final = frozenset({b"encv", b"enca", b"enct", b"encs", b"icpv", b"drms", b"drmi"})
_HANDLERS: Final[Mapping[bytes, bytes]] = MappingProxyType({b"vide": b"vmhd", b"soun": b"smhd"})
"""What we take, and the box that its media begins with (8.4.5)."""
_NAMES: Final = frozenset({b"hdlr", b"elng"})
_EMPTY: Final = -1
_FULL_RATE: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleDefaults:
    """What a sample is unless its fragment says otherwise (8.8.3)."""

    description: int
    duration: int
    size: int
    flags: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MovieTrack:
    """One track. Bytes are boxes, or the rest of one, to be written as they are."""

    id: int
    handler: bytes
    """``vide``, ``soun``, or what else there may be."""
    timescale: int
    """Ticks a second."""
    offset: Fraction
    """Seconds that its edit list adds to the times of its samples."""
    flags: int
    header_rest: bytes
    """Of ``tkhd``, from layer and volume to matrix and size."""
    language: bytes
    names: bytes
    """``hdlr``, and ``elng`` where it is there."""
    media_header: bytes
    """``vmhd`` or ``smhd``."""
    descriptions: bytes
    """``stsd``."""
    description_count: int
    defaults: SampleDefaults

    @property
    def is_picture(self) -> bool:
        """Whether not every sample is one to begin with."""
        return self.handler == b"vide"

    @property
    def is_wanted(self) -> bool:
        """Whether it is picture or sound."""
        return self.handler in _HANDLERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Movie:
    """What all fragments have in common."""

    timescale: int
    tracks: tuple[MovieTrack, ...]


def read_movie(data: memoryview) -> Movie:
    """Return what an initialisation section says.

    Raises:
        FragmentError: It is none, or asks for more than joining.
    """
    top = list(boxes_in(data))
    if any(box.kind in {b"moof", b"mdat"} for box in top):
        raise FragmentError("the initialisation section holds samples")
    inside = list(boxes_in(data, one(top, b"moov").content))
    header = Fields(data, one(inside, b"mvhd"))
    header.take(16 if header.version else 8)
    timescale = _timescale(header)
    extends = list(boxes_in(data, one(inside, b"mvex").content))
    defaults = dict(_defaults(data, box) for box in extends if box.kind == b"trex")
    boxes = [box for box in inside if box.kind == b"trak"]
    if not 1 <= len(boxes) <= _MAX_TRACKS:
        raise FragmentError(f"there are {len(boxes)} tracks")
    tracks = tuple(_track(data, box, timescale, defaults) for box in boxes)
    if len({track.id for track in tracks}) < len(tracks):
        raise FragmentError("two tracks have one number")
    return Movie(timescale=timescale, tracks=tracks)


def _track(
    data: memoryview, box: Box, movie_timescale: int, defaults: Mapping[int, SampleDefaults]
) -> MovieTrack:
    inside = list(boxes_in(data, box.content))
    header = Fields(data, one(inside, b"tkhd"))
    header.take(16 if header.version else 8)
    number = header.unsigned(4)
    header.take(12 if header.version else 8)
    rest = bytes(header.take(_TRACK_HEADER_REST))
    if number not in defaults:
        raise FragmentError("a track has no defaults for its fragments")
    media = list(boxes_in(data, one(inside, b"mdia").content))
    times = Fields(data, one(media, b"mdhd"))
    times.take(16 if times.version else 8)
    timescale = _timescale(times)
    times.wide()
    handler = Fields(data, one(media, b"hdlr"))
    handler.take(4)
    kind = bytes(handler.take(4))
    information = list(boxes_in(data, one(media, b"minf").content))
    if kind in _HANDLERS:
        one(information, _HANDLERS[kind])
    count, descriptions = _descriptions(data, information)
    return MovieTrack(
        id=number,
        handler=kind,
        timescale=timescale,
        offset=_offset(data, inside, timescale, movie_timescale),
        flags=header.flags,
        header_rest=rest,
        language=bytes(times.take(2)),
        names=_copied(data, media, _NAMES),
        media_header=_copied(data, information, frozenset(_HANDLERS.values())),
        descriptions=descriptions,
        description_count=count,
        defaults=defaults[number],
    )


def _timescale(fields: Fields) -> int:
    value = fields.unsigned(4)
    if not 1 <= value <= _MAX_TIMESCALE:
        raise FragmentError(f"a clock of {value} ticks a second")
    return value


def _defaults(data: memoryview, box: Box) -> tuple[int, SampleDefaults]:
    fields = Fields(data, box)
    number = fields.unsigned(4)
    description, duration, size, flags = (fields.unsigned(4) for _ in range(4))
    return number, SampleDefaults(
        description=description, duration=duration, size=size, flags=flags
    )


def _descriptions(data: memoryview, information: list[Box]) -> tuple[int, bytes]:
    """Return how many sample descriptions there are, and their box."""
    table = list(boxes_in(data, one(information, b"stbl").content))
    for sizes in (box for box in table if box.kind in {b"stsz", b"stz2"}):
        fields = Fields(data, sizes)
        fields.take(4)
        if fields.unsigned(4):
            raise FragmentError("the initialisation section has samples of its own")
    box = one(table, b"stsd")
    count = Fields(data, box).unsigned(4)
    content = box.content
    entries = list(boxes_in(data, slice(content.start + 8, content.stop)))
    if not count or count != len(entries):
        raise FragmentError("the sample descriptions are not as many as they say")
    for entry in entries:
        inside = data[entry.content]
        if entry.kind in _ENCRYPTED or len(inside) < _ENTRY_HEADER - 8:
            raise FragmentError("a track is encrypted")
        if int.from_bytes(inside[6:8], "big") != 1:
            raise FragmentError("samples are said to lie elsewhere")
    return count, bytes(data[box.start : box.end])


def _offset(data: memoryview, inside: list[Box], timescale: int, movie_timescale: int) -> Fraction:
    """Return what an edit list adds (8.6.6): an empty edit, then where the media begins."""
    if not any(box.kind == b"edts" for box in inside):
        return Fraction(0)
    lists = list(boxes_in(data, one(inside, b"edts").content))
    fields = Fields(data, one(lists, b"elst"))
    size = 8 if fields.version else 4
    count = fields.unsigned(4)
    if count * (2 * size + 4) != fields.left:
        raise FragmentError("an edit list is not as long as it says")
    edits = [(fields.unsigned(size), fields.signed(size), fields.unsigned(4)) for _ in range(count)]
    offset = Fraction(0)
    if edits and edits[0][1] == _EMPTY:
        offset = Fraction(edits.pop(0)[0], movie_timescale)
    if not edits:
        return offset
    (_, start, rate) = edits[0]
    if len(edits) > 1 or start < 0 or rate != _FULL_RATE:
        raise FragmentError("an edit list does more than move the start")
    return offset - Fraction(start, timescale)


def _copied(data: memoryview, boxes: list[Box], kinds: frozenset[bytes]) -> bytes:
    return b"".join(data[box.start : box.end] for box in boxes if box.kind in kinds)
