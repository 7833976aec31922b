"""Write a playlist: what comes out reads back as the same model (RFC 8216).

URIs stay as they are, relative ones too. A tag that holds until further notice
(EXT-X-KEY, EXT-X-MAP) is written where its value changes.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from vodseal.errors import PlaylistError
from vodseal.media.attribute_list import quoted
from vodseal.media.playlist_model import IDENTITY, LICENSE, KeyMethod
from vodseal.media.uris import check_license_uri, check_uri

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vodseal.media.playlist_model import (
        ByteRange,
        InitSection,
        MasterPlaylist,
        MediaPlaylist,
        Rendition,
        Segment,
        SegmentKey,
        Variant,
    )

__all__ = ["write_master", "write_media"]


def write_media(playlist: MediaPlaylist) -> str:
    """Return the text of a media playlist, lines ended by LF.

    Raises:
        PlaylistError: What the model holds cannot be said in a playlist.
    """
    segments = playlist.segments
    if not segments or any(b.number != a.number + 1 for a, b in pairwise(segments)):
        raise PlaylistError("segments must be there, and their numbers follow each other")
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{playlist.version}",
        f"#EXT-X-TARGETDURATION:{playlist.target_duration}",
        f"#EXT-X-MEDIA-SEQUENCE:{segments[0].number}",
        "#EXT-X-PLAYLIST-TYPE:VOD",
    ]
    if playlist.independent_segments:
        lines.append("#EXT-X-INDEPENDENT-SEGMENTS")
    key: SegmentKey | None = None
    section: InitSection | None = None
    for segment in segments:
        if segment.map != section:
            if segment.map is None:
                raise PlaylistError("an EXT-X-MAP cannot be taken back")
            lines += [*_key_lines(key, segment.map.key), _map_line(segment.map)]
            key, section = segment.map.key, segment.map
        lines += _key_lines(key, segment.key)
        key = segment.key
        lines += _segment_lines(segment)
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def _key_lines(before: SegmentKey | None, key: SegmentKey | None) -> Iterator[str]:
    if key == before:
        return
    if key is None or (before is not None and before.key_format != key.key_format):
        yield "#EXT-X-KEY:METHOD=NONE"
    if key is None:
        return
    if key.method is KeyMethod.OTHER:
        raise PlaylistError("a key of an unknown method cannot be written")
    check = check_license_uri if key.key_format == LICENSE else check_uri
    line = f"#EXT-X-KEY:METHOD={key.method},URI={quoted(check(key.uri))}"
    if key.iv is not None:
        line += f",IV=0x{key.iv.hex()}"
    if key.key_format != IDENTITY:
        line += f",KEYFORMAT={quoted(key.key_format)}"
    yield line


def _map_line(section: InitSection) -> str:
    line = f"#EXT-X-MAP:URI={quoted(check_uri(section.uri))}"
    if section.byterange is not None:
        line += f",BYTERANGE={quoted(_byterange(section.byterange))}"
    return line


def _segment_lines(segment: Segment) -> Iterator[str]:
    if segment.discontinuity:
        yield "#EXT-X-DISCONTINUITY"
    yield f"#EXTINF:{_number(segment.duration)},"
    if segment.byterange is not None:
        yield f"#EXT-X-BYTERANGE:{_byterange(segment.byterange)}"
    if segment.uri.startswith("#"):
        raise PlaylistError("the URI of a segment cannot begin with #")
    yield check_uri(segment.uri)


def _byterange(byterange: ByteRange) -> str:
    return f"{byterange.length}@{byterange.offset}"


def _number(value: float) -> str:
    """Return a decimal number without exponent, exact to the microsecond."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def write_master(playlist: MasterPlaylist) -> str:
    """Return the text of a master playlist, lines ended by LF.

    Raises:
        PlaylistError: What the model holds cannot be said in a playlist.
    """
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{playlist.version}"]
    if playlist.independent_segments:
        lines.append("#EXT-X-INDEPENDENT-SEGMENTS")
    lines += [_rendition_line(rendition) for rendition in playlist.renditions]
    for variant in playlist.variants:
        lines += [_variant_line(variant), check_uri(variant.uri)]
    return "\n".join([*lines, ""])


def _rendition_line(rendition: Rendition) -> str:
    parts = [
        f"TYPE={rendition.type}",
        f"GROUP-ID={quoted(rendition.group_id)}",
        f"NAME={quoted(rendition.name)}",
    ]
    if rendition.language:
        parts.append(f"LANGUAGE={quoted(rendition.language)}")
    if rendition.default:
        parts.append("DEFAULT=YES")
    if rendition.autoselect:
        parts.append("AUTOSELECT=YES")
    if rendition.uri:
        parts.append(f"URI={quoted(check_uri(rendition.uri))}")
    return "#EXT-X-MEDIA:" + ",".join(parts)


def _variant_line(variant: Variant) -> str:
    parts = [f"BANDWIDTH={variant.bandwidth}"]
    if variant.average_bandwidth is not None:
        parts.append(f"AVERAGE-BANDWIDTH={variant.average_bandwidth}")
    if variant.codecs:
        parts.append(f"CODECS={quoted(variant.codecs)}")
    if variant.width is not None and variant.height is not None:
        parts.append(f"RESOLUTION={variant.width}x{variant.height}")
    if variant.frame_rate is not None:
        parts.append(f"FRAME-RATE={_number(variant.frame_rate)}")
    if variant.audio_group:
        parts.append(f"AUDIO={quoted(variant.audio_group)}")
    if variant.subtitle_group:
        parts.append(f"SUBTITLES={quoted(variant.subtitle_group)}")
    return "#EXT-X-STREAM-INF:" + ",".join(parts)
