"""The way of one track's packets: copied, or decoded and encoded, to every output that wants it.

A copied packet goes to the muxers as it is. A decoded track is decoded once,
however many rungs are encoded from it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, Protocol

import av

from vodseal.errors import CopyRefusedError
from vodseal.service.packaging.access_units import is_one_picture, nal_length_size
from vodseal.service.packaging.decoding import Decoder, PictureClock, PictureFilter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av.container import OutputContainer
    from av.packet import Packet
    from av.stream import Stream

    from vodseal.service.packaging.encoders import AudioEncoder, VideoEncoder
    from vodseal.service.packaging.source import VideoTrack

__all__ = ["CopyFlow", "Fan", "Flow", "PictureFlow", "SoundFlow"]

_LONGEST_GOP: Final = 20


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
        self._nal_length = _nal_length(stream)

    def feed(self, packet: Packet[Any]) -> None:
        """Pass ``packet`` on.

        Raises:
            CopyRefusedError: It has no times, would be taken for two pictures, the
                muxer does not take it, or no keyframe came for so long that
                segments would grow without bound.
        """
        if not packet.size:
            return
        pts, dts = packet.pts, packet.dts
        if pts is None or dts is None:
            raise CopyRefusedError("a packet has no times")
        if self._nal_length and not is_one_picture(memoryview(packet), self._nal_length):
            raise CopyRefusedError("a picture would be taken for two")
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
        self._decoder = Decoder(stream)
        self._rungs = rungs
        self._start = round(start / _time_base(stream))
        self._clock = PictureClock(
            trusts_pts=track.has_times, step=max(1, round(1 / track.fps / _time_base(stream)))
        )
        self._turn = PictureFilter(track)

    def feed(self, packet: Packet[Any]) -> None:
        """Decode ``packet`` and encode what comes of it.

        Raises:
            TranscodeError: Too much of the track is damaged.
        """
        is_last = not packet.size
        for frame in self._decoder.decode(packet):
            frame.pts = self._clock.time(frame.pts, frame.dts) - self._start
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
        self._decoder = Decoder(stream)
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


def _nal_length(stream: Stream) -> int:
    context = stream.codec_context
    return nal_length_size(context.extradata) if context.name == "h264" else 0


def _time_base(stream: Stream) -> Fraction:
    return stream.time_base or Fraction(1, 90000)
