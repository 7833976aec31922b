"""The playlist of a packaged stream (wire 10, SPEC rpc §10).

Segments are named relative to it. The key has one URI, relative to the host:
``/key?Ciphertext=<wrapped key>&MediaId=<video>``, percent-encoded, as ``+ / =``
get lost on the way otherwise. The content gate adds tokens to both. The key of
a privately encrypted stream has a name only, and the playlist does not hold it.
"""

from __future__ import annotations

import base64
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from vodseal.media.encryption import EncryptType
from vodseal.media.playlist import (
    IDENTITY,
    LICENSE,
    InitSection,
    KeyMethod,
    MediaPlaylist,
    Segment,
    SegmentKey,
    write,
)
from vodseal.media.uris import license_uri

if TYPE_CHECKING:
    from vodseal.service.packaging.messages import StreamSlot
    from vodseal.service.packaging.outputs import StoredStream
    from vodseal.service.packaging.segments import StoredPiece

__all__ = ["key_uri", "playlist_key", "write_playlist"]

_VERSIONS: Final = {IDENTITY: 3, LICENSE: 5}
"""What a playlist needs: durations with a fraction, and KEYFORMAT (RFC 8216 section 7)."""
_SECTION_VERSION: Final = 6
"""What it needs with EXT-X-MAP."""


def playlist_key(encryption: EncryptType, slot: StreamSlot, video_id: str) -> SegmentKey | None:
    """Return how the playlist names the key of a stream, its IVs aside; None when it is clear."""
    if encryption is EncryptType.NONE:
        return None
    if encryption is EncryptType.PRIVATE:
        uri = license_uri(slot.job_id)
        return SegmentKey(method=KeyMethod.AES_128, uri=uri, key_format=LICENSE)
    return SegmentKey(method=KeyMethod.AES_128, uri=key_uri(slot.wrapped_key, video_id))


def key_uri(wrapped_key: bytes, video_id: str) -> str:
    """Return where a player gets the key from, but for its token."""
    text = base64.b64encode(wrapped_key).decode()
    return f"/key?Ciphertext={quote(text, safe='')}&MediaId={quote(video_id, safe='')}"


def write_playlist(stream: StoredStream, key: SegmentKey | None) -> str:
    """Return the playlist; each segment gets ``key`` with its own IV, or none.

    So does the initialisation section, which has no number that could serve (RFC 8216,
    4.3.2.5).
    """
    section = None
    if stream.section is not None:
        uri = stream.section.name.rpartition("/")[2]
        section = InitSection(uri=uri, key=_own(key, stream.section))
    segments = tuple(
        Segment(
            uri=piece.name.rpartition("/")[2],
            duration=duration,
            number=number,
            key=_own(key, piece),
            map=section,
        )
        for number, (piece, duration) in enumerate(
            zip(stream.pieces, stream.durations, strict=True)
        )
    )
    # A target is met by durations that round to it (RFC 8216 section 4.3.3.1).
    target = max(1, *(math.floor(duration + 0.5) for duration in stream.durations))
    version = _VERSIONS[IDENTITY if key is None else key.key_format]
    if section is not None:
        version = max(version, _SECTION_VERSION)
    return write(MediaPlaylist(segments=segments, target_duration=target, version=version))


def _own(key: SegmentKey | None, piece: StoredPiece) -> SegmentKey | None:
    return None if key is None else replace(key, iv=piece.iv)
