"""The film that everybody downloads: short, over and over, not encoded again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from vodseal.demo.clip import render_clip

if TYPE_CHECKING:
    from pathlib import Path

    from av.container import InputContainer, OutputContainer
    from av.stream import Stream

__all__ = ["long_film"]

_BIT_RATE: Final = 8_000_000
_SECONDS: Final = 10
_MICRO: Final = 1_000_000
_GAP: Final = _MICRO // 10
"""Between one time and the next: where streams begin before zero, they must not overlap."""


def long_film(source: Path | None, target: Path, size: int) -> None:
    """Write an MP4 of ``size`` bytes or more to ``target``: ``source``, or a rendered clip.

    Raises:
        OSError: A file cannot be read or written, or is not a film.
    """
    import av  # noqa: PLC0415 - heavy

    clip = source or target.with_name("clip.mp4")
    if source is None:
        render_clip(clip, seconds=_SECONDS, width=1920, height=1080, bit_rate=_BIT_RATE)
    times = math.ceil(size / clip.stat().st_size)
    with av.open(str(target), "w", format="mp4") as out:
        streams: dict[int, Stream] = {}
        for number in range(times):
            with av.open(str(clip)) as film:
                _append(film, out, streams, number)
    if source is None:
        clip.unlink()


def _append(
    film: InputContainer, out: OutputContainer, streams: dict[int, Stream], number: int
) -> None:
    """Write every packet of ``film`` once more, behind those of the times before."""
    chosen = [*film.streams.video[:1], *film.streams.audio[:1]]
    for stream in chosen:
        if stream.index not in streams:
            streams[stream.index] = out.add_stream_from_template(stream)
    shift = ((film.duration or 0) + _GAP) * number
    for packet in film.demux(*chosen):
        if packet.dts is None or packet.pts is None:
            continue
        ticks = round(shift / _MICRO / packet.time_base)
        packet.dts, packet.pts = packet.dts + ticks, packet.pts + ticks
        packet.stream = streams[packet.stream.index]
        out.mux(packet)
