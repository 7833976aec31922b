"""Read a master playlist (RFC 8216 section 4.3.4)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from vodseal.errors import PlaylistError
from vodseal.media.attribute_list import parse_attributes, parse_float, parse_integer
from vodseal.media.playlist_model import MasterPlaylist, Rendition, Variant
from vodseal.media.playlist_reader import read_version
from vodseal.media.uris import resolve_uri

if TYPE_CHECKING:
    from vodseal.media.attribute_list import Attributes

__all__ = ["read_master"]

_MAX_VARIANT_COUNT: Final = 1_000
_RESOLUTION: Final = re.compile(r"([0-9]{1,6})x([0-9]{1,6})", re.ASCII)


def read_master(lines: list[str], base_url: str) -> MasterPlaylist:
    """Return the master playlist in ``lines``, without the EXTM3U line.

    I-frame variants, session data and session keys are for players: ignored.
    """
    reader = _MasterReader(base_url)
    for line in lines:
        reader.feed(line)
    return reader.finish()


class _MasterReader:
    """The state between two lines: whether a variant waits for its URI."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._variants: list[Variant] = []
        self._renditions: list[Rendition] = []
        self._version: int | None = None
        self._independent = False
        self._pending: Attributes | None = None

    def feed(self, line: str) -> None:
        if self._pending is not None:
            self._variants.append(_variant(self._pending, resolve_uri(self._base_url, line)))
            self._pending = None
        elif line.startswith("#"):
            self._read_tag(*line.partition(":")[::2])
        else:
            raise PlaylistError("a variant has no #EXT-X-STREAM-INF")
        if len(self._variants) + len(self._renditions) > _MAX_VARIANT_COUNT:
            raise PlaylistError(f"there are more than {_MAX_VARIANT_COUNT} variants")

    def _read_tag(self, tag: str, value: str) -> None:
        if tag == "#EXT-X-STREAM-INF":
            self._pending = parse_attributes(tag, value)
        elif tag == "#EXT-X-MEDIA":
            self._renditions.append(_rendition(parse_attributes(tag, value), self._base_url))
        elif tag == "#EXT-X-VERSION":
            if self._version is not None:
                raise PlaylistError("#EXT-X-VERSION occurs twice")
            self._version = read_version(value)
        elif tag == "#EXT-X-INDEPENDENT-SEGMENTS":
            self._independent = True
        elif tag == "#EXT-X-DEFINE":
            raise PlaylistError("This playlist cannot be saved: it uses variables.")

    def finish(self) -> MasterPlaylist:
        if self._pending is not None or not self._variants:
            raise PlaylistError("a variant has no URI, or there is none")
        return MasterPlaylist(
            variants=tuple(self._variants),
            renditions=tuple(self._renditions),
            version=self._version or 1,
            independent_segments=self._independent,
        )


def _variant(attributes: Attributes, uri: str) -> Variant:
    """EXT-X-STREAM-INF, 4.3.4.2: the line after it is the URI."""
    width, height = _resolution(attributes)
    return Variant(
        uri=uri,
        bandwidth=attributes.integer("BANDWIDTH"),
        average_bandwidth=(
            attributes.integer("AVERAGE-BANDWIDTH") if "AVERAGE-BANDWIDTH" in attributes else None
        ),
        codecs=attributes.text("CODECS", ""),
        width=width,
        height=height,
        frame_rate=(
            parse_float(attributes.word("FRAME-RATE")) if "FRAME-RATE" in attributes else None
        ),
        audio_group=attributes.text("AUDIO", ""),
        subtitle_group=attributes.text("SUBTITLES", ""),
    )


def _resolution(attributes: Attributes) -> tuple[int | None, int | None]:
    if "RESOLUTION" not in attributes:
        return None, None
    match = _RESOLUTION.fullmatch(attributes.word("RESOLUTION"))
    if match is None:
        raise PlaylistError("RESOLUTION is malformed")
    return parse_integer(match[1]), parse_integer(match[2])


def _rendition(attributes: Attributes, base_url: str) -> Rendition:
    """EXT-X-MEDIA, 4.3.4.1."""
    kind = attributes.word("TYPE")
    if kind not in {"AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS"}:
        raise PlaylistError("TYPE of #EXT-X-MEDIA is not one of the four")
    uri = attributes.text("URI", "")
    return Rendition(
        type=kind,
        group_id=attributes.text("GROUP-ID"),
        name=attributes.text("NAME"),
        uri=resolve_uri(base_url, uri) if uri else "",
        language=attributes.text("LANGUAGE", ""),
        default=attributes.word("DEFAULT", "NO") == "YES",
        autoselect=attributes.word("AUTOSELECT", "NO") == "YES",
    )
