"""Other servers for the same stream, where the service's play info names some.

Play infos with one job id are one stream (wire 5.2); where they differ in the
server of their URL alone, that is a mirror. The paths have to be the same: they
are what a staged piece is known by. Bytes are taken from whichever server
answers, and have to be what the digests say, wherever they come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from vodseal.media.tracks import MediaInfo, TrackInfo

__all__ = ["with_mirrors"]


def with_mirrors(media: MediaInfo, track: TrackInfo) -> tuple[TrackInfo, ...]:
    """Return ``track`` and, after it, the tracks that are the same stream on other servers."""
    found = {_server(track): track}
    for other in media.tracks:
        if _stream(other) == _stream(track):
            found.setdefault(_server(other), other)
    return tuple(found.values())


def _server(track: TrackInfo) -> tuple[str, str]:
    parts = urlsplit(track.vod_play_url)
    return parts.scheme, parts.netloc


def _stream(track: TrackInfo) -> tuple[object, ...]:
    path = urlsplit(track.vod_play_url).path
    kind = (track.vod_format, track.vod_definition, track.encrypt_type)
    return (track.job_id, path, *kind)
