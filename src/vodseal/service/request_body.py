"""Read the body of a request, bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["read_body"]


async def read_body(request: Request, max_size: int) -> bytes | None:
    """Return the body, or None when it is longer than ``max_size``.

    Raises:
        ClientDisconnect: The client went away.
    """
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > max_size:
            return None
    return bytes(data)
