"""From fragments to one seekable MP4 without a demuxer: bytes are copied, tables are added up.

A stream of fragmented MP4 says itself where each sample lies and when it is shown,
so its samples are copied as they stand, and the plain ``moov`` at the end is built from
what the fragments said (``vodseal.media.fragments``). The result has the packets
and times of a remux, for a third of its work.

That goes for one run of fragments under one initialisation section, of codecs whose
packets are the same in both; ``can_join`` and ``FragmentError`` tell where it ends, and
``Remuxer`` makes the file instead.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import av
from av.error import FFmpegError

from vodseal.download.remux import describe_track
from vodseal.errors import FragmentError
from vodseal.media.fragments import read_fragments
from vodseal.media.movie import read_movie
from vodseal.media.movie_tables import TrackTable
from vodseal.media.movie_writer import MOVIE_HEAD, movie_index, movie_size_patch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vodseal.container.meta import TrackMeta
    from vodseal.download.job import SegmentSpec
    from vodseal.download.staged_source import RunStream
    from vodseal.media.movie import Movie

__all__ = ["FragmentJoiner", "can_join"]

_CODECS: Final = frozenset(
    {"h264", "hevc", "av1", "vp9", "aac", "mp3", "ac3", "eac3", "opus", "flac"}
)


def can_join(segments: Sequence[SegmentSpec]) -> bool:
    """Return whether a playlist promises one run of fragments."""
    return (
        len(segments) > 1
        and segments[0].init
        and not any(segment.init for segment in segments[1:])
        and not any(segment.discontinuity for segment in segments[2:])
    )


class FragmentJoiner:
    """Makes one MP4, with the face of ``Remuxer``. Feed it one run, then ``finish``."""

    def __init__(self, output: io.RawIOBase) -> None:
        """``output`` can be written and sought."""
        self._output = output
        self._movie: Movie | None = None
        self._tables: dict[int, TrackTable] = {}
        self._metas: dict[int, TrackMeta] = {}

    def add_run(self, run: RunStream) -> None:
        """Take a run: its initialisation section, and every fragment.

        Raises:
            FragmentError: It has to go through a demuxer. What was written is of no use.
            VodsealError: As ``RunStream.pieces``.
            OSError: The output could not be written.
        """
        pieces = run.pieces()
        movie = self._begin(next(pieces))
        write = self._output.write
        write(MOVIE_HEAD)
        for piece in pieces:
            for samples in read_fragments(movie, piece):
                self._tables[samples.track_id].add(samples, self._output.tell())
                write(piece[samples.start : samples.start + samples.size])

    def finish(self, before_end: Callable[[], None]) -> tuple[TrackMeta, ...]:
        """Write the index and complete the head; return what the tracks are.

        ``before_end`` is not called: only the first bytes of the output change.

        Raises:
            FragmentError: There was no sample at all, or too many.
            OSError: The output could not be written.
        """
        del before_end
        if self._movie is None:
            raise FragmentError("the stream holds no fragments")
        end = self._output.tell()
        self._output.write(movie_index(self._movie, list(self._tables.values())))
        position, patch = movie_size_patch(end)
        self._output.seek(position)
        self._output.write(patch)
        return tuple(self._metas[number] for number, table in self._tables.items() if table.count)

    @property
    def packet_counts(self) -> list[int]:
        """Packets of each track, in order."""
        return [table.count for table in self._tables.values() if table.count]

    def _begin(self, section: memoryview) -> Movie:
        if self._movie is not None:
            raise FragmentError("there is a second run")
        movie = read_movie(section)
        wanted = [track for track in movie.tracks if track.is_wanted]
        found = _described(section)
        if not wanted or any(track.id not in found for track in wanted):
            raise FragmentError("a track is of a codec that needs a muxer")
        self._tables = {track.id: TrackTable(track) for track in wanted}
        self._metas = found
        self._movie = movie
        return movie


def _described(section: memoryview) -> dict[int, TrackMeta]:
    """Return the tracks whose packets can be copied, by their numbers."""
    try:
        with av.open(io.BytesIO(section), "r", format="mp4") as source:
            return {
                stream.id: describe_track(stream)
                for stream in source.streams
                if stream.type in {"video", "audio"}
                and stream.codec_context is not None
                and stream.codec_context.codec.canonical_name in _CODECS
            }
    except FFmpegError as error:
        raise FragmentError("the initialisation section does not open") from error
