"""From an open original to finished outputs: every packet is read once.

The order of things: outputs and encoders are made from the plan, encoders are
opened, their streams become templates of the outputs' tracks, then packets flow.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import av

from vodseal.errors import TranscodeError
from vodseal.service.packaging.encoders import AudioEncoder, EncoderHost, VideoEncoder
from vodseal.service.packaging.flows import CopyFlow, Fan, PictureFlow, SoundFlow
from vodseal.service.packaging.ladder import AudioPlan, VideoPlan
from vodseal.service.packaging.outputs import add_track
from vodseal.service.packaging.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream

    from vodseal.service.packaging.flows import Flow
    from vodseal.service.packaging.ladder import Rendition
    from vodseal.service.packaging.outputs import Output
    from vodseal.service.packaging.source import SourceInfo

__all__ = ["package"]

_JUMPING: Final = frozenset({"mpegts", "mpeg", "wtv"})
_MISSING_SECONDS: Final = 5.0
_MISSING_SHARE: Final = 0.1


def package(
    container: InputContainer,
    source: SourceInfo,
    outputs: Sequence[tuple[Rendition, Output]],
    progress: Callable[[float], None],
) -> float:
    """Write every rendition to its output and return how many seconds they last.

    ``progress`` gets the share that is done, after every packet.

    Raises:
        CopyRefusedError: Packets that were to be copied cannot be; encode them.
        TranscodeError: The original is damaged or was cut short.
        OSError: An output could not be stored.
    """
    plan = _Plan(container, source, outputs)
    jumps = source.container in _JUMPING
    packets = _Packets(plan.streams, plan.start, source.duration, jumps=jumps)
    try:
        for packet in container.demux(plan.streams):
            progress(packets.note(packet))
            for flow in plan.flows[packet.stream.index]:
                flow.feed(packet)
    except av.error.FFmpegError as error:
        raise TranscodeError(f"the file is damaged after {packets.end:.0f} s") from error
    packets.check_complete()
    return packets.end


class _Plan:
    """Which packets go where."""

    def __init__(
        self,
        container: InputContainer,
        source: SourceInfo,
        outputs: Sequence[tuple[Rendition, Output]],
    ) -> None:
        self._container = container
        self._source = source
        self._host = EncoderHost()
        self._fans: dict[VideoPlan | AudioPlan, Fan] = {}
        self._encoders: dict[VideoPlan | AudioPlan, VideoEncoder | AudioEncoder] = {}
        tracks = {track.index for track in source.audio}
        if source.video is not None:
            tracks.add(source.video.index)
        self.streams: list[Stream] = [container.streams[index] for index in sorted(tracks)]
        self.start = _start(self.streams)
        for rendition, _ in outputs:
            self._add_encoders(rendition)
        self._host.open()
        for rendition, output in outputs:
            self._add_tracks(rendition, output)
        self.flows: dict[int, list[Flow]] = {stream.index: [] for stream in self.streams}
        self._add_picture_flows()
        self._add_sound_flows()

    def _add_encoders(self, rendition: Rendition) -> None:
        video = rendition.video
        track = self._source.video
        if video is not None and track is not None and video not in self._fans:
            self._fans[video] = Fan()
            if not video.copies:
                base = self._container.streams[track.index].time_base or Fraction(1, 90000)
                self._encoders[video] = VideoEncoder(self._host, video, track, base)
        for audio in rendition.audio:
            if audio not in self._fans:
                self._fans[audio] = Fan()
                if not audio.copies:
                    self._encoders[audio] = AudioEncoder(self._host, audio)

    def _add_tracks(self, rendition: Rendition, output: Output) -> None:
        if rendition.video is not None and self._source.video is not None:
            self._add_track(rendition.video, self._source.video.index, output, "")
        for audio in rendition.audio:
            self._add_track(audio, audio.index, output, audio.language)

    def _add_track(
        self, plan: VideoPlan | AudioPlan, index: int, output: Output, language: str
    ) -> None:
        encoder = self._encoders.get(plan)
        template = encoder.stream if encoder is not None else self._container.streams[index]
        self._fans[plan].add(output.container, add_track(output, template, language))

    def _add_picture_flows(self) -> None:
        track = self._source.video
        if track is None:
            return
        stream = self._container.streams[track.index]
        plans = [plan for plan in self._fans if isinstance(plan, VideoPlan)]
        rungs = [
            (encoder, self._fans[plan])
            for plan in plans
            if isinstance(encoder := self._encoders.get(plan), VideoEncoder)
        ]
        if rungs:  # before the copies: a muxer changes the packet that is decoded
            flow = PictureFlow(stream, track, rungs, self.start)
            self.flows[track.index].append(flow)
        self._add_copies(stream, plans)

    def _add_sound_flows(self) -> None:
        for track in self._source.audio:
            stream = self._container.streams[track.index]
            plans = [p for p in self._fans if isinstance(p, AudioPlan) and p.index == track.index]
            for plan in plans:
                encoder = self._encoders.get(plan)
                if isinstance(encoder, AudioEncoder):
                    flow = SoundFlow(stream, encoder, self._fans[plan], self.start)
                    self.flows[track.index].append(flow)
            self._add_copies(stream, plans)

    def _add_copies(self, stream: Stream, plans: Sequence[VideoPlan | AudioPlan]) -> None:
        self.flows[stream.index] += [
            CopyFlow(stream, self._fans[plan], self.start) for plan in plans if plan.copies
        ]


class _Packets:
    """How far the demuxer is, by the times of its packets."""

    def __init__(
        self, streams: Sequence[Stream], start: Fraction, expected: float, *, jumps: bool
    ) -> None:
        self._bases = {s.index: float(s.time_base or 1) for s in streams}
        self._start = float(start)
        self._expected = expected
        self._timeline = Timeline() if jumps else None
        self.end = 0.0

    def note(self, packet: Packet[Any]) -> float:
        """Return the share of the film that lies behind ``packet``, whose times may be moved."""
        if self._timeline is not None:
            self._move(packet, self._timeline)
        base, length = self._bases[packet.stream_index], packet.duration or 0
        if packet.pts is not None:
            self.end = max(self.end, (packet.pts + length) * base - self._start)
        else:  # a bare stream of pictures: one follows the other
            self.end += length * base
        return min(1.0, self.end / self._expected) if self._expected else 0.0

    def _move(self, packet: Packet[Any], timeline: Timeline) -> None:
        base = self._bases[packet.stream_index]
        if packet.dts is None:
            return
        shift = timeline.shift(
            packet.stream_index, packet.dts * base, (packet.duration or 0) * base
        )
        if shift:
            ticks = round(shift / base)
            packet.dts += ticks
            packet.pts = None if packet.pts is None else packet.pts + ticks

    def check_complete(self) -> None:
        """Refuse a file that was cut: what is missing would never be missed until it is shown.

        A container whose times jump does not know how long it is.
        """
        if self._timeline is not None:
            return
        missing = self._expected - self.end
        if missing > max(_MISSING_SECONDS, _MISSING_SHARE * self._expected):
            raise TranscodeError(
                f"the file was cut short: it ends after {self.end:.0f} of {self._expected:.0f} s"
            )


def _start(streams: Sequence[Stream]) -> Fraction:
    starts = [
        s.start_time * s.time_base for s in streams if s.start_time is not None and s.time_base
    ]
    return min(starts, default=Fraction(0))
