"""A plain MP4 around samples that lie in one ``mdat``: its first bytes, and its ``moov``.

The film begins at zero: with the track that is shown first. The others begin
later by an empty edit, to the tick. Offsets from decoding to showing are moved
up where they were negative, so that every player reads them, and the edit takes
it back. Sample positions count from the start of the file.

Sizes and positions of 64 bits are used where a film can need them (ISO/IEC
14496-12, 4.2 and 8.7.5).
"""

from __future__ import annotations

import math
import sys
from array import array
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from vodseal.errors import FragmentError
from vodseal.media.boxes import make_box, make_full_box

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vodseal.media.movie import Movie
    from vodseal.media.movie_tables import TrackTable

__all__ = ["MOVIE_HEAD", "movie_index", "movie_size_patch"]

_FILE_TYPE: Final = make_box(b"ftyp", b"isom", bytes(4), b"isom", b"iso2", b"mp41")
MOVIE_HEAD: Final = _FILE_TYPE + b"\0\0\0\1mdat" + bytes(8)
"""What the file begins with; samples follow."""

_SIZE_AT: Final = len(_FILE_TYPE) + 8
_MATRIX: Final = b"".join(
    number.to_bytes(4, "big") for number in (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
)
_DATA_HERE: Final = make_box(
    b"dinf", make_full_box(b"dref", b"\0\0\0\1", make_full_box(b"url ", flags=1))
)
_MAX_TIMESCALE: Final = (1 << 31) - 1
_MAX_DURATION: Final = (1 << 63) - 1
_MAX_32: Final = (1 << 32) - 1


def movie_size_patch(end: int) -> tuple[int, bytes]:
    """Return what has to stand in the head, and where, when samples end at ``end``."""
    return _SIZE_AT, (end - len(_FILE_TYPE)).to_bytes(8, "big")


def movie_index(movie: Movie, tables: Sequence[TrackTable]) -> bytes:
    """Return ``moov``, which follows the samples. Tracks without samples are left out.

    Raises:
        FragmentError: There is no sample at all, or an index of 4 GiB would be needed.
    """
    filled = [table for table in tables if table.count]
    if not filled:
        raise FragmentError("the fragments hold no samples")
    timescale = _timescale(movie, filled)
    start = min(table.start() for table in filled)
    tracks = [_Track(table, number, timescale, start) for number, table in enumerate(filled, 1)]
    header = make_full_box(
        b"mvhd",
        bytes(16),
        _u32(timescale),
        _u64(max(track.duration for track in tracks)),
        b"\0\1\0\0\1\0" + bytes(10),
        _MATRIX,
        bytes(24),
        _u32(len(tracks) + 1),
        version=1,
    )
    return make_box(b"moov", header, *(track.box() for track in tracks))


def _timescale(movie: Movie, tables: Sequence[TrackTable]) -> int:
    """Return a clock on which every track begins at a tick, if there is one."""
    clocks = [table.track.timescale for table in tables]
    exact = math.lcm(movie.timescale, *clocks)
    return exact if exact <= _MAX_TIMESCALE else max(clocks)


class _Track:
    """One ``trak``."""

    def __init__(
        self, table: TrackTable, number: int, movie_timescale: int, film_start: Fraction
    ) -> None:
        self._table = table
        self._number = number
        self._raised = max(0, -min(table.offsets, default=0))
        self._media_start = table.first_shown() + self._raised
        shown = Fraction(table.last_shown() - table.first_shown(), table.track.timescale)
        self._empty = round((table.start() - film_start) * movie_timescale)
        self._shown = math.ceil(shown * movie_timescale)
        self.duration = self._empty + self._shown
        if self.duration > _MAX_DURATION:
            raise FragmentError("the film would not end")

    def box(self) -> bytes:
        track = self._table.track
        header = make_full_box(
            b"tkhd",
            bytes(16),
            _u32(self._number),
            bytes(4),
            _u64(self.duration),
            track.header_rest,
            version=1,
            flags=track.flags,
        )
        return make_box(b"trak", header, make_box(b"edts", self._edits()), self._media())

    def _edits(self) -> bytes:
        edits = [(self._shown, self._media_start)]
        if self._empty:
            edits.insert(0, (self._empty, -1))
        rows = (
            _u64(duration) + start.to_bytes(8, "big", signed=True) + b"\0\1\0\0"
            for duration, start in edits
        )
        return make_full_box(b"elst", _u32(len(edits)), *rows, version=1)

    def _media(self) -> bytes:
        table, track = self._table, self._table.track
        header = make_full_box(
            b"mdhd",
            bytes(16),
            _u32(track.timescale),
            _u64(table.length()),
            track.language + bytes(2),
            version=1,
        )
        information = make_box(b"minf", track.media_header, _DATA_HERE, self._samples())
        return make_box(b"mdia", header, track.names, information)

    def _samples(self) -> bytes:
        table = self._table
        boxes = [table.track.descriptions, _run_lengths(b"stts", table.durations)]
        if table.offsets:
            raised = array("I", (offset + self._raised for offset in table.offsets))
            boxes.append(_run_lengths(b"ctts", raised))
        if table.track.is_picture and len(table.syncs) < table.count:
            boxes.append(make_full_box(b"stss", _u32(len(table.syncs)), _big(table.syncs)))
        sizes = make_full_box(b"stsz", bytes(4), _u32(table.count), _big(table.sizes))
        return make_box(b"stbl", *boxes, self._chunks(), sizes, self._positions())

    def _chunks(self) -> bytes:
        rows = array("I")
        before = (0, 0)
        pairs = zip(self._table.chunk_counts, self._table.chunk_descriptions, strict=True)
        for number, pair in enumerate(pairs, 1):
            if pair != before:
                rows.extend((number, *pair))
                before = pair
        return make_full_box(b"stsc", _u32(len(rows) // 3), _big(rows))

    def _positions(self) -> bytes:
        positions = self._table.chunk_positions
        count = _u32(len(positions))
        if positions[-1] > _MAX_32:
            return make_full_box(b"co64", count, _big(positions))
        return make_full_box(b"stco", count, _big(array("I", positions)))


def _run_lengths(kind: bytes, values: Iterable[int]) -> bytes:
    """Return a table of pairs: how many, of which value (8.6.1)."""
    rows = array("I")
    count, before = 0, -1
    for value in values:
        if value == before:
            count += 1
            continue
        if count:
            rows.extend((count, before))
        count, before = 1, value
    rows.extend((count, before))
    return make_full_box(kind, _u32(len(rows) // 2), _big(rows))


def _big(numbers: array[int]) -> bytes:
    if sys.byteorder == "little":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


def _u32(number: int) -> bytes:
    return number.to_bytes(4, "big")


def _u64(number: int) -> bytes:
    return number.to_bytes(8, "big")
