"""A film that betrays itself: known bytes in its picture, all along.

Every key frame carries a text of its own as user data (ITU-T H.264 D.1.6), 32
random bytes in hexadecimal. A remux copies it, whatever the container. The
picture is noise, so that a short film is large and every frame is like no
other; ``samples`` takes 32 bytes from the middle of its frames and of its
sound, wherever such a stream comes from.
"""

from __future__ import annotations

import io
import os
import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import av

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["MarkedFilm", "is_telling", "make_marked_film", "samples"]

_WIDTH, _HEIGHT, _RATE = 320, 180, 25
_SOUND_RATE, _SOUND_FRAME = 48_000, 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedFilm:
    """A film and what must not be found of it."""

    path: Path
    markers: dict[str, bytes]


def make_marked_film(
    path: Path,
    *,
    seconds: int,
    seed: int = 2,
    size: tuple[int, int] = (_WIDTH, _HEIGHT),
    rate: int = _RATE,
    has_sound: bool = True,
) -> MarkedFilm:
    """Write an MP4 of H.264 and AAC, some 200 kB a second, a key frame each."""
    noise = random.Random(seed)
    markers = {f"user data {i}": noise.randbytes(32).hex().encode() for i in range(seconds)}
    encoded = io.BytesIO()
    with av.open(encoded, "w", format="matroska") as out:
        _encode(out, noise, seconds, size=size, rate=rate, has_sound=has_sound)
    encoded.seek(0)
    with av.open(encoded) as source, av.open(str(path), "w", format="mp4") as out:
        _remux_with_marks(source, out, iter(markers.values()))
    return MarkedFilm(path=path, markers={**markers, **samples(path)})


def _encode(
    out: av.container.OutputContainer,
    noise: random.Random,
    seconds: int,
    *,
    size: tuple[int, int],
    rate: int,
    has_sound: bool,
) -> None:
    video = out.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "crf": "40"})
    video.width, video.height, video.pix_fmt = *size, "yuv420p"
    video.gop_size = rate
    audio = out.add_stream("aac", rate=_SOUND_RATE, layout="mono") if has_sound else None
    for second in range(seconds):
        for frame in _pictures(noise, size, rate):
            out.mux(video.encode(frame))
        for frame in _sound(noise, second) if audio else ():
            out.mux(audio.encode(frame))
    out.mux(video.encode(None))
    if audio:
        out.mux(audio.encode(None))


def _remux_with_marks(
    source: av.container.InputContainer, out: av.container.OutputContainer, marks: Iterator[bytes]
) -> None:
    streams = {stream: out.add_stream_from_template(stream) for stream in source.streams}
    for packet in source.demux():
        mark = next(marks, None) if packet.stream.type == "video" and packet.is_keyframe else None
        if packet.dts is None:
            continue
        out.mux(_in(streams[packet.stream], packet, b"" if mark is None else _user_data(mark)))


def _in(stream: av.stream.Stream, packet: av.Packet, prefix: bytes) -> av.Packet:
    """Return the packet as one of ``stream``, with ``prefix`` before its bytes."""
    if prefix:
        copy = av.Packet(prefix + bytes(packet))
        copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
        copy.time_base, copy.is_keyframe = packet.time_base, packet.is_keyframe
        packet = copy
    packet.stream = stream
    return packet


def _user_data(text: bytes) -> bytes:
    """Return a supplemental NAL unit of unregistered user data, with its length before it."""
    unit = bytes([6, 5, 16 + len(text)]) + b"vodseal markers!" + text + b"\x80"
    return len(unit).to_bytes(4, "big") + unit


def _pictures(noise: random.Random, size: tuple[int, int], rate: int) -> Iterator[av.VideoFrame]:
    for _ in range(rate):
        frame = av.VideoFrame(*size, "yuv420p")
        for plane in frame.planes:
            plane.update(noise.randbytes(plane.buffer_size))
        yield frame


def _sound(noise: random.Random, second: int) -> Iterator[av.AudioFrame]:
    start = second * _SOUND_RATE // _SOUND_FRAME
    for index in range(start, (second + 1) * _SOUND_RATE // _SOUND_FRAME):
        frame = av.AudioFrame("s16", "mono", _SOUND_FRAME)
        frame.planes[0].update(noise.randbytes(frame.planes[0].buffer_size))
        frame.rate, frame.pts = _SOUND_RATE, index * _SOUND_FRAME
        yield frame


def samples(film: Path | io.BytesIO, *, every: int = 10) -> dict[str, bytes]:
    """Return 32 bytes from the middle of every tenth packet of every stream of ``film``."""
    found: dict[str, bytes] = {}
    seen: Counter[int] = Counter()
    with av.open(str(film) if isinstance(film, os.PathLike) else film) as source:
        for packet in source.demux():
            data = bytes(packet)
            seen[packet.stream_index] += 1
            if seen[packet.stream_index] % every == 0 and len(data) >= 100:
                window = data[len(data) // 2 :][:32]
                if is_telling(window):
                    found[f"{packet.stream.type} at {packet.pts}"] = window
    return found


def is_telling(window: bytes) -> bool:
    """Return whether nobody else has these bytes: padding is no evidence."""
    return len(set(window)) > len(window) // 2
