"""Read a playlist, strictly (RFC 8216 section 4).

Only what can be saved is let through: a finished playlist (EXT-X-ENDLIST) of
whole segments. Live, delta, I-frame and gap playlists are refused by name.
Two rules of the RFC are not enforced, because players do not and packagers
break them: that no segment is longer than the target duration, and that each
tag needs its protocol version. Unknown tags are ignored, as section 6.3.1 asks.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from vodseal.errors import PlaylistError
from vodseal.media.attribute_list import (
    MAX_INTEGER,
    parse_attributes,
    parse_float,
    parse_integer,
)
from vodseal.media.playlist_model import (
    IDENTITY,
    LICENSE,
    ByteRange,
    InitSection,
    KeyMethod,
    MediaPlaylist,
    Segment,
    SegmentKey,
)
from vodseal.media.uris import check_license_uri, resolve_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["MAX_SEGMENT_COUNT", "read_media", "read_version"]

MAX_SEGMENT_COUNT: Final = 100_000
"""Over a week in segments of six seconds."""

_MAX_VERSION: Final = 10
_MAX_SEGMENT_SECONDS: Final = 86_400.0
_BYTERANGE: Final = re.compile(r"([0-9]{1,19})(?:@([0-9]{1,19}))?", re.ASCII)
_ONCE: Final = frozenset(
    {
        "#EXT-X-VERSION",
        "#EXT-X-TARGETDURATION",
        "#EXT-X-MEDIA-SEQUENCE",
        "#EXT-X-DISCONTINUITY-SEQUENCE",
        "#EXT-X-PLAYLIST-TYPE",
        "#EXT-X-ENDLIST",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    }
)
_REFUSED: Final[Mapping[str, str]] = {
    "#EXT-X-I-FRAMES-ONLY": "it holds I-frames only",
    "#EXT-X-GAP": "a segment of it is missing",
    "#EXT-X-SKIP": "it is only an update of another",
    "#EXT-X-DEFINE": "it uses variables",
}


def read_version(value: str) -> int:
    """EXT-X-VERSION, 4.3.1.2."""
    version = parse_integer(value)
    if not 1 <= version <= _MAX_VERSION:
        raise PlaylistError(f"protocol version {version} is not known")
    return version


def read_media(lines: list[str], base_url: str) -> MediaPlaylist:
    """Return the media playlist in ``lines``, without the EXTM3U line."""
    reader = _MediaReader(base_url)
    for line in lines:
        reader.feed(line)
    return reader.finish()


class _MediaReader:
    """The state between two lines: what the next segment will be made of."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._seen: set[str] = set()
        self._segments: list[Segment] = []
        self._version = 1
        self._target: int | None = None
        self._first_number = 0
        self._independent = False
        self._duration: float | None = None
        self._discontinuity = False
        self._byterange: tuple[int, int | None] | None = None
        self._keys: dict[str, SegmentKey] = {}
        self._map: InitSection | None = None
        self._tags: Mapping[str, Callable[[str], None]] = {
            "#EXT-X-VERSION": self._read_version,
            "#EXT-X-TARGETDURATION": self._read_target,
            "#EXT-X-MEDIA-SEQUENCE": self._read_sequence,
            "#EXT-X-DISCONTINUITY-SEQUENCE": self._read_discontinuity_sequence,
            "#EXT-X-PLAYLIST-TYPE": self._read_type,
            "#EXT-X-ENDLIST": self._read_flag,
            "#EXT-X-INDEPENDENT-SEGMENTS": self._read_independent,
            "#EXTINF": self._read_extinf,
            "#EXT-X-BYTERANGE": self._read_byterange,
            "#EXT-X-DISCONTINUITY": self._read_discontinuity,
            "#EXT-X-KEY": self._read_key,
            "#EXT-X-MAP": self._read_map,
        }

    def feed(self, line: str) -> None:
        if not line.startswith("#"):
            self._read_segment(line)
            return
        tag, _, value = line.partition(":")
        if tag in _REFUSED:
            raise PlaylistError(f"This playlist cannot be saved: {_REFUSED[tag]}.")
        if tag in self._seen and tag in _ONCE:
            raise PlaylistError(f"{tag} occurs twice")
        self._seen.add(tag)
        read = self._tags.get(tag)
        if read is not None:
            read(value)

    def finish(self) -> MediaPlaylist:
        if self._target is None:
            raise PlaylistError("#EXT-X-TARGETDURATION is missing")
        if "#EXT-X-ENDLIST" not in self._seen:
            raise PlaylistError("#EXT-X-ENDLIST is missing: a live stream cannot be saved")
        if self._duration is not None or self._byterange is not None:
            raise PlaylistError("the last segment has no URI")
        if not self._segments:
            raise PlaylistError("the playlist holds no segment")
        return MediaPlaylist(
            segments=tuple(self._segments),
            target_duration=self._target,
            version=self._version,
            independent_segments=self._independent,
        )

    def _read_flag(self, value: str) -> None:
        """EXT-X-ENDLIST, 4.3.3.4: that it is there is all it says."""
        if value:
            raise PlaylistError("a tag has a value that takes none")

    def _read_independent(self, value: str) -> None:
        """EXT-X-INDEPENDENT-SEGMENTS, 4.3.5.1."""
        self._read_flag(value)
        self._independent = True

    def _read_version(self, value: str) -> None:
        self._version = read_version(value)

    def _read_target(self, value: str) -> None:
        """EXT-X-TARGETDURATION, 4.3.3.1."""
        self._target = parse_integer(value)

    def _read_sequence(self, value: str) -> None:
        """EXT-X-MEDIA-SEQUENCE, 4.3.3.2: before the first segment."""
        if self._segments:
            raise PlaylistError("#EXT-X-MEDIA-SEQUENCE comes after a segment")
        self._first_number = parse_integer(value)

    def _read_discontinuity_sequence(self, value: str) -> None:
        """EXT-X-DISCONTINUITY-SEQUENCE, 4.3.3.3: of no use in a finished playlist."""
        parse_integer(value)

    def _read_type(self, value: str) -> None:
        """EXT-X-PLAYLIST-TYPE, 4.3.3.5."""
        if value not in {"VOD", "EVENT"}:
            raise PlaylistError("#EXT-X-PLAYLIST-TYPE is neither VOD nor EVENT")

    def _read_extinf(self, value: str) -> None:
        """EXTINF, 4.3.2.1. The title after the comma is not used."""
        if self._duration is not None:
            raise PlaylistError("#EXTINF occurs twice for one segment")
        self._duration = parse_float(value.partition(",")[0])
        if self._duration > _MAX_SEGMENT_SECONDS:
            raise PlaylistError("a segment is longer than a day")

    def _read_discontinuity(self, value: str) -> None:
        """EXT-X-DISCONTINUITY, 4.3.2.3."""
        self._read_flag(value)
        self._discontinuity = True

    def _read_byterange(self, value: str) -> None:
        """EXT-X-BYTERANGE, 4.3.2.2."""
        if self._byterange is not None:
            raise PlaylistError("#EXT-X-BYTERANGE occurs twice for one segment")
        self._byterange = _parse_byterange(value)

    def _read_key(self, value: str) -> None:
        """EXT-X-KEY, 4.3.2.4: until the next one of the same KEYFORMAT."""
        attributes = parse_attributes("#EXT-X-KEY", value)
        method = attributes.word("METHOD")
        if method == "NONE":
            self._keys.clear()
            return
        known = {KeyMethod.AES_128.value, KeyMethod.SAMPLE_AES.value}
        key = SegmentKey(
            method=KeyMethod(method) if method in known else KeyMethod.OTHER,
            uri=attributes.text("URI"),
            iv=attributes.hex_bytes("IV", 16) if "IV" in attributes else None,
            key_format=attributes.text("KEYFORMAT", IDENTITY),
        )
        if key.is_supported():  # DRM systems put identifiers of other schemes here
            is_name = key.key_format == LICENSE
            uri = check_license_uri(key.uri) if is_name else resolve_uri(self._base_url, key.uri)
            key = replace(key, uri=uri)
        self._keys[key.key_format] = key

    def _read_map(self, value: str) -> None:
        """EXT-X-MAP, 4.3.2.5. Under AES-128 it needs an IV: it has no number."""
        attributes = parse_attributes("#EXT-X-MAP", value)
        byterange = None
        if "BYTERANGE" in attributes:
            length, offset = _parse_byterange(attributes.text("BYTERANGE"))
            byterange = ByteRange(offset=offset or 0, length=length)
        key = self._key()
        if key is not None and key.is_supported() and key.iv is None:
            raise PlaylistError("#EXT-X-MAP is encrypted, and its key has no IV")
        self._map = InitSection(
            uri=resolve_uri(self._base_url, attributes.text("URI")), byterange=byterange, key=key
        )

    def _key(self) -> SegmentKey | None:
        """Return the key in force: one that we can use, where several are offered."""
        usable = (key for key in self._keys.values() if key.is_supported())
        return next(usable, next(iter(self._keys.values()), None))

    def _read_segment(self, line: str) -> None:
        if self._duration is None:
            raise PlaylistError("a segment has no #EXTINF")
        if len(self._segments) >= MAX_SEGMENT_COUNT:
            raise PlaylistError(f"there are more than {MAX_SEGMENT_COUNT} segments")
        uri = resolve_uri(self._base_url, line)
        segment = Segment(
            uri=uri,
            duration=self._duration,
            number=self._first_number + len(self._segments),
            key=self._key(),
            byterange=self._place(uri),
            map=self._map,
            discontinuity=self._discontinuity,
        )
        self._segments.append(segment)
        self._duration = self._byterange = None
        self._discontinuity = False

    def _place(self, uri: str) -> ByteRange | None:
        if self._byterange is None:
            return None
        length, offset = self._byterange
        if offset is None:
            last = self._segments[-1] if self._segments else None
            if last is None or last.uri != uri or last.byterange is None:
                raise PlaylistError("a byte range has no start, and none comes before it")
            offset = last.byterange.offset + last.byterange.length
        if offset + length > MAX_INTEGER:
            raise PlaylistError("a byte range is too large")
        return ByteRange(offset=offset, length=length)


def _parse_byterange(text: str) -> tuple[int, int | None]:
    match = _BYTERANGE.fullmatch(text)
    if match is None or int(match[1]) == 0:
        raise PlaylistError("a byte range is malformed or empty")
    length, offset = parse_integer(match[1]), match[2]
    return length, None if offset is None else parse_integer(offset)
