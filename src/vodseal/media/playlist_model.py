"""What a playlist says (RFC 8216 sections 4.3 and 5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "IDENTITY",
    "LICENSE",
    "ByteRange",
    "InitSection",
    "KeyMethod",
    "MasterPlaylist",
    "MediaPlaylist",
    "Rendition",
    "Segment",
    "SegmentKey",
    "Variant",
]

IDENTITY = "identity"
"""The KEYFORMAT of a key that is 16 plain bytes at its URI."""

LICENSE = "vodseal-license"
"""The KEYFORMAT of a key that travels in a license, and the scheme of its URI (SPEC rpc §10)."""


class KeyMethod(StrEnum):
    """How segments are encrypted. Without encryption there is no key at all."""

    AES_128 = "AES-128"
    SAMPLE_AES = "SAMPLE-AES"
    OTHER = "other"
    """A method that this version does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentKey:
    """EXT-X-KEY (4.3.2.4). ``iv`` is None where the media sequence number serves."""

    method: KeyMethod
    uri: str = field(repr=False)
    iv: bytes | None = None
    key_format: str = IDENTITY

    def is_supported(self) -> bool:
        """Return whether segments under this key can be opened here."""
        return self.method is KeyMethod.AES_128 and self.key_format in {IDENTITY, LICENSE}


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteRange:
    """A part of a resource (4.3.2.2)."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InitSection:
    """EXT-X-MAP (4.3.2.5): what comes before the segments that refer to it."""

    uri: str = field(repr=False)
    byterange: ByteRange | None = None
    key: SegmentKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One media segment. ``number`` is its media sequence number."""

    uri: str = field(repr=False)
    duration: float
    number: int
    key: SegmentKey | None = None
    byterange: ByteRange | None = None
    map: InitSection | None = None
    discontinuity: bool = False

    def iv(self) -> bytes:
        """Return the initialization vector: the key's own, or the number (5.2)."""
        if self.key is not None and self.key.iv is not None:
            return self.key.iv
        return self.number.to_bytes(16, "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPlaylist:
    """A finished list of segments. Their numbers follow each other."""

    segments: tuple[Segment, ...]
    target_duration: int
    version: int = 1
    independent_segments: bool = False

    def duration(self) -> float:
        """Return the seconds that all segments last together."""
        return sum(segment.duration for segment in self.segments)

    def unsupported_key(self) -> SegmentKey | None:
        """Return the first key that cannot be used here, if there is one."""
        return next((key for key in self._keys() if not key.is_supported()), None)

    def needs_license(self) -> bool:
        """Return whether a key of it travels inside a license (SPEC rpc §10)."""
        return any(key.key_format == LICENSE for key in self._keys())

    def has_clear_parts(self) -> bool:
        """Return whether a segment or an initialisation section is not encrypted."""
        return any(
            segment.key is None or (segment.map is not None and segment.map.key is None)
            for segment in self.segments
        )

    def _keys(self) -> Iterator[SegmentKey]:
        for segment in self.segments:
            for key in (segment.key, segment.map.key if segment.map else None):
                if key is not None:
                    yield key


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """EXT-X-STREAM-INF (4.3.4.2): one media playlist among several. ``bandwidth``: bit/s."""

    uri: str = field(repr=False)
    bandwidth: int
    average_bandwidth: int | None = None
    codecs: str = ""
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    audio_group: str = ""
    subtitle_group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """EXT-X-MEDIA (4.3.4.1): another audio or subtitle track. ``uri`` may be empty."""

    type: str
    group_id: str
    name: str
    uri: str = field(default="", repr=False)
    language: str = ""
    default: bool = False
    autoselect: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterPlaylist:
    """A list of media playlists."""

    variants: tuple[Variant, ...]
    renditions: tuple[Rendition, ...] = ()
    version: int = 1
    independent_segments: bool = False
