"""Draw a film in a moment: picture, moving timecode, tone. Only PyAV is needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
from av.stream import Disposition

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Film", "Sound", "render"]


@dataclass(frozen=True, kw_only=True)
class Sound:
    """One tone; the languages of a film have different ones."""

    language: str = ""
    hertz: int = 440
    codec: str = "aac"
    rate: int = 48000
    layout: str = "stereo"
    gap: tuple[float, float] = (0.0, 0.0)
    """Seconds from and to which its packets are missing."""


@dataclass(frozen=True, kw_only=True)
class Film:
    """What to render."""

    suffix: str = ".mp4"
    seconds: float = 3.0
    size: tuple[int, int] | None = (320, 240)
    fps: Fraction = Fraction(25)
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    options: dict[str, str] = field(default_factory=lambda: {"preset": "ultrafast"})
    keyframe_frames: int = 50
    rotation: int = 0
    sample_aspect: Fraction = Fraction(1)
    has_variable_rate: bool = False
    has_cover: bool = False
    sounds: tuple[Sound, ...] = (Sound(),)
    subtitles: tuple[str, ...] = ()
    muxer: dict[str, str] = field(default_factory=dict)


def render(path: Path, film: Film) -> None:
    """Write ``film`` to ``path``."""
    with av.open(str(path), "w", options=dict(film.muxer)) as out:
        sources = []
        if film.size is not None:
            sources.append(_picture(out, film))
        if film.has_cover:
            _cover(out)
        sources += [_tone(out, film, sound) for sound in film.sounds]
        lines = [_subtitle_track(out, language) for language in film.subtitles]
        out.start_encoding()
        if film.has_cover:
            _mux_cover(out)
        for stream in lines:
            _mux_lines(out, stream, film)
        _interleave(out, sources)


def _picture(out: Any, film: Film) -> tuple[Any, Any, Callable[[Any], Any]]:
    assert film.size is not None
    width, height = film.size
    stream = out.add_stream(film.codec, rate=film.fps, options=dict(film.options))
    stream.width, stream.height, stream.pix_fmt = width, height, film.pix_fmt
    context = stream.codec_context
    context.gop_size = film.keyframe_frames
    context.sample_aspect_ratio = film.sample_aspect
    if film.keyframe_frames > 1000:
        context.options = {**film.options, "sc_threshold": "0", "keyint_min": "9999"}
    if film.rotation:
        stream.set_display_rotation(film.rotation)
    graph = av.filter.Graph()
    source = graph.add(
        "testsrc", f"duration={film.seconds}:size={width}x{height}:rate={film.fps}:decimals=2"
    )
    graph.link_nodes(source, graph.add("buffersink")).configure()
    count = 0

    def prepare(frame: Any) -> Any:
        nonlocal count
        count += 1
        if film.has_variable_rate and count % 7 in {2, 3, 5}:
            return None
        ready = frame.reformat(format=film.pix_fmt)
        ready.pict_type = 0
        return ready

    return graph, stream, prepare


def _tone(out: Any, film: Film, sound: Sound) -> tuple[Any, Any, Callable[[Any], Any]]:
    stream = out.add_stream(sound.codec, rate=sound.rate, layout=sound.layout)
    if sound.language:
        stream.metadata["language"] = sound.language
    graph = av.filter.Graph()
    source = graph.add(
        "sine", f"duration={film.seconds}:frequency={sound.hertz}:sample_rate={sound.rate}"
    )
    shape = graph.add("aformat", f"channel_layouts={sound.layout}")
    graph.link_nodes(source, shape, graph.add("abuffersink")).configure()
    if sound.gap != (0.0, 0.0):
        stream = _Holey(stream, sound.gap)
    return graph, stream, lambda frame: frame


class _Holey:
    """An encoder that loses packets."""

    def __init__(self, stream: Any, gap: tuple[float, float]) -> None:
        self._stream = stream
        self._gap = gap

    def encode(self, frame: Any) -> list[Any]:
        start, end = self._gap
        packets = self._stream.encode(frame)
        return [p for p in packets if not start <= p.pts * p.time_base < end]


def _interleave(out: Any, sources: list[tuple[Any, Any, Callable[[Any], Any]]]) -> None:
    """Encode all sources by time until each has ended."""
    times = [0.0] * len(sources)
    waiting = set(range(len(sources)))
    while waiting:
        turn = min(waiting, key=lambda i: times[i])
        graph, stream, prepare = sources[turn]
        try:
            frame = graph.pull()
        except (av.error.EOFError, av.error.BlockingIOError):
            out.mux(stream.encode(None))
            waiting.remove(turn)
            continue
        times[turn] = frame.time or 0.0
        ready = prepare(frame)
        if ready is not None:
            out.mux(stream.encode(ready))


def _subtitle_track(out: Any, language: str) -> Any:
    stream = out.add_mux_stream("subrip")
    stream.time_base = Fraction(1, 1000)
    stream.metadata["language"] = language
    return stream


def _mux_lines(out: Any, stream: Any, film: Film) -> None:
    for second in range(int(film.seconds)):
        packet = av.Packet(f"line {second}".encode())
        packet.stream, packet.time_base = stream, Fraction(1, 1000)
        packet.pts = packet.dts = second * 1000
        packet.duration = 900
        out.mux(packet)


def _cover(out: Any) -> None:
    stream = out.add_stream("mjpeg", rate=1)
    stream.width, stream.height, stream.pix_fmt = 64, 64, "yuvj420p"
    stream.disposition = Disposition.attached_pic


def _mux_cover(out: Any) -> None:
    frame = av.VideoFrame(64, 64, "yuvj420p")
    for plane in frame.planes:
        plane.update(bytes([128]) * plane.buffer_size)
    frame.pts = 0
    stream = out.streams.video[0]
    out.mux(stream.encode(frame))
    out.mux(stream.encode(None))
