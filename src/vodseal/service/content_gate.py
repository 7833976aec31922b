"""GET /media/..: streams, to whoever has a signed URL (wire 10, 12).

A playlist is rewritten for each request: its segments get signatures of their
own, with the playlist's own end, and a key URI gets the MtsHlsUriToken that the
playlist was asked for with, unless it is the name of a key that no address
gives out (SPEC rpc §10). Everything else goes out as it lies in the store.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from starlette.responses import Response

from vodseal.errors import MisuseError
from vodseal.media.playlist import LICENSE
from vodseal.rpc.url_auth import UrlVerdict, check, sign
from vodseal.service.media_files import BlobResponse
from vodseal.service.play_info import GATE_SECONDS

if TYPE_CHECKING:
    from starlette.requests import Request

    from vodseal.service.runtime import Service

__all__ = ["handle_media", "rewrite_playlist"]

_TYPES: Final = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".ts": "video/mp2t",
    ".m4s": "video/iso.segment",
    ".mp4": "video/mp4",
    ".mp3": "audio/mpeg",
    ".aac": "audio/aac",
    ".vtt": "text/vtt",
}
_URI: Final = re.compile(r'(?<=URI=")([^"]*)(?=")')
_KEY_TAGS: Final = ("#EXT-X-KEY:", "#EXT-X-SESSION-KEY:")
_MAX_PLAYLIST_SIZE: Final = 16 << 20


async def handle_media(service: Service, request: Request) -> Response:
    """Return a blob under ``media/``, or the refusal of a URL that does not open it."""
    context = service.context
    path = request.scope["path"]
    given = request.query_params.get("auth_key", "")
    verdict = check(
        path,
        given,
        (context.keys.urls,),
        now=context.clock.now(),
        valid_seconds=GATE_SECONDS,
    )
    if verdict is not UrlVerdict.VALID:
        reason = f"denied by req auth: {verdict.value}"
        return Response(status_code=403, headers={"x-tengine-error": reason})
    key = path.lstrip("/")
    try:
        info = await context.blobs.info(key)
    except MisuseError:
        info = None
    if info is None:
        return Response(status_code=404)
    suffix = posixpath.splitext(path)[1]
    if suffix != ".m3u8" or info.size > _MAX_PLAYLIST_SIZE:
        return BlobResponse(
            context.blobs, key, info, _TYPES.get(suffix, "application/octet-stream")
        )
    text = (await context.blobs.read(key)).decode()
    token = request.query_params.get("MtsHlsUriToken", "")
    signed_at = int(given.partition("-")[0])
    body = rewrite_playlist(text, path, context.keys.urls, signed_at=signed_at, token=token)
    headers = {"content-type": _TYPES[suffix], "cache-control": "no-store"}
    return Response(body.encode(), headers=headers)


def rewrite_playlist(text: str, path: str, key: str, *, signed_at: int, token: str) -> str:
    """Return a playlist at ``path`` whose URIs open what they name (RFC 8216, 4.3)."""
    folder = posixpath.dirname(path)

    def signed(uri: str) -> str:
        parts = urlsplit(uri)
        if parts.scheme or parts.netloc or parts.query:
            return uri
        target = posixpath.normpath(posixpath.join(folder, uri))
        return uri + sign(target, key, signed_at=signed_at).removeprefix(target)

    def with_token(uri: str) -> str:
        if not token or uri.startswith(f"{LICENSE}:"):
            return uri
        return f"{uri}{'&' if '?' in uri else '?'}MtsHlsUriToken={quote(token, safe='')}"

    lines = []
    for line in text.splitlines():
        if line.startswith(_KEY_TAGS):
            lines.append(_URI.sub(lambda match: with_token(match[1]), line))
        elif line.startswith("#"):
            lines.append(_URI.sub(lambda match: signed(match[1]), line))
        else:
            lines.append(signed(line) if line else line)
    return "\n".join(lines) + "\n"
