"""Which streams an original becomes. Pure: values in, values out.

Promises:

1. No rung is larger than the source, in either direction; sides are even, and a
   portrait stays one. A source below the smallest rung is one stream as it is.
2. A rung's definition is the smallest range that holds it (wire 5.2).
3. A track is copied where its codec already fits HLS and MP4 and the rung is the
   source's own size: no picture is encoded twice for nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from vodseal.service.packaging.source import AudioTrack, Size, SourceInfo, VideoTrack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodseal.service.packaging.templates import Packaging

__all__ = ["AudioPlan", "Rendition", "VideoPlan", "plan_renditions"]

_RANGES: Final[Mapping[str, Size]] = MappingProxyType(
    {"FD": Size(640, 480), "LD": Size(720, 540), "SD": Size(1280, 720), "HD": Size(1920, 1080)}
)
_TOO_CLOSE: Final = Fraction(9, 10)
_COPIED_PROFILES: Final = frozenset(
    {"Constrained Baseline", "Baseline", "Main", "High", "Progressive High", "Constrained High"}
)
_LONGEST_GOP: Final = 12.0
_FILM_FPS: Final = 31
_AAC_RATES: Final = frozenset({48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000})


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoPlan:
    """What becomes of the picture in one rung. Equal plans share one encoder."""

    copies: bool
    size: Size
    max_bitrate_kbps: int
    """For the encoder; a copy keeps the source's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioPlan:
    """What becomes of one sound track. Equal plans share one encoder."""

    index: int
    copies: bool
    codec: str
    sample_rate: int
    channels: int
    bitrate_kbps: int
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """One stream to make."""

    definition: str
    format: str
    """m3u8, mp4 or mp3."""
    video: VideoPlan | None
    audio: tuple[AudioPlan, ...]

    @property
    def specification(self) -> str:
        """The vendor's word for what was done (wire 5.3)."""
        if self.video is None:
            return "Audio"
        return "Original" if self.video.copies else f"H264.{self.definition}"


def plan_renditions(
    source: SourceInfo, packaging: Packaging, *, may_copy: bool = True
) -> tuple[Rendition, ...]:
    """Return the streams to make of ``source``, the smallest first.

    ``may_copy`` is False for a second attempt, when a muxer refused copied packets.
    """
    if source.video is None:
        return _sound_only(source, packaging, may_copy=may_copy)
    audio = tuple(_plan_audio(track, may_copy=may_copy) for track in source.audio)
    sizes = _sizes(source.video.size, packaging.definitions)
    return tuple(
        Rendition(
            definition=definition,
            format=form,
            video=_plan_video(source.video, size, may_copy=may_copy),
            audio=audio,
        )
        for definition, size in sizes.items()
        for form in packaging.formats
    )


def _sizes(source: Size, definitions: tuple[str, ...]) -> dict[str, Size]:
    """Return the rungs; one that is nearly as large as the next one up is left out."""
    if not definitions:
        return {"OD": _fit(source, source)}
    rungs: dict[str, Size] = {}
    whole = _fit(source, source)
    for definition in definitions:
        rungs[definition] = _fit(source, _RANGES[definition])
        if rungs[definition] == whole:
            break
    kept: dict[str, Size] = {}
    above: Size | None = None
    for definition, size in reversed(rungs.items()):
        if above is None or size.long_side < above.long_side * _TOO_CLOSE:
            kept[definition] = above = size
    return dict(reversed(kept.items()))


def _fit(source: Size, bounds: Size) -> Size:
    """Return ``source`` scaled down into ``bounds``, whichever way it lies, with even sides."""
    scale = min(
        Fraction(1),
        Fraction(bounds.long_side, source.long_side),
        Fraction(bounds.short_side, source.short_side),
    )
    return Size(_even(source.width * scale), _even(source.height * scale))


def _even(side: Fraction) -> int:
    return max(2, int(side) // 2 * 2)


def _plan_video(track: VideoTrack, size: Size, *, may_copy: bool) -> VideoPlan:
    copies = may_copy and size == track.stored and _fits(track)
    return VideoPlan(copies=copies, size=size, max_bitrate_kbps=_max_bitrate(size, track.fps))


def _fits(track: VideoTrack) -> bool:
    """Whether every player takes the track as it is, and it can be cut into segments."""
    return (
        track.codec == "h264"
        and track.profile in _COPIED_PROFILES
        and track.pix_fmt in {"yuv420p", "yuvj420p"}
        and not track.orientation.value
        and track.sample_aspect == 1
        and track.has_times
        and (track.longest_gop is None or track.longest_gop <= _LONGEST_GOP)
    )


def _max_bitrate(size: Size, fps: Fraction) -> int:
    """Return kbit/s that leave nothing to be desired: 5,000 for 1080p, half as much more above 30.

    Small pictures need more bits a pixel, hence the exponent.
    """
    share = size.width * size.height / (1920 * 1080)
    kbps = 5000 * math.pow(share, 0.75)
    return max(150, round(kbps * 1.5 if fps > _FILM_FPS else kbps))


def _plan_audio(track: AudioTrack, *, may_copy: bool) -> AudioPlan:
    if may_copy and track.codec == "aac" and track.profile == "LC":
        return _audio(track, copies=True)
    return _audio(track, copies=False)


def _audio(track: AudioTrack, *, copies: bool, codec: str = "aac") -> AudioPlan:
    channels = track.channels if copies else min(2, track.channels)
    rate = track.sample_rate if copies or track.sample_rate in _AAC_RATES else 48000
    return AudioPlan(
        index=track.index,
        copies=copies,
        codec=codec,
        sample_rate=rate,
        channels=channels,
        bitrate_kbps=64 * channels,
        language=track.language,
    )


def _sound_only(
    source: SourceInfo, packaging: Packaging, *, may_copy: bool
) -> tuple[Rendition, ...]:
    """Return one rung, SQ (OD as the source is); an MP3 that may stay clear stays an MP3."""
    definition = "SQ" if packaging.definitions else "OD"
    audio = tuple(_plan_audio(track, may_copy=may_copy) for track in source.audio)
    aac = Rendition(definition=definition, format="", video=None, audio=audio)
    first = source.audio[0]
    is_mp3 = may_copy and first.codec == "mp3" and len(source.audio) == 1
    renditions = []
    for form in packaging.formats:
        if form == "mp4" and is_mp3:
            copied = (_audio(first, copies=True, codec="mp3"),)
            renditions.append(replace(aac, format="mp3", audio=copied))
        else:
            renditions.append(replace(aac, format=form))
    return tuple(renditions)
