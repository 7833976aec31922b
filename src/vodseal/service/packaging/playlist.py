"""The playlist of a packaged stream (wire 10).

Segments are named relative to it. The key has one URI, relative to the host:
``/key?Ciphertext=<wrapped key>&MediaId=<video>``, percent-encoded, as ``+ / =``
get lost on the way otherwise. The content gate adds tokens to both.
"""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING
from urllib.parse import quote

from vodseal.media.playlist import KeyMethod, MediaPlaylist, Segment, SegmentKey, write

if TYPE_CHECKING:
    from vodseal.service.packaging.outputs import StoredStream

__all__ = ["key_uri", "write_playlist"]


def key_uri(wrapped_key: bytes, video_id: str) -> str:
    """Return where a player gets the key from, but for its token."""
    text = base64.b64encode(wrapped_key).decode()
    return f"/key?Ciphertext={quote(text, safe='')}&MediaId={quote(video_id, safe='')}"


def write_playlist(stream: StoredStream, uri: str | None) -> str:
    """Return the playlist; ``uri`` is where the key is, None for clear segments."""
    segments = tuple(
        Segment(
            uri=piece.name.rpartition("/")[2],
            duration=duration,
            number=number,
            key=SegmentKey(method=KeyMethod.AES_128, uri=uri, iv=piece.iv) if uri else None,
        )
        for number, (piece, duration) in enumerate(
            zip(stream.pieces, stream.durations, strict=True)
        )
    )
    # A target is met by durations that round to it (RFC 8216 section 4.3.3.1).
    target = max(1, *(math.floor(duration + 0.5) for duration in stream.durations))
    return write(MediaPlaylist(segments=segments, target_duration=target, version=3))
