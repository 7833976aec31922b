"""Which URIs a playlist may hold: http, https, or relative (RFC 8216 section 2).

A key that travels inside a license has a name in the place of an address.

No file, no data, no user name, no control character, space or quote: what comes
out is handed to an HTTP client and written into other playlists.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urljoin, urlsplit

from vodseal.errors import PlaylistError

__all__ = ["MAX_URI_LENGTH", "check_license_uri", "check_uri", "license_uri", "resolve_uri"]

MAX_URI_LENGTH: Final = 8192

_ALLOWED: Final = re.compile(r"[!#-;=?-\[\]_a-z~]+", re.ASCII)
"""RFC 3986: printable ASCII without space, quote, < > \\ ^ ` { | }."""

_LICENSE_URI: Final = re.compile(r"vodseal-license:[0-9A-Za-z._-]{1,64}", re.ASCII)


def license_uri(job_id: str) -> str:
    """Return the URI that names the key of a privately encrypted stream (SPEC rpc §10).

    Raises:
        PlaylistError: No such stream can be.
    """
    return check_license_uri(f"vodseal-license:{job_id}")


def check_license_uri(uri: str) -> str:
    """Return ``uri`` when it names a key inside a license.

    Raises:
        PlaylistError: It does not.
    """
    if _LICENSE_URI.fullmatch(uri) is None:
        raise PlaylistError("the URI of a license's key names no stream")
    return uri


def check_uri(uri: str) -> str:
    """Return ``uri``, absolute or relative, when a playlist may hold it.

    Raises:
        PlaylistError: Another scheme, a user name, or a character not allowed.
    """
    if len(uri) > MAX_URI_LENGTH:
        raise PlaylistError(f"a URI is longer than {MAX_URI_LENGTH} characters")
    if _ALLOWED.fullmatch(uri) is None:
        raise PlaylistError("a URI is empty or holds a character that is not allowed")
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        raise PlaylistError("a URI is malformed") from None
    if parts.scheme not in {"", "http", "https"}:
        raise PlaylistError(f"a URI has the scheme {parts.scheme[:16]!r}")
    if "@" in parts.netloc:
        raise PlaylistError("a URI holds a user name")
    if parts.scheme and not parts.hostname:
        raise PlaylistError("a URI has no host")
    return uri


def resolve_uri(base_url: str, uri: str) -> str:
    """Return ``uri`` as an absolute URL, as seen from the playlist at ``base_url``.

    One that is absolute already stays as it was written, to the letter.

    Raises:
        PlaylistError: ``uri`` is not allowed, or the result is not http or https.
    """
    check_uri(uri)
    try:
        absolute = uri if urlsplit(uri).scheme else urljoin(base_url, uri)
    except ValueError:
        raise PlaylistError("a URI is malformed") from None
    if urlsplit(check_uri(absolute)).scheme not in {"http", "https"}:
        raise PlaylistError("a URI is relative, and the playlist's own address is unknown")
    return absolute
