"""One picture of a film, as the player's snapshot (client-surface 3)."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

import av
from av.video.frame import VideoFrame

from vodseal.error_codes import ErrorCode
from vodseal.errors import PlayError
from vodseal.player.decode import Film

if TYPE_CHECKING:
    from vodseal.player.session import PlaySession

__all__ = ["take_snapshot"]

_PIXELS: Final = "rgb24"


def take_snapshot(session: PlaySession, position: float) -> bytes:
    """Return the first picture at or after ``position`` seconds, as PNG, in memory.

    Raises:
        PlayError: There is no picture there (20030002), or the film was altered.
    """
    with Film(session) as film:
        film.seek(position)
        for frame in film.frames():
            if isinstance(frame, VideoFrame):
                return _encode_png(frame)
    message = f"{session.path.name}: there is no picture at {position:g} s"
    raise PlayError(message, code=ErrorCode.DEMUXER_NO_VALID_STREAM)


def _encode_png(frame: VideoFrame) -> bytes:
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height = frame.width, frame.height
    encoder.pix_fmt, encoder.time_base = _PIXELS, Fraction(1)
    picture = frame.reformat(format=_PIXELS)
    return b"".join(bytes(packet) for packet in [*encoder.encode(picture), *encoder.encode(None)])
