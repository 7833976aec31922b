"""MtsHlsUriToken: what the key endpoint asks for (wire 10, SPEC rpc §5).

The vendor leaves its form to the operator; this is ours. URL-safe base64 of

    version 1 (1 byte) || expiry, UTC seconds (8) || nonce (8) || video id, UTF-8 (0..64)
    || HMAC-SHA256 (32)

An empty video id makes a token for every video. It is a bearer token: short
lives are what keeps it from being passed around.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from vodseal.errors import MisuseError, RpcError

__all__ = ["NONCE_SIZE", "HlsToken", "check_token", "make_token"]

NONCE_SIZE: Final = 8
_VERSION: Final = b"\x01"
_CONTEXT: Final = b"vodseal1/hls-uri-token\0"
_MAC_SIZE: Final = 32
_HEAD_SIZE: Final = 1 + 8 + NONCE_SIZE
_MAX_VIDEO_ID_SIZE: Final = 64
_MAX_TEXT_LENGTH: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class HlsToken:
    """What a token says. ``nonce`` tells one from another, for those who count uses."""

    expires_at: int
    nonce: bytes
    video_id: str = ""


def make_token(key: bytes, token: HlsToken) -> str:
    """Return the text of ``token``, authenticated under ``key``.

    Raises:
        MisuseError: The nonce is not 8 bytes, or the video id is longer than 64.
    """
    video_id = token.video_id.encode()
    if len(token.nonce) != NONCE_SIZE or len(video_id) > _MAX_VIDEO_ID_SIZE:
        raise MisuseError("an HLS token takes 8 bytes of nonce and a video id of up to 64")
    body = _VERSION + token.expires_at.to_bytes(8, "big") + token.nonce + video_id
    return base64.urlsafe_b64encode(body + _mac(key, body)).rstrip(b"=").decode("ascii")


def check_token(key: bytes, text: str, *, video_id: str, now: float) -> HlsToken:
    """Return what ``text`` says, when it is ours, not expired, and good for ``video_id``.

    Raises:
        RpcError: ``InvalidHlsUriToken``, ``InvalidHlsUriToken.Expired``,
            ``InvalidHlsUriToken.MediaId``.
    """
    data = _decode(text)
    body, mac = data[:-_MAC_SIZE], data[-_MAC_SIZE:]
    if len(body) < _HEAD_SIZE or not hmac.compare_digest(_mac(key, body), mac):
        raise RpcError("InvalidHlsUriToken")
    if body[:1] != _VERSION:
        raise RpcError("InvalidHlsUriToken")
    token = HlsToken(
        expires_at=int.from_bytes(body[1:9], "big"),
        nonce=body[9:_HEAD_SIZE],
        video_id=body[_HEAD_SIZE:].decode(errors="replace"),
    )
    if now >= token.expires_at:
        raise RpcError("InvalidHlsUriToken.Expired")
    if token.video_id not in {"", video_id}:
        raise RpcError("InvalidHlsUriToken.MediaId")
    return token


def _decode(text: str) -> bytes:
    if len(text) > _MAX_TEXT_LENGTH:
        raise RpcError("InvalidHlsUriToken")
    padding = "=" * (-len(text) % 4)
    try:
        return base64.b64decode(text + padding, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise RpcError("InvalidHlsUriToken") from None


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, _CONTEXT + body, hashlib.sha256).digest()
