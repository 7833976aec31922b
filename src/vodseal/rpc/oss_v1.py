"""Sign and check uploads the way OSS clients do, by header signature V1 (wire 6).

HMAC-SHA1 over the verb, three headers, the ``x-oss-`` headers, the resource and
those query parameters that name a sub-resource. The body is not covered.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["authorization", "is_signed", "string_to_sign"]

_SUB_RESOURCES: Final = frozenset(
    {
        "acl",
        "append",
        "callback",
        "callback-var",
        "objectMeta",
        "partNumber",
        "position",
        "sequential",
        "symlink",
        "tagging",
        "uploadId",
        "uploads",
    }
)


def string_to_sign(
    verb: str, resource: str, headers: Mapping[str, str], query: Mapping[str, str]
) -> str:
    """Return the text that the signature covers.

    ``resource`` is ``/bucket/key``, not encoded; names of ``headers`` are in
    lower case.
    """
    own = sorted((name, value) for name, value in headers.items() if name.startswith("x-oss-"))
    lines = "".join(f"{name}:{value.strip()}\n" for name, value in own)
    subs = sorted((name, value) for name, value in query.items() if name in _SUB_RESOURCES)
    tail = "&".join(f"{name}={value}" if value else name for name, value in subs)
    head = [verb, *(headers.get(name, "") for name in ("content-md5", "content-type", "date"))]
    return "\n".join(head) + "\n" + lines + resource + (f"?{tail}" if tail else "")


def authorization(key_id: str, secret: str, text: str) -> str:
    """Return the ``Authorization`` header for a string to sign."""
    mac = hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()
    return f"OSS {key_id}:{base64.b64encode(mac).decode('ascii')}"


def is_signed(given: str, key_id: str, secret: str, text: str) -> bool:
    """Return whether ``given`` is the header that ``secret`` makes for ``text``."""
    expected = authorization(key_id, secret, text)
    return hmac.compare_digest(expected.encode(), given.encode(errors="replace"))
