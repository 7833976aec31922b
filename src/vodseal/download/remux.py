"""From runs of HLS to one seekable MP4, packet by packet, nothing decoded.

The muxer writes ``mdat`` as it goes and ``moov`` at the end; it comes back only
to the head and inside ``moov``, and gets a stream that allows that. Timestamps
are moved so that the film begins at zero, pts and dts by the same amount, which
keeps B-frames in order; a later run is moved to where the one before it ended.

Every audio and video stream of the first run becomes a track. Streams of other
kinds (timed metadata, teletext) have no place in the file and are left out.
``aac_adtstoasc`` and the like are put in by the muxer itself.
"""

from __future__ import annotations

import math
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

import av
from av.error import FFmpegError

from vodseal.container.meta import TrackKind, TrackMeta
from vodseal.download.whole_pictures import whole_pictures
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError

if TYPE_CHECKING:
    import io
    from collections.abc import Callable
    from typing import IO, Any

    from vodseal.download.staged_source import RunStream

__all__ = ["Remuxer", "count_packets", "describe_track"]

_BUFFER_SIZE: Final = 1 << 20
_MICROSECONDS: Final = 1_000_000
_PEEK: Final = 64
"""Packets that are looked at before a later run is placed."""
_HEAD_SIZE: Final = 12
_MOST_OVERLAP: Final = 0.5
"""Seconds by which a packet may come too early where a stream was spliced."""
_NEVER: Final = 1 << 62
_OPTIONS: Final = {"flush_packets": "0"}


class _Track:
    """One output stream, and how far it got on the film's clock.

    Within a run that clock counts in ticks of the source, between runs in seconds.
    """

    __slots__ = (
        "_end_ticks", "_next_dts", "_shift", "_step", "count", "end", "last_dts", "source_type",
        "stream", "tick",
    )  # fmt: skip

    def __init__(self, source: Any, stream: Any) -> None:
        self.stream = stream
        self.source_type: tuple[str, str] = _type_of(source)
        self.count = 0
        self.end = 0.0
        self.last_dts = float("-inf")
        self.tick = 0.0

    def begin(self, move: float) -> None:
        """Begin a run, which is moved by ``move`` seconds."""
        self._shift = round(move / self.tick)
        self._step = max(1, math.ceil(self.stream.time_base / self.tick))
        self._next_dts = round(self.last_dts / self.tick) + self._step if self.count else -_NEVER
        self._end_ticks = 0

    def take(self, packet: Any) -> None:
        """Give a packet its times in the film.

        Where a stream was spliced, packets may overlap by a little: they follow each
        other as closely as can be. More than that is left for the muxer to refuse.
        """
        pts = packet.pts + self._shift
        dts = pts if packet.dts is None else packet.dts + self._shift
        if dts < self._next_dts and (self._next_dts - dts) * self.tick < _MOST_OVERLAP:
            dts = self._next_dts
            pts = max(pts, dts)
        packet.pts, packet.dts, packet.stream = pts, dts, self.stream
        self._next_dts = dts + self._step
        self._end_ticks = max(self._end_ticks, pts + (packet.duration or 0))
        self.count += 1

    def end_run(self) -> None:
        """Keep how far the track got."""
        if self.count:
            self.end = max(self.end, self._end_ticks * self.tick)
            self.last_dts = (self._next_dts - self._step) * self.tick


