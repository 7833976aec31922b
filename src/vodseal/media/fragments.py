"""The fragments of an MP4: which samples they hold, when they are shown, where they lie.

A segment is a row of ``moof`` and ``mdat`` (ISO/IEC 14496-12, 8.8). Its samples
come in runs, and a run's bytes lie together, so a film is made by copying the
bytes of runs and writing down what the runs say.

A segment may be hostile. What it makes us keep is bounded by ``MAX_SAMPLES``; all
its runs together have no more bytes than its ``mdat``, and each lies within one.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vodseal.errors import FragmentError
from vodseal.media.boxes import Fields, boxes_in, one
from vodseal.media.movie import SampleDefaults

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vodseal.media.boxes import Box
    from vodseal.media.movie import Movie, MovieTrack

__all__ = ["MAX_SAMPLES", "SampleRun", "read_fragments"]

MAX_SAMPLES: Final = 1 << 22
"""Samples of a segment, and of a track: more than a day of pictures or sound."""

_MAX_RUNS: Final = 1 << 14
"""Runs of one segment."""
_MAX_TIME: Final = 1 << 62

_BASE_OFFSET: Final = 0x01
_DESCRIPTION: Final = 0x02
_DEFAULTS: Final = (0x08, 0x10, 0x20)
_BASE_IS_MOOF: Final = 0x02_00_00
_DATA_OFFSET: Final = 0x01
_FIRST_FLAGS: Final = 0x04
_COLUMNS: Final = (0x100, 0x200, 0x400, 0x800)
_DIFFERENCE_OR_DEPENDENT: Final = 0x01_01_00_00
"""``sample_is_non_sync_sample``, or ``sample_depends_on`` another (8.8.3.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRun:
    """Samples of one track whose bytes follow each other."""

    track_id: int
    description: int
    start: int
    """Where its first byte is, in its segment."""
    size: int
    decode_time: int | None
    """When its first sample is decoded, in ticks; None: when the run before has ended."""
    durations: array[int]
    sizes: array[int]
    offsets: array[int]
    """From decoding to showing, in ticks, signed; empty when all are 0."""
    syncs: tuple[int, ...]
    """Which samples one can begin with, from 0."""

    @property
    def count(self) -> int:
        """How many samples it has."""
        return len(self.sizes)


def read_fragments(movie: Movie, data: memoryview) -> list[SampleRun]:
    """Return the runs of a segment in the order they stand in it.

    Tracks that are neither picture nor sound are passed over.

    Raises:
        FragmentError: Its fragments cannot be joined, or make no sense.
    """
    top = list(boxes_in(data))
    if any(box.kind == b"moov" for box in top):
        raise FragmentError("a segment brings its own initialisation section")
    tracks = {track.id: track for track in movie.tracks}
    reader = _Reader(data, tracks, _Places(top))
    for box in top:
        if box.kind == b"moof":
            reader.read(box)
    return reader.runs


class _Places:
    """Where samples may lie, and how many bytes they may still have."""

    def __init__(self, top: list[Box]) -> None:
        self._contents = [box.content for box in top if box.kind == b"mdat"]
        self._starts = [content.start for content in self._contents]
        self._left = sum(content.stop - content.start for content in self._contents)

    def take(self, start: int, size: int) -> None:
        """Refuse a run that lies elsewhere."""
        self._left -= size
        index = bisect_right(self._starts, start) - 1
        if index < 0 or start + size > self._contents[index].stop or self._left < 0:
            raise FragmentError("samples lie outside of their segment's data")


class _Reader:
    """Reads one segment."""

    def __init__(self, data: memoryview, tracks: Mapping[int, MovieTrack], places: _Places) -> None:
        self.runs: list[SampleRun] = []
        self._data = data
        self._tracks = tracks
        self._places = places
        self._left = MAX_SAMPLES
        self._time: int | None = None
        """When the next run begins, where its fragment says so."""

    def read(self, moof: Box) -> None:
        """Take the runs of a fragment."""
        base = moof.start
        for box in boxes_in(self._data, moof.content):
            if box.kind == b"traf":
                base = self._read_track(box, moof.start, base)

    def _read_track(self, traf: Box, moof_start: int, base: int) -> int:
        """Take the runs of a track; return where the data of the next may begin (8.8.7.1)."""
        boxes = list(boxes_in(self._data, traf.content))
        header = Fields(self._data, one(boxes, b"tfhd"))
        track = self._tracks.get(header.unsigned(4))
        if track is None:
            raise FragmentError("a fragment is of a track that there is not")
        if header.flags & _BASE_OFFSET:
            raise FragmentError("samples are counted from the start of a file")
        if header.flags & _BASE_IS_MOOF:
            base = moof_start
        defaults = _defaults_of(header, track)
        self._time = self._decode_time(boxes)
        at = base
        for box in (box for box in boxes if box.kind == b"trun"):
            at = self._read_run(box, track, defaults, base, at)
        return at

    def _decode_time(self, boxes: list[Box]) -> int | None:
        """Return when the first sample of a fragment is decoded, if it says so (8.8.12)."""
        if not any(box.kind == b"tfdt" for box in boxes):
            return None
        time = Fields(self._data, one(boxes, b"tfdt")).wide()
        if time > _MAX_TIME:
            raise FragmentError("a fragment begins at the end of all time")
        return time

    def _read_run(
        self, box: Box, track: MovieTrack, defaults: SampleDefaults, base: int, at: int
    ) -> int:
        """Take one run (8.8.8), and return where its bytes end."""
        fields = Fields(self._data, box)
        count = fields.unsigned(4)
        self._left -= count
        if self._left < 0 or len(self.runs) >= _MAX_RUNS:
            raise FragmentError("a segment has too many samples")
        start = base + fields.signed(4) if fields.flags & _DATA_OFFSET else at
        first = fields.unsigned(4) if fields.flags & _FIRST_FLAGS else None
        durations, sizes, flags, offsets = _columns(fields, count)
        if sizes is None:
            sizes = array("I", [defaults.size]) * count
        if 0 in sizes:
            raise FragmentError("a sample has no bytes")
        size = sum(sizes)
        self._places.take(start, size)
        if count and track.is_wanted:
            run = SampleRun(
                track_id=track.id,
                description=defaults.description,
                start=start,
                size=size,
                decode_time=self._time,
                durations=durations or array("I", [defaults.duration]) * count,
                sizes=sizes,
                offsets=_signed(offsets),
                syncs=tuple(_syncs(flags, first, defaults.flags, count)),
            )
            self.runs.append(run)
            self._time = None
        return start + size


def _defaults_of(header: Fields, track: MovieTrack) -> SampleDefaults:
    """Return a track's defaults as a fragment changes them (8.8.7)."""
    whole = track.defaults
    description = header.unsigned(4) if header.flags & _DESCRIPTION else whole.description
    if not 1 <= description <= track.description_count:
        raise FragmentError("a fragment has a sample description that there is not")
    duration, size, flags = (
        header.unsigned(4) if header.flags & flag else default
        for flag, default in zip(_DEFAULTS, (whole.duration, whole.size, whole.flags), strict=True)
    )
    return SampleDefaults(description=description, duration=duration, size=size, flags=flags)


def _columns(fields: Fields, count: int) -> list[array[int] | None]:
    """Return the columns of a run's table; None for each that it leaves out."""
    present = [bool(fields.flags & flag) for flag in _COLUMNS]
    width = sum(present)
    table = array("I", bytes(fields.take(4 * width * count)))
    if sys.byteorder == "little":
        table.byteswap()
    if fields.left:
        raise FragmentError("a run is longer than its samples")
    ranks = (sum(present[:index]) for index in range(len(present)))
    return [
        table[rank::width] if there else None for there, rank in zip(present, ranks, strict=True)
    ]


def _signed(column: array[int] | None) -> array[int]:
    """Return offsets as they are written by all: signed, whatever the version says."""
    signed = array("i")
    if column is not None and any(column):
        signed.frombytes(column.tobytes())
    return signed


def _syncs(flags: array[int] | None, first: int | None, default: int, count: int) -> Iterator[int]:
    if flags is not None:
        first = flags[0] if first is None and count else first
        rest = (index for index in range(1, count) if not flags[index] & _DIFFERENCE_OR_DEPENDENT)
    else:
        first = default if first is None else first
        rest = (index for index in range(1, count) if not default & _DIFFERENCE_OR_DEPENDENT)
    if first is not None and not first & _DIFFERENCE_OR_DEPENDENT:
        yield 0
    yield from rest
