"""Sign and check media URLs, type A (wire 12, SPEC rpc §6).

``/path?auth_key={ts}-{rand}-{uid}-{md5}``, md5 over ``{path}-{ts}-{rand}-{uid}-{key}``:
the scheme of the CDNs that operators put in front. MD5 is theirs; what protects
is the secret at the end of a bounded text. The path is the one in the request
line, percent-encoded as it stands there, without query and without host. It is
valid for the time that the gate is set to, counted from ``ts``.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from vodseal.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["UrlVerdict", "auth_key", "check", "sign"]

_FORM: Final = re.compile(
    r"([0-9]{1,12})-([0-9A-Za-z_]{1,64})-([0-9A-Za-z_]{1,64})-([0-9a-f]{32})", re.ASCII
)
_WORD: Final = re.compile(r"[0-9A-Za-z_]{1,64}", re.ASCII)


class UrlVerdict(StrEnum):
    """What a gate finds. The values are the reasons that CDNs send in a header."""

    VALID = "valid"
    MISSING = "no auth_key"
    MALFORMED = "malformed auth_key"
    WRONG_HASH = "invalid md5hash"
    EXPIRED = "expired timestamp"


def auth_key(path: str, key: str, *, signed_at: int, rand: str = "0", uid: str = "0") -> str:
    """Return the value of ``auth_key`` for ``path``.

    Raises:
        MisuseError: ``rand`` or ``uid`` holds what would break the form.
    """
    if not (_WORD.fullmatch(rand) and _WORD.fullmatch(uid)):
        raise MisuseError("rand and uid are 1 to 64 of A-Z a-z 0-9 _")
    return f"{signed_at}-{rand}-{uid}-{_md5(path, str(signed_at), rand, uid, key)}"


def sign(path: str, key: str, *, signed_at: int, rand: str = "0", uid: str = "0") -> str:
    """Return ``path`` with its ``auth_key``. ``path`` has no query yet."""
    return f"{path}?auth_key={auth_key(path, key, signed_at=signed_at, rand=rand, uid=uid)}"


def check(
    path: str, given: str, keys: Iterable[str], *, now: float, valid_seconds: float
) -> UrlVerdict:
    """Return whether ``given`` opens ``path`` at ``now``. ``keys``: primary, secondary."""
    if not given:
        return UrlVerdict.MISSING
    match = _FORM.fullmatch(given)
    if match is None:
        return UrlVerdict.MALFORMED
    signed_at, rand, uid, digest = match.groups()
    fits = [hmac.compare_digest(_md5(path, signed_at, rand, uid, key), digest) for key in keys]
    if not any(fits):
        return UrlVerdict.WRONG_HASH
    if now > int(signed_at) + valid_seconds:
        return UrlVerdict.EXPIRED
    return UrlVerdict.VALID


def _md5(path: str, signed_at: str, rand: str, uid: str, key: str) -> str:
    text = f"{path}-{signed_at}-{rand}-{uid}-{key}"
    return hashlib.md5(text.encode(errors="replace"), usedforsecurity=False).hexdigest()
