"""Decode a track into frames that can be shown: upright, progressive, in time."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import av

from vodseal.errors import TranscodeError

if TYPE_CHECKING:
    from av.packet import Packet
    from av.stream import Stream

    from vodseal.service.packaging.source import VideoTrack

__all__ = ["Decoder", "PictureClock", "PictureFilter"]

_FORGIVEN_PACKETS: Final = 25
_FORGIVEN_SHARE: Final = 0.05


@dataclass(slots=True)
class PictureClock:
    """Decides when a picture is shown: by its pts, or by its dts where those go backwards.

    As libavcodec's ``guess_correct_pts``; pictures come in the order of showing.
    """

    trusts_pts: bool
    step: int
    last_pts: int | None = None
    last_dts: int | None = None
    faulty: int = 0
    """How many more pts than dts went backwards."""
    next: int | None = None

    def time(self, pts: int | None, dts: int | None) -> int:
        """Return the time to show a picture at."""
        if pts is not None:
            self.faulty += self.last_pts is not None and pts <= self.last_pts
            self.last_pts = pts
        if dts is not None:
            self.faulty -= self.last_dts is not None and dts <= self.last_dts
            self.last_dts = dts
        chosen = pts if self.trusts_pts and self.faulty <= 0 else dts
        if chosen is None:
            known = (self.next, pts, dts, 0)
            chosen = next(time for time in known if time is not None)
        self.next = chosen + self.step
        return chosen


@dataclass(slots=True)
class Decoder:
    """Decodes, and passes over a few damaged packets as players do."""

    stream: Stream
    packets: int = 0
    damaged: int = 0

    def __post_init__(self) -> None:
        """Let the decoder use every core."""
        context: Any = self.stream.codec_context
        context.thread_type = "AUTO"
        context.thread_count = 0

    def decode(self, packet: Packet[Any]) -> list[Any]:
        """Return the frames that are ready.

        Raises:
            TranscodeError: More packets are damaged than can be passed over.
        """
        self.packets += 1
        try:
            frames = list(packet.decode())
        except av.error.FFmpegError:
            self._count_damage(1)
            return []
        self._count_damage(sum(frame.is_corrupt for frame in frames))
        return frames

    def _count_damage(self, count: int) -> None:
        self.damaged += count
        if count and self.damaged > _FORGIVEN_PACKETS + _FORGIVEN_SHARE * self.packets:
            raise TranscodeError(f"the {self.stream.type} track is damaged")

    def finish(self) -> None:
        """Check that something was decoded.

        Raises:
            TranscodeError: No packet was whole.
        """
        if self.packets and self.damaged >= self.packets:
            raise TranscodeError(f"nothing of the {self.stream.type} track could be decoded")


class PictureFilter:
    """Deinterlaces and turns pictures, where the track needs it."""

    def __init__(self, track: VideoTrack) -> None:
        """``track`` says what is needed."""
        steps = ("yadif=deint=interlaced" if track.is_interlaced else "", track.orientation.value)
        self._steps = [step for step in ",".join(filter(None, steps)).split(",") if step]
        self._graph: av.filter.Graph | None = None
        self._shape: tuple[int, int, str] | None = None
        self._time_base = Fraction(1)

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
        self._time_base = frame.time_base
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
                frame: Any = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                break
            if frame.time_base != self._time_base:  # yadif counts twice as fine
                frame.pts = round(frame.pts * frame.time_base / self._time_base)
                frame.time_base = self._time_base
            ready.append(frame)
        return ready
