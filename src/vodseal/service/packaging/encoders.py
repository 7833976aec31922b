"""Encode what has to be encoded: H.264 and AAC, each plan once, however many streams use it.

Keyframes stand two seconds apart from the first picture on, as IDR with closed
groups, in every rung alike: so segments of all rungs begin at the same instants.
Frames keep their own times; what has a variable rate stays so.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

import av
from av.video.frame import PictureType

if TYPE_CHECKING:
    from fractions import Fraction

    from av.audio.frame import AudioFrame
    from av.packet import Packet
    from av.stream import Stream
    from av.video.frame import VideoFrame

    from vodseal.service.packaging.ladder import AudioPlan, VideoPlan
    from vodseal.service.packaging.source import VideoTrack

__all__ = ["AudioEncoder", "EncoderHost", "VideoEncoder"]

_KEYFRAME_SECONDS: Final = 2
_HD_HEIGHT: Final = 720
_UNSAID: Final = 2


class EncoderHost:
    """A container that is never written: FFmpeg's streams need one to be opened in."""

    def __init__(self) -> None:
        """Begin without encoders."""
        self.container = av.open(io.BytesIO(), "w", format="mp4")

    def open(self) -> None:
        """Open all encoders; from here on their streams serve as templates."""
        if self.container.streams:
            self.container.start_encoding()


class VideoEncoder:
    """Scales pictures to one size and encodes them."""

    def __init__(
        self, host: EncoderHost, plan: VideoPlan, track: VideoTrack, time_base: Fraction
    ) -> None:
        """``time_base`` is that of the frames to come."""
        self._size = plan.size
        self._matrix = _matrix(track, plan)
        self._key_ticks = _KEYFRAME_SECONDS / time_base
        self._next_key: Fraction | int | None = None
        self._last_pts: int | None = None
        rate = plan.max_bitrate_kbps
        options = {
            "preset": "veryfast",
            "profile": "high",
            "crf": "23",
            "maxrate": f"{rate}k",
            "bufsize": f"{2 * rate}k",
            "forced-idr": "1",
            "flags": "+cgop",
        }
        stream: Any = host.container.add_stream(
            "libx264", rate=track.fps, options=options, time_base=time_base
        )
        stream.width, stream.height = plan.size
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.thread_type, context.thread_count = "FRAME", 0  # as many as there are cores
        context.gop_size = max(1, round(4 * _KEYFRAME_SECONDS * track.fps))
        context.color_range = 1
        context.color_primaries, context.color_trc = track.color[:2]
        context.colorspace = self._matrix or track.color.matrix
        self.stream: Stream = stream

    def encode(self, frame: VideoFrame | None) -> list[Packet[Any]]:
        """Return what the encoder gives for ``frame``; None ends it.

        ``frame.pts`` counts in the encoder's time base. A frame that is not later
        than the one before is left out: two cannot be shown at once.
        """
        context: Any = self.stream.codec_context
        if frame is None:
            return list(context.encode(None))
        pts = frame.pts or 0
        if self._last_pts is not None and pts <= self._last_pts:
            return []
        self._last_pts = pts
        width, height = self._size
        scaled = frame.reformat(
            width=width,
            height=height,
            format="yuv420p",
            interpolation="BICUBIC",
            dst_color_range="MPEG",
            dst_colorspace=self._matrix,
        )
        scaled.pts, scaled.time_base = pts, frame.time_base
        scaled.pict_type = PictureType.I if self._is_key(pts) else PictureType.NONE
        return list(context.encode(scaled))

    def _is_key(self, pts: int) -> bool:
        if self._next_key is None:
            self._next_key = pts
        if pts < self._next_key:
            return False
        while self._next_key <= pts:
            self._next_key += self._key_ticks
        return True


class AudioEncoder:
    """Resamples one track, closes its gaps with silence, and encodes it."""

    def __init__(self, host: EncoderHost, plan: AudioPlan) -> None:
        """Make the encoder; it is opened by its host."""
        self._layout = "mono" if plan.channels == 1 else "stereo"
        self._rate = plan.sample_rate
        self._graph: av.filter.Graph | None = None
        self._shape: tuple[str, str, int] | None = None
        stream: Any = host.container.add_stream(
            "aac", rate=plan.sample_rate, bit_rate=plan.bitrate_kbps * 1000, layout=self._layout
        )
        self.stream: Stream = stream

    def encode(self, frame: AudioFrame | None) -> list[Packet[Any]]:
        """Return what the encoder gives for ``frame``; None ends it."""
        context: Any = self.stream.codec_context
        packets: list[Packet[Any]] = []
        shape = (frame.format.name, frame.layout.name, frame.sample_rate) if frame else None
        if self._graph is not None and shape != self._shape:
            self._graph.push(None)
            packets += self._drain()
        if frame is None:
            return packets + list(context.encode(None))
        if shape != self._shape:
            self._graph, self._shape = self._connect(frame), shape
        assert self._graph is not None  # noqa: S101 - for the type checker
        self._graph.push(frame)
        return packets + self._drain()

    def _connect(self, frame: AudioFrame) -> av.filter.Graph:
        graph = av.filter.Graph()
        graph.link_nodes(
            graph.add_abuffer(
                sample_rate=frame.sample_rate,
                format=frame.format.name,
                layout=frame.layout.name,
                time_base=frame.time_base,
            ),
            graph.add("aresample", f"{self._rate}:async=1"),
            graph.add(
                "aformat",
                f"sample_fmts=fltp:sample_rates={self._rate}:channel_layouts={self._layout}",
            ),
            graph.add("abuffersink"),
        ).configure()
        return graph

    def _drain(self) -> list[Packet[Any]]:
        context: Any = self.stream.codec_context
        packets: list[Packet[Any]] = []
        while self._graph is not None:
            try:
                frame = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                break
            packets += context.encode(frame)
        return packets


def _matrix(track: VideoTrack, plan: VideoPlan) -> int | None:
    """Return the matrix that RGB has to be turned into, or None to keep the source's."""
    if track.color.matrix:
        return None
    return 1 if plan.size.height >= _HD_HEIGHT else 6
