"""The play credential: a JSON object in plain base64 (wire 9, SPEC rpc §4).

Inside it is a temporary key that signs GetPlayInfo, and ``AuthInfo``, a text
that only the service understands: the client sends it back unchanged. Ours is
JSON as well, so that the vendor's players find the members they expect, and is
authenticated by HMAC-SHA256 over all of them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field

from vodseal.error_codes import ErrorCode
from vodseal.errors import RequestError, RpcError
from vodseal.rpc.codec import decode_json, encode_json
from vodseal.rpc.messages.fields import from_wire, to_wire
from vodseal.rpc.messages.play import VideoMeta
from vodseal.rpc.replay import format_time, parse_time
from vodseal.rpc.signing_v1 import Credential

__all__ = ["AuthInfo", "PlayAuth", "check_auth_info", "decode", "encode", "make_auth_info"]

_MAX_LENGTH = 64 * 1024
_MAC_CONTEXT = b"vodseal1/auth-info\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayAuth:
    """What a play credential holds."""

    credential: Credential
    auth_info: str = field(repr=False)
    region: str = ""
    video_meta: VideoMeta = field(default_factory=VideoMeta)
    play_domain: str = ""
    customer_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthInfo:
    """What the service wrote into a play credential for itself."""

    media_id: str
    caller: str
    expires_at: float


def encode(play_auth: PlayAuth) -> str:
    """Return the text that GetVideoPlayAuth hands out."""
    members = {
        "SecurityToken": play_auth.credential.security_token,
        "AuthInfo": play_auth.auth_info,
        "VideoMeta": to_wire(play_auth.video_meta),
        "AccessKeyId": play_auth.credential.access_key_id,
        "PlayDomain": play_auth.play_domain,
        "AccessKeySecret": play_auth.credential.access_key_secret,
        "Region": play_auth.region,
        "CustomerId": play_auth.customer_id,
    }
    return base64.b64encode(encode_json(members).encode()).decode("ascii")


def decode(text: str) -> PlayAuth:
    """Return what a play credential holds.

    Raises:
        RequestError: ``PLAYAUTH_WRONG``; nothing of the text is in the message.
    """
    try:
        members = decode_json(base64.b64decode(text.strip()[:_MAX_LENGTH], validate=True))
        meta = members.get("VideoMeta")
        customer = members.get("CustomerId")
        return PlayAuth(
            credential=Credential(
                access_key_id=_text(members, "AccessKeyId"),
                access_key_secret=_text(members, "AccessKeySecret"),
                security_token=_text(members, "SecurityToken"),
            ),
            auth_info=_text(members, "AuthInfo"),
            region=_text(members, "Region", required=False),
            video_meta=from_wire(VideoMeta, meta if isinstance(meta, dict) else {}),
            play_domain=_text(members, "PlayDomain", required=False),
            customer_id=customer if isinstance(customer, int) else 0,
        )
    except (ValueError, binascii.Error):
        raise RequestError(
            ErrorCode.PLAYAUTH_WRONG, "The PlayAuth is not one that a VOD service issued."
        ) from None


def _text(members: dict[str, object], name: str, *, required: bool = True) -> str:
    value = members.get(name)
    if isinstance(value, str) and (value or not required):
        return value
    if required:
        raise ValueError(name)
    return ""


def make_auth_info(key: bytes, info: AuthInfo, *, play_domain: str = "") -> str:
    """Return ``AuthInfo`` for a play credential, authenticated under ``key``."""
    members = {
        "CI": "",
        "Caller": info.caller,
        "ExpireTime": format_time(info.expires_at),
        "MediaId": info.media_id,
        "PlayDomain": play_domain,
    }
    return encode_json({**members, "Signature": _mac(key, members)})


def check_auth_info(key: bytes, text: str, *, video_id: str, now: float) -> AuthInfo:
    """Return what ``text`` says, when it is ours, for this video, and not expired.

    Raises:
        RpcError: ``InvalidAuthInfo``, ``InvalidAuth.MediaId``, ``InvalidAuthInfo.ExpireTime``.
    """
    try:
        members = decode_json(text)
    except ValueError:
        raise RpcError("InvalidAuthInfo") from None
    given = members.pop("Signature", None)
    if not isinstance(given, str) or not all(isinstance(item, str) for item in members.values()):
        raise RpcError("InvalidAuthInfo")
    if not hmac.compare_digest(_mac(key, members).encode(), given.encode()):
        raise RpcError("InvalidAuthInfo")
    if not members.keys() >= {"MediaId", "Caller", "ExpireTime"}:
        raise RpcError("InvalidAuthInfo")
    info = AuthInfo(
        media_id=members["MediaId"],
        caller=members["Caller"],
        expires_at=parse_time(members["ExpireTime"]),
    )
    if info.media_id != video_id:
        raise RpcError("InvalidAuth.MediaId")
    if now >= info.expires_at:
        raise RpcError("InvalidAuthInfo.ExpireTime")
    return info


def _mac(key: bytes, members: dict[str, str]) -> str:
    text = encode_json(dict(sorted(members.items()))).encode()
    digest = hmac.new(key, _MAC_CONTEXT + text, hashlib.sha256).digest()
    return base64.b64encode(digest).decode("ascii")