class Remuxer:
    """Makes one MP4. Feed it runs, then ``finish``."""

    def __init__(self, output: io.RawIOBase) -> None:
        """``output`` can be written and sought."""
        self._output = av.open(
            output, "w", format="mp4", buffer_size=_BUFFER_SIZE, options=_OPTIONS
        )
        self._tracks: list[_Track] = []

    def add_run(self, run: RunStream) -> None:
        """Take all packets of a run.

        Raises:
            DownloadError: It cannot be read as media, or has other streams than
                the run before (NOT_SUPPORT_FORMAT).
            VodsealError: As ``RunStream.read``.
            OSError: The output could not be written.
        """
        try:
            with av.open(
                run, "r", format=_format_of(run.head(_HEAD_SIZE)), buffer_size=_BUFFER_SIZE
            ) as source:
                self._take(source)
        except FFmpegError as error:
            raise _not_media(error) from error

    def finish(self, before_end: Callable[[], None]) -> tuple[TrackMeta, ...]:
        """Write what is left and the index; return what the tracks are.

        ``before_end`` is called when everything from the current position of the
        output on has to stay changeable.

        Raises:
            DownloadError: There was no packet at all (NOT_SUPPORT_FORMAT).
            OSError: The output could not be written.
        """
        if not any(track.count for track in self._tracks):
            raise DownloadError(ErrorCode.NOT_SUPPORT_FORMAT, "the stream holds no media")
        before_end()
        try:
            self._output.close()
        except FFmpegError as error:
            raise _not_media(error) from error
        return tuple(describe_track(track.stream) for track in self._tracks)

    @property
    def packet_counts(self) -> list[int]:
        """Packets of each track, in order."""
        return [track.count for track in self._tracks]

    def _take(self, source: av.container.InputContainer) -> None:
        streams = [one for one in source.streams if self._is_wanted(one)]
        if not self._tracks:
            self._add_tracks(streams)
            self._output.start_encoding()
        types = [_type_of(one) for one in streams]
        if types != [track.source_type for track in self._tracks] or not streams:
            msg = "a part of the stream has other tracks than the part before"
            raise DownloadError(ErrorCode.NOT_SUPPORT_FORMAT, msg)
        table = dict(zip((one.index for one in streams), self._tracks, strict=True))
        packets = whole_pictures(packet for packet in source.demux(streams) if packet.size)
        first = list(islice(packets, _PEEK))
        start = (source.start_time or 0) / _MICROSECONDS
        self._place(streams, first, table, start)
        mux = self._output.mux_one
        for packet in chain(first, packets):
            table[packet.stream_index].take(packet)
            mux(packet)
        for track in self._tracks:
            track.end_run()

    def _add_tracks(self, streams: list[Any]) -> None:
        for one in streams:
            stream = self._output.add_stream_from_template(one)
            if one.language:
                stream.metadata["language"] = one.language
            self._tracks.append(_Track(one, stream))

    def _is_wanted(self, stream: Any) -> bool:
        context = stream.codec_context
        if context is None or context.codec.canonical_name not in self._output.supported_codecs:
            return False
        return bool(
            (stream.type == "video" and context.width)
            or (stream.type == "audio" and context.sample_rate)
        )

    def _place(
        self, streams: list[Any], first: list[Any], table: dict[int, _Track], start: float
    ) -> None:
        """Set the shift of each track: the film begins at 0, a later run after the one before."""
        end = max(track.end for track in self._tracks)
        move = end - start
        for one in streams:
            table[one.index].tick = float(one.time_base)
        for packet in first:
            track = table[packet.stream_index]
            if packet.dts is not None and track.count:
                gap = track.last_dts + track.tick - (packet.dts * track.tick + move)
                move += max(0.0, gap)
        for track in self._tracks:
            track.begin(move)


def count_packets(file: IO[bytes]) -> list[int]:
    """Return the packets of each stream of an MP4, reading all of it.

    Raises:
        DownloadError: It is not one (WRITE_ERROR): it does not read back.
    """
    try:
        with av.open(file, "r", format="mp4", buffer_size=_BUFFER_SIZE) as source:
            counts = [0] * len(source.streams)
            for packet in source.demux():
                if packet.size:
                    counts[packet.stream_index] += 1
    except FFmpegError as error:
        raise DownloadError(ErrorCode.WRITE_ERROR, "the file does not read back") from error
    return counts


def _format_of(head: bytes) -> str | None:
    """Return what to read a stream as, from its first bytes; None lets FFmpeg look."""
    if head[:1] == b"\x47":
        return "mpegts"
    if head[4:8] in {b"ftyp", b"styp", b"moov", b"moof", b"sidx", b"emsg"}:
        return "mp4"
    if head[:1] == b"\xff" and head[1] & 0xF6 == 0xF0:  # noqa: PLR2004 - ADTS, ISO 13818-7
        return "aac"
    return None


def _type_of(stream: Any) -> tuple[str, str]:
    return stream.type, stream.codec_context.codec.canonical_name


def describe_track(stream: Any) -> TrackMeta:
    """Return what the file tells of a track: an audio or video stream of FFmpeg's."""
    context = stream.codec_context
    codec = context.codec.canonical_name
    language = stream.language or ""
    if stream.type == "video":
        return TrackMeta(
            kind=TrackKind.VIDEO,
            codec=codec,
            width=context.width,
            height=context.height,
            language=language,
        )
    return TrackMeta(
        kind=TrackKind.AUDIO,
        codec=codec,
        sample_rate=context.sample_rate,
        channels=context.layout.nb_channels,
        language=language,
    )


def _not_media(error: FFmpegError) -> DownloadError:
    msg = f"the stream cannot be made into an MP4: {error.strerror}"
    return DownloadError(ErrorCode.NOT_SUPPORT_FORMAT, msg)
