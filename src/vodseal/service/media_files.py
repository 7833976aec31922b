"""Answer with a blob: whole files by the server's own fast path, and ranges of them.

A whole file on a local disk is handed to the server by its path
(``http.response.pathsend``): no byte of it passes through Python. Ranges are
read a mebibyte at a time (RFC 9110, 14: one range; more than one is answered
with the whole file, as the RFC allows).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from vodseal.service.blobs.protocol import BlobInfo, BlobStore

__all__ = ["BlobResponse", "ByteRange", "parse_range"]

_RANGE: Final = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})", re.ASCII)
_PATH_SEND: Final = "http.response.pathsend"


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes from ``start`` up to, not including, ``end``."""

    start: int
    end: int


def parse_range(header: str, size: int) -> ByteRange | None:
    """Return the range that ``header`` asks for; None when the whole file is the answer.

    An empty range (``start == end``) stands for one that cannot be satisfied.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return ByteRange(max(0, size - int(last)), size) if int(last) else ByteRange(0, 0)
    start = int(first)
    end = min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return None
    return ByteRange(start, end) if start < size else ByteRange(0, 0)


class BlobResponse(Response):
    """A blob, or a range of it."""

    def __init__(self, blobs: BlobStore, key: str, info: BlobInfo, content_type: str) -> None:
        """Answer with the blob ``key``, which ``info`` describes."""
        self._blobs = blobs
        self._key = key
        self._info = info
        self.status_code = 200
        self.background = None
        self._fields = {
            "content-type": content_type,
            "accept-ranges": "bytes",
            "etag": f'"{info.etag}"',
            "last-modified": formatdate(info.modified_at, usegmt=True),
            "cache-control": "private, max-age=3600",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        del receive
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        if headers.get("if-none-match", "") == self._fields["etag"]:
            await self._send_head(send, 304, {})
            await send({"type": "http.response.body", "body": b""})
            return
        wanted = self._wanted(headers)
        if wanted is not None and wanted.start == wanted.end:
            await self._send_head(send, 416, {"content-range": f"bytes */{self._info.size}"})
            await send({"type": "http.response.body", "body": b""})
            return
        await self._send_bytes(scope, send, wanted)

    def _wanted(self, headers: dict[str, str]) -> ByteRange | None:
        condition = headers.get("if-range", "")
        if "range" not in headers or (condition and condition != self._fields["etag"]):
            return None
        return parse_range(headers["range"], self._info.size)

    async def _send_bytes(self, scope: Scope, send: Send, wanted: ByteRange | None) -> None:
        size = self._info.size
        part = wanted or ByteRange(0, size)
        head = {"content-length": str(part.end - part.start)}
        if wanted is not None:
            head["content-range"] = f"bytes {part.start}-{part.end - 1}/{size}"
        await self._send_head(send, 206 if wanted else 200, head)
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        path = self._blobs.local_path(self._key)
        is_whole = part.end - part.start == size
        if path is not None and is_whole and _PATH_SEND in scope.get("extensions", {}):
            await send({"type": _PATH_SEND, "path": str(path)})
            return
        async for piece in self._blobs.stream(self._key, part.start, part.end):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _send_head(self, send: Send, status: int, extra: dict[str, str]) -> None:
        fields = self._fields | extra
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
            }
        )
