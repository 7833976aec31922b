"""HLS playlists, read strictly and written back (RFC 8216).

This is the door: ``parse`` and ``write``, and the model that goes through it.
"""

from __future__ import annotations

import re
from typing import Final

from vodseal.errors import PlaylistError
from vodseal.media.master_reader import read_master
from vodseal.media.playlist_model import (
    IDENTITY,
    LICENSE,
    ByteRange,
    InitSection,
    KeyMethod,
    MasterPlaylist,
    MediaPlaylist,
    Rendition,
    Segment,
    SegmentKey,
    Variant,
)
from vodseal.media.playlist_reader import read_media
from vodseal.media.playlist_writer import write_master, write_media

__all__ = [
    "IDENTITY",
    "LICENSE",
    "MAX_PLAYLIST_SIZE",
    "ByteRange",
    "InitSection",
    "KeyMethod",
    "MasterPlaylist",
    "MediaPlaylist",
    "Rendition",
    "Segment",
    "SegmentKey",
    "Variant",
    "parse",
    "parse_media",
    "write",
]

MAX_PLAYLIST_SIZE: Final = 32 * 1024 * 1024
"""Bytes, and characters: 100,000 segments with signed URLs of 300."""

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
_MAX_LINE_LENGTH: Final = 16 * 1024
_MASTER_TAGS: Final = ("#EXT-X-STREAM-INF", "#EXT-X-MEDIA:", "#EXT-X-I-FRAME-STREAM-INF")
_MEDIA_TAGS: Final = ("#EXTINF", "#EXT-X-TARGETDURATION", "#EXT-X-MEDIA-SEQUENCE")


def parse(text: str | bytes, base_url: str) -> MediaPlaylist | MasterPlaylist:
    """Return what ``text`` says, its URIs absolute, seen from ``base_url``.

    Raises:
        PlaylistError: Not a playlist, not a finished one, or beyond a limit.
    """
    lines = _lines(text)
    is_master = any(line.startswith(_MASTER_TAGS) for line in lines)
    if not is_master:
        return read_media(lines, base_url)
    if any(line.startswith(_MEDIA_TAGS) for line in lines):
        raise PlaylistError("a playlist is either a master or a media playlist (section 4.1)")
    return read_master(lines, base_url)


def parse_media(text: str | bytes, base_url: str) -> MediaPlaylist:
    """Return the media playlist in ``text``.

    Raises:
        PlaylistError: As ``parse``, and for a master playlist.
    """
    playlist = parse(text, base_url)
    if isinstance(playlist, MasterPlaylist):
        raise PlaylistError("a master playlist stands where a media playlist is needed")
    return playlist


def write(playlist: MediaPlaylist | MasterPlaylist) -> str:
    """Return the text of ``playlist``.

    Raises:
        PlaylistError: What the model holds cannot be said in a playlist.
    """
    if isinstance(playlist, MasterPlaylist):
        return write_master(playlist)
    return write_media(playlist)


def _lines(text: str | bytes) -> list[str]:
    """Return the lines that say something (4.1): not blank, no comment, no EXTM3U."""
    if len(text) > MAX_PLAYLIST_SIZE:
        raise PlaylistError(f"the playlist is larger than {MAX_PLAYLIST_SIZE} bytes")
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError:
            raise PlaylistError("the playlist is not UTF-8") from None
    first, *rest = (line.removesuffix("\r") for line in text.split("\n"))
    if first != "#EXTM3U":
        raise PlaylistError("the first line is not #EXTM3U")
    lines = [line for line in rest if line and (not line.startswith("#") or line[1:4] == "EXT")]
    for line in lines:
        if len(line) > _MAX_LINE_LENGTH:
            raise PlaylistError(f"a line is longer than {_MAX_LINE_LENGTH} characters")
        if _CONTROL.search(line):
            raise PlaylistError("the playlist holds a control character")
    if "#EXTM3U" in lines:
        raise PlaylistError("#EXTM3U occurs twice")
    return lines
