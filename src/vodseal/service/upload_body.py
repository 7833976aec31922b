"""Receive the body of an upload, a piece at a time."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
from typing import TYPE_CHECKING, Final, Protocol

from starlette.requests import ClientDisconnect

from vodseal.errors import UploadRefusedError
from vodseal.service.threads import run_to_end
from vodseal.service.upload_files import PIECE_SIZE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from vodseal.container.source import ReadBuffer

__all__ = ["UploadFile", "drain", "receive"]

_MAX_DRAINED: Final = 256 << 20


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


async def drain(request: Request) -> None:
    """Read what is left of a refused body: who still sends it reads no answer before.

    Beyond 256 MiB the connection is cut instead.
    """
    size = 0
    with contextlib.suppress(ClientDisconnect, RuntimeError):  # gone, or read to its end
        async for data in request.stream():
            size += len(data)
            if size > _MAX_DRAINED:
                return


async def _pieces(request: Request) -> AsyncIterator[bytearray]:
    """Yield the body in pieces of ``PIECE_SIZE``; the last is shorter."""
    waiting = bytearray()
    async for data in request.stream():
        waiting += data
        while len(waiting) >= PIECE_SIZE:
            yield waiting[:PIECE_SIZE]
            del waiting[:PIECE_SIZE]
    if waiting:
        yield waiting


async def receive(request: Request, file: UploadFile) -> None:
    """Write the body of ``request`` to ``file``: one piece while the next arrives.

    Raises:
        UploadRefusedError: ``IncompleteBody``, ``InvalidDigest``.
        ClientDisconnect: The client went away.
        OSError: It could not be written.
    """
    writing: asyncio.Task[None] | None = None
    try:
        async for piece in _pieces(request):
            if writing is not None:
                await writing
            writing = asyncio.create_task(run_to_end(file.write, piece))
    finally:
        if writing is not None:  # the file is not touched any more once this returns
            await asyncio.wait([writing])
    if writing is not None:
        await writing
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
