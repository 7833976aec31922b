"""What the probe found in an original, as plain values.

Nothing here touches FFmpeg, so that the ladder and its tests need none.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple

from vodseal.service.packaging.orientation import Orientation

__all__ = [
    "UNSAID_COLOR",
    "AudioTrack",
    "Color",
    "Size",
    "SourceInfo",
    "SubtitleTrack",
    "VideoTrack",
]


class Size(NamedTuple):
    """A picture's width and height in pixels."""

    width: int
    height: int

    @property
    def long_side(self) -> int:
        """The longer of the two."""
        return max(self)

    @property
    def short_side(self) -> int:
        """The shorter of the two."""
        return min(self)


class Color(NamedTuple):
    """How numbers mean colours, as FFmpeg (and ISO/IEC 23091-2) number it; 2 is not said."""

    primaries: int = 2
    transfer: int = 2
    matrix: int = 2


UNSAID_COLOR: Final = Color()


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoTrack:
    """The picture of an original."""

    index: int
    """The stream's number in its container."""
    codec: str
    profile: str = ""
    stored: Size
    """As coded: before turning, with the pixels' own shape."""
    pix_fmt: str
    bit_depth: int = 8
    fps: Fraction
    """On average; the frames' own times are kept."""
    sample_aspect: Fraction = Fraction(1)
    """Width of a pixel over its height."""
    orientation: Orientation = Orientation.UPRIGHT
    is_interlaced: bool = False
    has_times: bool = True
    """Whether the container says when pictures are shown, and not only their order."""
    color: Color = UNSAID_COLOR
    longest_gop: float | None = None
    """Seconds between keyframes at most, where the container has an index; else None."""

    @property
    def size(self) -> Size:
        """As shown: turned, with square pixels, and no side longer than stored."""
        width, height = self.stored
        if self.sample_aspect > 1:
            height = max(1, round(height / self.sample_aspect))
        else:
            width = max(1, round(width * self.sample_aspect))
        return Size(height, width) if self.orientation.is_sideways else Size(width, height)


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioTrack:
    """One sound track of an original."""

    index: int
    codec: str
    profile: str = ""
    sample_rate: int
    channels: int
    language: str = ""
    """ISO 639-2 as the container has it; empty when it does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubtitleTrack:
    """One subtitle track of an original."""

    index: int
    codec: str
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInfo:
    """An original, as far as packaging has to know it."""

    container: str
    duration: float
    """Seconds of picture and sound, 0 when the container does not say."""
    size: int
    """Bytes."""
    video: VideoTrack | None
    audio: tuple[AudioTrack, ...] = ()
    subtitles: tuple[SubtitleTrack, ...] = ()
    unreadable_count: int = 0
    """Sound tracks that cannot be decoded here."""

    @property
    def bitrate_kbps(self) -> float:
        """Of the whole file; 0 when its duration is not known."""
        return self.size * 8 / 1000 / self.duration if self.duration else 0.0
