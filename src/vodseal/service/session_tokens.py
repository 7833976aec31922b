"""Temporary credentials that need no table: the token carries them, sealed.

A token holds the key's id and secret, who it speaks for, what it may do and
when it ends, under AES-256-GCM-SIV with a key that the key service keeps. So
any node can check it, and a stolen database holds none.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from vodseal.container.keys import hkdf_expand
from vodseal.errors import RpcError
from vodseal.rpc.codec import decode_json

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "KEY_ID_PREFIX",
    "Session",
    "SessionKind",
    "new_key_id",
    "new_secret",
    "open_token",
    "seal_token",
]

KEY_ID_PREFIX: Final = "STS."
_CONTEXT: Final = b"vodseal1/session-token\0"
_NONCE_SIZE: Final = 12
_MAX_TOKEN_LENGTH: Final = 16 * 1024
_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"


class SessionKind(StrEnum):
    """What a temporary credential was issued for. Stored in tokens: never renamed."""

    ROLE = "role"
    """By AssumeRole; its policy says what it may do."""
    PLAY = "play"
    """Inside a PlayAuth: one video, and only together with its AuthInfo."""
    UPLOAD = "upload"
    """Inside an UploadAuth: one object of the upload bucket, and no action."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A temporary credential."""

    kind: SessionKind
    key_id: str
    secret: str = field(repr=False)
    expires_at: float
    name: str = ""
    """Of the session, for the log."""
    policy: str = ""
    """The JSON text that AssumeRole was given."""
    resource: str = ""
    """The video, or the object key, that it is bound to."""


def new_key_id(random: Callable[[int], bytes], prefix: str, length: int) -> str:
    """Return a fresh access key id: ``prefix`` and ``length`` letters and digits."""
    return prefix + "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in random(length))


def new_secret(random: Callable[[int], bytes]) -> str:
    """Return a fresh access key secret of 256 bits."""
    return base64.urlsafe_b64encode(random(32)).rstrip(b"=").decode("ascii")


def seal_token(tokens_key: bytes, session: Session, random: Callable[[int], bytes]) -> str:
    """Return the security token of ``session``."""
    members = {
        "k": session.kind.value,
        "i": session.key_id,
        "s": session.secret,
        "e": session.expires_at,
        "n": session.name,
        "p": session.policy,
        "r": session.resource,
    }
    plain = json.dumps(members, separators=(",", ":")).encode()
    nonce = random(_NONCE_SIZE)
    sealed = AESGCMSIV(hkdf_expand(tokens_key, _CONTEXT)).encrypt(nonce, plain, _CONTEXT)
    return base64.urlsafe_b64encode(nonce + sealed).decode("ascii")


def open_token(tokens_key: bytes, text: str) -> Session:
    """Return the session that ``text`` carries; its end is the caller's to check.

    Raises:
        RpcError: ``InvalidSecurityToken.Malformed``.
    """
    try:
        data = base64.b64decode(text[:_MAX_TOKEN_LENGTH], altchars=b"-_", validate=True)
        cipher = AESGCMSIV(hkdf_expand(tokens_key, _CONTEXT))
        plain = cipher.decrypt(data[:_NONCE_SIZE], data[_NONCE_SIZE:], _CONTEXT)
    except (ValueError, binascii.Error, InvalidTag):
        raise RpcError("InvalidSecurityToken.Malformed") from None
    members = decode_json(plain)
    return Session(
        kind=SessionKind(members["k"]),
        key_id=members["i"],
        secret=members["s"],
        expires_at=members["e"],
        name=members["n"],
        policy=members["p"],
        resource=members["r"],
    )
