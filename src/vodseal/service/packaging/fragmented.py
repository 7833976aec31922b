"""Mux packets into HLS of fragmented MP4: an initialisation section, then segments.

The muxer writes a fragment for every second and at every keyframe, each with all
tracks, so that what is played together lies together. Fragments are put into
segments here, and not by FFmpeg's HLS muxer: that one makes a single fragment of a
segment, or loses the first ones into the initialisation section.

There are no edit lists and no negative offsets: ``tfdt`` alone says when a fragment
is shown, which every player reads in the same way (RFC 8216, 3.3).
"""

from __future__ import annotations

import contextlib
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import av

from vodseal.errors import CopyRefusedError, FragmentError, TranscodeError
from vodseal.media.boxes import LARGE_HEADER_SIZE, read_box
from vodseal.media.fragments import read_fragments
from vodseal.media.movie import read_movie
from vodseal.media.movie_tables import TrackTable
from vodseal.service.packaging.outputs import (
    BUFFER_SIZE,
    FIRST_INSTANT,
    SEGMENT_SECONDS,
    StoredStream,
)

if TYPE_CHECKING:
    from concurrent.futures import Future

    from vodseal.media.fragments import SampleRun
    from vodseal.media.movie import Movie
    from vodseal.service.packaging.segments import SegmentWriter, StoredPiece

__all__ = ["FragmentedOutput"]

_OPTIONS: Final = {
    "movflags": "+frag_keyframe+delay_moov+default_base_moof+frag_discont+skip_trailer",
    "frag_duration": "1000000",  # microseconds
    "use_editlist": "0",
    "avoid_negative_ts": "disabled",  # it would move tracks against each other
    "output_ts_offset": str(FIRST_INSTANT),
    "flush_packets": "0",
}
_SECTION: Final = "init.mp4"


class FragmentedOutput:
    """Segments of about six seconds, each cut at a keyframe."""

    def __init__(self, folder: str, writer: SegmentWriter, key: bytes | None) -> None:
        """Store segments in ``folder``, encrypted when there is a key."""
        self._segments = _Segments(folder, writer, key)
        self.container = av.open(
            _Boxes(self._segments),
            "w",
            format="mp4",
            buffer_size=BUFFER_SIZE,
            container_options=_OPTIONS,
        )

    def finish(self) -> StoredStream:
        """Write the last segment and return all of them."""
        self.container.close()
        return self._segments.finish()

    def discard(self) -> None:
        """Store no further segment."""
        self._segments.is_discarded = True
        with contextlib.suppress(av.error.FFmpegError):  # it is thrown away
            self.container.close()


class _Boxes:
    """A write-only file that hands on one box after the other."""

    def __init__(self, segments: _Segments) -> None:
        self._segments = segments
        self._waiting = bytearray()

    def write(self, data: bytes) -> int:
        self._waiting += data
        while len(self._waiting) >= LARGE_HEADER_SIZE:
            box = read_box(bytes(self._waiting[:LARGE_HEADER_SIZE]), 0, 0)
            if box is None or box.end > len(self._waiting):
                break
            self._segments.take(box.kind, bytes(self._waiting[: box.end]))
            del self._waiting[: box.end]
        return len(data)


class _Segments:
    """Puts fragments into segments, and stores them."""

    def __init__(self, folder: str, writer: SegmentWriter, key: bytes | None) -> None:
        self.is_discarded = False
        self._folder = folder
        self._writer = writer
        self._key = key
        self._head = b""
        self._movie: Movie | None = None
        self._tables: dict[int, TrackTable] = {}
        self._leader = 0
        """The track at whose keyframes segments are cut."""
        self._section: Future[StoredPiece] | None = None
        self._stored: list[Future[StoredPiece]] = []
        self._parts: list[bytes] = []
        self._begins: list[Fraction] = []
        """When each segment begins, the one being written too."""

    def take(self, kind: bytes, data: bytes) -> None:
        """Take the next box of the muxer.

        Raises:
            CopyRefusedError: It cannot be read as a fragment.
        """
        if self.is_discarded:
            return
        try:
            if kind == b"moov":
                self._begin(self._head + data)
            elif kind == b"mdat" and self._movie is not None:
                self._take_fragment(self._movie, self._head + data)
        except FragmentError as error:
            raise CopyRefusedError(f"fragments were refused: {error.message}") from error
        self._head = data if kind in {b"ftyp", b"moof"} else b""

    def finish(self) -> StoredStream:
        """Store what is left.

        Raises:
            TranscodeError: There was no packet.
        """
        if self._section is None or not self._begins:
            raise TranscodeError("the file holds no packets that could be packaged")
        self._store_segment()
        table = self._tables[self._leader]
        end = Fraction(table.last_shown() - table.first_shown(), table.track.timescale)
        instants = [*self._begins, table.start() + end]
        durations = (float(b - a) for a, b in pairwise(instants))
        return StoredStream(
            pieces=tuple(future.result() for future in self._stored),
            durations=tuple(durations),
            section=self._section.result(),
        )

    def _begin(self, section: bytes) -> None:
        self._movie = read_movie(memoryview(section))
        tracks = self._movie.tracks
        self._tables = {track.id: TrackTable(track) for track in tracks}
        self._leader = next((track.id for track in tracks if track.is_picture), tracks[0].id)
        self._section = self._writer.write(f"{self._folder}/{_SECTION}", [section], self._key)

    def _take_fragment(self, movie: Movie, fragment: bytes) -> None:
        runs = read_fragments(movie, memoryview(fragment))
        for run in runs:
            self._tables[run.track_id].add(run, 0)
        leading = next((run for run in runs if run.track_id == self._leader), None)
        if leading is not None and 0 in leading.syncs:
            self._cut(self._instant(leading))
        self._parts.append(fragment)

    def _cut(self, instant: Fraction) -> None:
        """End a segment, unless it is too early: segment n begins n times six seconds after 0."""
        if not self._begins:
            self._begins.append(instant)
        elif instant - self._begins[0] >= SEGMENT_SECONDS * len(self._begins):
            self._store_segment()
            self._begins.append(instant)

    def _instant(self, run: SampleRun) -> Fraction:
        ticks = (run.decode_time or 0) + (run.offsets[0] if run.offsets else 0)
        return Fraction(ticks, self._tables[run.track_id].track.timescale)

    def _store_segment(self) -> None:
        name = f"{self._folder}/{len(self._stored):06d}.m4s"
        self._stored.append(self._writer.write(name, self._parts, self._key))
        self._parts = []
