"""Films that tests need, rendered in a moment: picture, moving timecode, tone.

``MediaCache(folder).get("rotated")`` renders on first use and keeps the file, so
that a session pays for each film once. ``FILMS`` and ``BROKEN`` name them all.
Nothing here needs another program, a font or a network.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
from av.stream import Disposition

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["BROKEN", "FILMS", "Film", "MediaCache", "render"]


@dataclass(frozen=True, kw_only=True)
class Sound:
    """One tone; the languages of a film have different ones."""

    language: str = ""
    hertz: int = 440
    codec: str = "aac"
    rate: int = 48000
    layout: str = "stereo"


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


_BASE = Film()

FILMS: dict[str, Film] = {
    "plain": _BASE,
    "faststart": replace(_BASE, muxer={"movflags": "faststart"}),
    "long": replace(_BASE, seconds=15.0, size=(160, 120)),
    "long-mkv": replace(_BASE, seconds=15.0, size=(160, 120), suffix=".mkv"),
    "long-large": replace(
        _BASE, seconds=15.0, size=(720, 404), fps=Fraction(10), codec="mpeg4", options={}
    ),
    "ladder": replace(_BASE, seconds=2.0, size=(1280, 720)),
    "portrait": replace(_BASE, size=(240, 320)),
    "rotated": replace(_BASE, rotation=90, suffix=".mov"),
    "rotated-left": replace(_BASE, rotation=270),
    "upside-down": replace(_BASE, rotation=180),
    "vfr": replace(_BASE, has_variable_rate=True),
    "vfr-mjpeg": replace(
        _BASE,
        has_variable_rate=True,
        codec="mjpeg",
        pix_fmt="yuvj420p",
        suffix=".mov",
        options={},
    ),
    "no-audio": replace(_BASE, sounds=()),
    "audio-only": replace(_BASE, size=None, suffix=".m4a"),
    "mp3": replace(
        _BASE, size=None, suffix=".mp3", sounds=(Sound(codec="libmp3lame", rate=44100),)
    ),
    "mp3-cover": replace(
        _BASE,
        size=None,
        suffix=".mp3",
        has_cover=True,
        sounds=(Sound(codec="libmp3lame", rate=44100),),
    ),
    "422": replace(_BASE, pix_fmt="yuv422p"),
    "10-bit": replace(
        _BASE,
        codec="libx265",
        pix_fmt="yuv420p10le",
        suffix=".mkv",
        options={"preset": "ultrafast", "x265-params": "log-level=none:pools=none:frame-threads=1"},
    ),
    "422-10-bit": replace(_BASE, pix_fmt="yuv422p10le", suffix=".mov"),
    "odd-size": replace(_BASE, size=(321, 241), pix_fmt="yuv444p"),
    "anamorphic": replace(_BASE, size=(320, 240), sample_aspect=Fraction(16, 12)),
    "full-range": replace(_BASE, codec="mjpeg", pix_fmt="yuvj420p", suffix=".mov", options={}),
    "rgb": replace(_BASE, codec="libx264rgb", pix_fmt="rgb24", suffix=".mkv"),
    "ntsc": replace(_BASE, fps=Fraction(30000, 1001)),
    "languages": replace(
        _BASE,
        suffix=".mkv",
        sounds=(
            Sound(language="eng", hertz=440),
            Sound(language="deu", hertz=660),
            Sound(language="fra", hertz=880, codec="ac3"),
        ),
    ),
    "subtitles": replace(_BASE, suffix=".mkv", subtitles=("eng", "deu")),
    "surround": replace(_BASE, suffix=".mkv", sounds=(Sound(codec="ac3", layout="5.1"),)),
    "vp9": replace(
        _BASE,
        codec="libvpx-vp9",
        suffix=".webm",
        options={"deadline": "realtime", "cpu-used": "8"},
        sounds=(Sound(codec="libopus"),),
    ),
    "transport": replace(_BASE, suffix=".ts"),
    "avi": replace(
        _BASE,
        suffix=".avi",  # says nothing of when a picture is shown, and B-frames make it matter
        options={"preset": "ultrafast", "bf": "3"},
        sounds=(Sound(codec="libmp3lame"),),
    ),
    "rare-keyframes": replace(_BASE, seconds=26.0, size=(96, 64), keyframe_frames=10_000),
    "rare-keyframes-unindexed": replace(
        _BASE, seconds=26.0, size=(96, 64), keyframe_frames=10_000, suffix=".ts"
    ),
}


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
    return graph, stream, lambda frame: frame


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


def _cut_in_index(cache: MediaCache) -> bytes:
    """Return a film whose ``moov``, at its front, is cut in the middle."""
    data = cache.get("faststart").read_bytes()
    start = data.index(b"moov") - 4
    return data[: start + int.from_bytes(data[start : start + 4], "big") // 2]


def _cut_in_last_index(cache: MediaCache) -> bytes:
    """Return a film whose ``moov``, at its end, is cut in the middle."""
    data = cache.get("plain").read_bytes()
    start = data.rindex(b"moov") - 4
    return data[: (start + len(data)) // 2]


def _cut_in_pictures(cache: MediaCache) -> bytes:
    """Return a film with its whole index and a third of its pictures."""
    data = cache.get("faststart").read_bytes()
    return data[: len(data) // 3]


def _playlist(_cache: MediaCache) -> bytes:
    return b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"


BROKEN: dict[str, Callable[[MediaCache], bytes]] = {
    "zero-bytes": lambda _: b"",
    "text": lambda _: b"This is a letter, and no film at all.\n" * 400,
    "cut-in-moov": _cut_in_index,
    "cut-in-last-moov": _cut_in_last_index,
    "cut-in-pictures": _cut_in_pictures,
    "noise": lambda _: bytes(i * 97 % 251 for i in range(100_000)),
    "playlist": _playlist,
    "concat": lambda _: b"ffconcat version 1.0\nfile /etc/passwd\n",
    "headless": lambda cache: cache.get("plain").read_bytes()[200:],
}


class MediaCache:
    """Films in a folder, each rendered when it is first asked for.

    Several processes may share the folder: a film appears in it whole.
    """

    def __init__(self, folder: Path) -> None:
        """Keep them in ``folder``, which exists."""
        self.folder = folder

    def get(self, name: str) -> Path:
        """Return the file of the film, or broken film, called ``name``."""
        suffix = FILMS[name].suffix if name in FILMS else ".mp4"
        path = self.folder / f"{name}{suffix}"
        if not path.exists():
            fresh = self.folder / f"{name}.{os.getpid()}{suffix}"
            if name in BROKEN:
                fresh.write_bytes(BROKEN[name](self))
            else:
                render(fresh, FILMS[name])
            fresh.replace(path)
        return path
