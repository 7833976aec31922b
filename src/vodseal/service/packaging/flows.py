"""The way of one track's packets: copied, or decoded and encoded, to every output that wants it.

A copied packet goes to the muxers as it is. A decoded track is decoded once,
however many rungs are encoded from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, Protocol

import av

from vodseal.errors import CopyRefusedError, TranscodeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av.container import OutputContainer
    from av.packet import Packet
    from av.stream import Stream

    from vodseal.service.packaging.encoders import AudioEncoder, VideoEncoder
    from vodseal.service.packaging.source import VideoTrack

__all__ = ["CopyFlow", "Fan", "Flow", "PictureFlow", "SoundFlow"]

_LONGEST_GOP: Final = 20
_FORGIVEN_PACKETS: Final = 25
_FORGIVEN_SHARE: Final = 0.05


class Fan:
    """Hands packets to one track in each of several outputs."""

    def __init__(self) -> None:
        """Begin with no output."""
        self._tracks: list[tuple[OutputContainer, Stream]] = []

    def add(self, container: OutputContainer, track: Stream) -> None:
        """Hand packets to this track too."""
        self._tracks.append((container, track))

    def mux(self, packet: Packet[Any]) -> None:
        """Write ``packet`` everywhere. A muxer changes its times, so they are put back."""
        *others, (container, track) = self._tracks
        if others:
            times = packet.pts, packet.dts, packet.duration, packet.time_base
            for other, other_track in others:
                packet.stream = other_track
                other.mux_one(packet)
                packet.pts, packet.dts, packet.duration, packet.time_base = times
        packet.stream = track
        container.mux_one(packet)


class Flow(Protocol):
    """What happens to the packets of one track."""

    def feed(self, packet: Packet[Any]) -> None:
        """Take the next packet; an empty one says that there is no other."""


class CopyFlow:
    """Passes packets on as they are."""

    def __init__(self, stream: Stream, fan: Fan, start: Fraction) -> None:
        """``start`` is the instant of the source that becomes zero."""
        self._fan = fan
        self._start = round(start / _time_base(stream))
        self._longest = _LONGEST_GOP / _time_base(stream)
        self._is_picture = stream.type == "video"
        self._last_key: int | None = None

    def feed(self, packet: Packet[Any]) -> None:
        """Pass ``packet`` on.

        Raises:
            CopyRefusedError: It has no times, the muxer does not take it, or no
                keyframe came for so long that segments would grow without bound.
        """
        if not packet.size:
            return
        pts, dts = packet.pts, packet.dts
        if pts is None or dts is None:
            raise CopyRefusedError("a packet has no times")
        if self._is_picture and not self._follows_keyframe(packet, pts):
            return
        if self._start:
            packet.pts, packet.dts = pts - self._start, dts - self._start
        try:
            self._fan.mux(packet)
        except av.error.FFmpegError as error:
            raise CopyRefusedError(f"the muxer refused a packet: {error.strerror}") from error

    def _follows_keyframe(self, packet: Packet[Any], pts: int) -> bool:
        if packet.is_keyframe:
            self._last_key = pts
        elif self._last_key is not None and pts - self._last_key > self._longest:
            raise CopyRefusedError("keyframes are too far apart to cut segments at them")
        return self._last_key is not None


class PictureFlow:
    """Decodes pictures, turns them upright, and encodes every rung from them."""

    def __init__(
        self,
        stream: Stream,
        track: VideoTrack,
        rungs: Sequence[tuple[VideoEncoder, Fan]],
        start: Fraction,
    ) -> None:
        """``start`` is the instant of the source that becomes zero."""
        self._decoder = _Decoder(stream)
        self._rungs = rungs
        self._start = round(start / _time_base(stream))
        self._step = max(1, round(1 / track.fps / _time_base(stream)))
        self._next_pts = 0
        self._turn = _Filter(track)

    def feed(self, packet: Packet[Any]) -> None:
        """Decode ``packet`` and encode what comes of it.

        Raises:
            TranscodeError: Too much of the track is damaged.
        """
        is_last = not packet.size
        for frame in self._decoder.decode(packet):
            pts = self._next_pts if frame.pts is None else frame.pts - self._start
            self._next_pts = pts + self._step
            frame.pts = pts
            for upright in self._turn.push(frame):
                self._encode(upright)
        if is_last:
            for upright in self._turn.push(None):
                self._encode(upright)
            self._encode(None)
            self._decoder.finish()

    def _encode(self, frame: Any) -> None:
        for encoder, fan in self._rungs:
            for packet in encoder.encode(frame):
                fan.mux(packet)


class SoundFlow:
    """Decodes one sound track and encodes it."""

    def __init__(self, stream: Stream, encoder: AudioEncoder, fan: Fan, start: Fraction) -> None:
        """``start`` is the instant of the source that becomes zero."""
        self._decoder = _Decoder(stream)
        self._encoder = encoder
        self._fan = fan
        self._start = start
        self._next_pts: Fraction = Fraction(0)

    def feed(self, packet: Packet[Any]) -> None:
        """Decode ``packet`` and encode what comes of it.

        Raises:
            TranscodeError: Too much of the track is damaged.
        """
        is_last = not packet.size
        for frame in self._decoder.decode(packet):
            base = frame.time_base or Fraction(1, frame.sample_rate)
            time = self._next_pts if frame.pts is None else frame.pts * base - self._start
            self._next_pts = time + Fraction(frame.samples, frame.sample_rate)
            frame.pts, frame.time_base = round(time / base), base
            self._mux(frame)
        if is_last:
            self._mux(None)
            self._decoder.finish()

    def _mux(self, frame: Any) -> None:
        for packet in self._encoder.encode(frame):
            self._fan.mux(packet)


@dataclass(slots=True)
class _Decoder:
    """Decodes, and passes over a few damaged packets as players do."""

    stream: Stream
    packets: int = 0
    damaged: int = 0

    def __post_init__(self) -> None:
        context: Any = self.stream.codec_context
        context.thread_type = "AUTO"
        context.thread_count = 0

    def decode(self, packet: Packet[Any]) -> list[Any]:
        self.packets += 1
        try:
            return list(packet.decode())
        except av.error.FFmpegError as error:
            self.damaged += 1
            if self.damaged > _FORGIVEN_PACKETS + _FORGIVEN_SHARE * self.packets:
                raise TranscodeError(f"the {self.stream.type} track is damaged") from error
            return []

    def finish(self) -> None:
        if self.packets and self.damaged >= self.packets:
            raise TranscodeError(f"nothing of the {self.stream.type} track could be decoded")


class _Filter:
    """Deinterlaces and turns pictures, where the track needs it."""

    def __init__(self, track: VideoTrack) -> None:
        steps = ("yadif=deint=interlaced" if track.is_interlaced else "", track.orientation.value)
        self._steps = [step for step in ",".join(filter(None, steps)).split(",") if step]
        self._graph: av.filter.Graph | None = None
        self._shape: tuple[int, int, str] | None = None

    def push(self, frame: Any) -> list[Any]:
        """Return the upright pictures that are ready; None asks for the last ones."""
        if not self._steps:
            return [] if frame is None else [frame]
        shape = (frame.width, frame.height, frame.format.name) if frame is not None else None
        ready: list[Any] = []
        if self._graph is not None and shape != self._shape:
            self._graph.push(None)
            ready += self._drain()
        if frame is None:
            return ready
        if shape != self._shape:
            self._graph, self._shape = self._connect(frame), shape
        assert self._graph is not None  # noqa: S101 - for the type checker
        self._graph.push(frame)
        return ready + self._drain()

    def _connect(self, frame: Any) -> av.filter.Graph:
        graph = av.filter.Graph()
        nodes = [
            graph.add_buffer(
                width=frame.width,
                height=frame.height,
                format=frame.format,
                time_base=frame.time_base,
            )
        ]
        for step in self._steps:
            name, _, arguments = step.partition("=")
            nodes.append(graph.add(name, arguments or None))
        graph.link_nodes(*nodes, graph.add("buffersink")).configure()
        return graph

    def _drain(self) -> list[Any]:
        ready: list[Any] = []
        while self._graph is not None:
            try:
                ready.append(self._graph.pull())
            except (av.error.BlockingIOError, av.error.EOFError):
                break
        return ready


def _time_base(stream: Stream) -> Fraction:
    return stream.time_base or Fraction(1, 90000)
