"""What every blob store offers.

Keys are relative paths of ``A-Z a-z 0-9 . _ -`` and ``/``, such as
``media/<video>/<stream>/index.m3u8``. A blob is written once and never changed.
Before a row names blobs, their writer calls ``make_durable``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

__all__ = ["BlobInfo", "BlobStore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobInfo:
    """What a store knows about a blob without reading it."""

    size: int
    etag: str
    """Strong: other bytes have another one. Without quotation marks."""
    modified_at: float


class BlobStore(Protocol):
    """Keeps blobs."""

    async def put(self, key: str, data: bytes) -> None:
        """Store ``data``, whole or not at all."""

    async def put_file(self, key: str, path: Path) -> None:
        """Store a local file by moving it here, whole or not at all."""

    async def make_durable(self, prefix: str) -> None:
        """Return once every blob under ``prefix`` outlives a loss of power."""

    async def info(self, key: str) -> BlobInfo | None:
        """Return what is known about a blob, or None when there is none."""

    async def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """Return the bytes of a blob from ``start`` up to, not including, ``end``.

        Raises:
            FileNotFoundError: There is no such blob.
        """

    def stream(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Return the bytes of a blob piece by piece.

        Raises:
            FileNotFoundError: There is no such blob; raised while iterating.
        """

    async def list_names(self, folder: str) -> list[str]:
        """Return the names directly below ``folder``, of blobs and of folders."""

    async def delete_prefix(self, prefix: str) -> int:
        """Erase every blob under ``prefix`` and return how many there were."""

    def local_path(self, key: str) -> Path | None:
        """Return the file that holds a blob, for a store on this machine; else None."""
