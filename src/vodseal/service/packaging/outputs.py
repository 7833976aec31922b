"""Mux packets into what is stored: HLS segments, or one progressive file.

No output encrypts by the muxer's own means: with custom I/O FFmpeg's ``hls_enc``
writes plaintext under a playlist that says otherwise. Segments are handed over
in clear, in memory, and the segment writer encrypts what it stores.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

import av

from vodseal.errors import TranscodeError
from vodseal.service.packaging.faststart import moov_first

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from av.container import OutputContainer
    from av.stream import Stream

    from vodseal.service.packaging.segments import SegmentWriter, StoredPiece

__all__ = [
    "BUFFER_SIZE",
    "FIRST_INSTANT",
    "RANGE_SIZE",
    "SEGMENT_SECONDS",
    "FileOutput",
    "HlsOutput",
    "Output",
    "StoredStream",
    "add_track",
]

RANGE_SIZE: Final = 4 << 20
"""What one digest of a progressive file covers."""

BUFFER_SIZE: Final = 1 << 20
SEGMENT_SECONDS: Final = 6
FIRST_INSTANT: Final = 1
"""Seconds: segments have no negative times, and encoders begin a little before zero."""
_EXTINF: Final = re.compile(r"^#EXTINF:([0-9.]+),", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStream:
    """What an output stored."""

    pieces: tuple[StoredPiece, ...]
    """Segments, or the ranges of one file."""
    durations: tuple[float, ...] = ()
    """Seconds of each segment."""
    section: StoredPiece | None = None
    """The initialisation section that segments need, if they do."""

    @property
    def fetched(self) -> tuple[StoredPiece, ...]:
        """Everything that a client fetches, in order: what digests are signed of."""
        return self.pieces if self.section is None else (self.section, *self.pieces)


class Output(Protocol):
    """One stream being written."""

    container: OutputContainer

    def finish(self) -> StoredStream:
        """Write what is left and return what was stored.

        Raises:
            TranscodeError: Nothing was muxed.
            OSError: It could not be stored.
        """

    def discard(self) -> None:
        """Let go of everything; what is stored so far stays. Harmless when finished, and twice."""


def add_track(output: Output, template: Stream, language: str) -> Stream:
    """Return a new track of ``output`` with the codec of ``template``."""
    track: Any = output.container.add_stream_from_template(template)
    if language:
        track.metadata["language"] = language
    return track  # type: ignore[no-any-return]


class HlsOutput:
    """MPEG-TS segments of six seconds, each cut at a keyframe."""

    def __init__(self, folder: str, writer: SegmentWriter, key: bytes | None) -> None:
        """Store segments in ``folder``, encrypted when there is a key."""
        self._folder = folder
        self._writer = writer
        self._key = key
        self._stored: list[Future[StoredPiece]] = []
        self._playlist = _Parts(None)
        self._is_discarded = False
        self.container = av.open(
            "index.m3u8",
            "w",
            format="hls",
            io_open=self._open,
            buffer_size=BUFFER_SIZE,
            container_options={
                "hls_time": str(SEGMENT_SECONDS),
                "hls_playlist_type": "vod",  # the playlist is written once, at the end
                "hls_segment_filename": "%06d.ts",
                "output_ts_offset": str(FIRST_INSTANT),
            },
        )

    def finish(self) -> StoredStream:
        """Write the last segment and return all of them."""
        self.container.close()
        pieces = tuple(future.result() for future in self._stored)
        text = b"".join(self._playlist.parts).decode()
        durations = tuple(float(number) for number in _EXTINF.findall(text))
        if not pieces or len(durations) != len(pieces):
            raise TranscodeError("the file holds no packets that could be packaged")
        return StoredStream(pieces=pieces, durations=durations)

    def discard(self) -> None:
        """Store no further segment."""
        self._is_discarded = True
        with contextlib.suppress(av.error.FFmpegError):  # it is thrown away
            self.container.close()

    def _open(self, url: str, _flags: int, _options: dict[str, str]) -> _Parts:
        if self._is_discarded:
            return _Parts(None)
        if url.endswith(".ts"):
            return _Parts(lambda parts: self._segment(url, parts))
        self._playlist = _Parts(None)
        return self._playlist

    def _segment(self, name: str, parts: list[bytes]) -> None:
        self._stored.append(self._writer.write(f"{self._folder}/{name}", parts, self._key))


class FileOutput:
    """One MP4 with its index in front, or one MP3. Clear: it is spooled on disk."""

    def __init__(self, name: str, writer: SegmentWriter, spool: Path) -> None:
        """Store it as ``name``; ``spool`` is a folder for its first form."""
        self._name = name
        self._writer = writer
        self._spool: IO[bytes] = tempfile.TemporaryFile(dir=spool)  # noqa: SIM115 - closed in finish
        self.container = av.open(
            self._spool,
            "w",
            format=name.rpartition(".")[2],
            buffer_size=BUFFER_SIZE,
            container_options={"flush_packets": "0"},
        )

    def finish(self) -> StoredStream:
        """Complete the file and store it."""
        self.container.close()
        with self._spool:
            pieces = self._writer.write_ranges(self._name, moov_first(self._spool, RANGE_SIZE))
        if not pieces:
            raise TranscodeError("the file holds no packets that could be packaged")
        return StoredStream(pieces=tuple(pieces))

    def discard(self) -> None:
        """Close the spooled file, which removes it."""
        if not self._spool.closed:
            with contextlib.suppress(av.error.FFmpegError):  # it is thrown away
                self.container.close()
            self._spool.close()


class _Parts:
    """A write-only file in memory that hands its bytes over when it is closed."""

    def __init__(self, deliver: Any) -> None:
        self.parts: list[bytes] = []
        self._deliver = deliver

    def write(self, data: bytes) -> int:
        self.parts.append(data)
        return len(data)

    def close(self) -> None:
        if self._deliver is not None:
            self._deliver(self.parts)
