"""When a credential or a media URL ends, as far as it says so itself.

A device's clock may be wrong, so nothing is refused by these times. They only
tell when it is wise to ask for something fresh; what ends earlier is noticed when
it is refused.
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

from vodseal.errors import DownloadError
from vodseal.rpc.codec import decode_json
from vodseal.sdk.sources import VidSts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vodseal.sdk.sources import Source

__all__ = ["credential_end", "first_end", "url_end"]

_GATE_SECONDS: Final = 1800
"""How long a CDN takes a URL of type A after its timestamp, by default (wire 12)."""


def credential_end(source: Source) -> float | None:
    """Return when the credential of ``source`` ends, in UTC seconds; None when it does not say."""
    if isinstance(source, VidSts):
        return _instant(source.expiration)
    with contextlib.suppress(DownloadError, ValueError):
        return _instant(decode_json(source.auth_info()).get("ExpireTime"))
    return None


def url_end(url: str) -> float | None:
    """Return when a signed URL ends, in UTC seconds; None when it does not say."""
    query = parse_qs(urlsplit(url).query)
    signed, _, _ = query.get("auth_key", [""])[0].partition("-")
    if signed.isascii() and signed.isdigit():
        return float(signed) + _GATE_SECONDS
    end = query.get("Expires", [""])[0]
    return float(end) if end.isascii() and end.isdigit() else None


def first_end(urls: Iterable[str]) -> float | None:
    """Return when the first of ``urls`` ends; None when none of them says so."""
    return min((end for end in map(url_end, urls) if end is not None), default=None)


def _instant(text: object) -> float | None:
    if not isinstance(text, str):
        return None
    with contextlib.suppress(ValueError):
        moment = datetime.fromisoformat(text)
        return None if moment.tzinfo is None else moment.timestamp()
    return None
