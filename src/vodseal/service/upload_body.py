"""Receive the body of an upload, a piece at a time."""

from __future__ import annotations

import asyncio
import base64
import binascii
from typing import TYPE_CHECKING, Protocol

from vodseal.errors import UploadRefusedError
from vodseal.service.upload_files import PIECE_SIZE

if TYPE_CHECKING:
    from starlette.requests import Request

    from vodseal.container.source import ReadBuffer

__all__ = ["UploadFile", "receive"]


class UploadFile(Protocol):
    """What a body is written to."""

    @property
    def size(self) -> int:
        """Return how many bytes were written."""

    @property
    def md5(self) -> bytes:
        """Return their MD5."""

    def write(self, data: ReadBuffer) -> None:
        """Append ``data``."""


async def receive(request: Request, file: UploadFile) -> None:
    """Write the body of ``request`` to ``file``, a piece at a time.

    Raises:
        UploadRefusedError: ``IncompleteBody``, ``InvalidDigest``.
        ClientDisconnect: The client went away.
        OSError: It could not be written.
    """
    waiting = bytearray()
    async for data in request.stream():
        waiting += data
        if len(waiting) >= PIECE_SIZE:
            piece, waiting = waiting[:PIECE_SIZE], waiting[PIECE_SIZE:]
            await asyncio.to_thread(file.write, piece)
    if waiting:
        await asyncio.to_thread(file.write, waiting)
    announced = request.headers.get("content-length", "")
    if announced and announced != str(file.size):
        raise UploadRefusedError("IncompleteBody")
    digest = request.headers.get("content-md5", "")
    if digest and _decode(digest) != file.md5:
        raise UploadRefusedError("InvalidDigest")


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""
