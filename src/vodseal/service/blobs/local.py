"""Blobs as files below one folder.

Reads, writes and listings go through obstore, so that a store in the cloud is
one more class; what only a local disk can do (moving a file in, syncing it) is
done on the file itself.
"""

from __future__ import annotations

import asyncio
import os
import re
from typing import TYPE_CHECKING, Final

import obstore
from obstore.store import LocalStore

from vodseal.errors import MisuseError
from vodseal.service.blobs.protocol import BlobInfo
from vodseal.vault.private_files import make_private_folder, sync_folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

__all__ = ["LocalBlobs"]

_KEY: Final = re.compile(r"(?!\.)[A-Za-z0-9._-]+(?:/(?!\.)[A-Za-z0-9._-]+)*")
_PIECE_SIZE: Final = 1 << 20


class LocalBlobs:
    """A ``BlobStore`` in a folder of this machine, mode 0700."""

    def __init__(self, folder: Path) -> None:
        """Create the folder when it is missing.

        Raises:
            OSError: It cannot be created.
        """
        make_private_folder(folder)
        self._folder = folder
        self._store = LocalStore(folder)

    async def put(self, key: str, data: bytes) -> None:
        """Store ``data``: written beside, then renamed."""
        await obstore.put_async(self._store, _checked(key), data)

    async def put_file(self, key: str, path: Path) -> None:
        """Move a file of the same disk here; it is synced first."""
        await asyncio.to_thread(_move, path, self.local_path(key))

    async def make_durable(self, prefix: str) -> None:
        """Sync every file under ``prefix``, and the folders on the way to it."""
        await asyncio.to_thread(_sync_tree, self.local_path(prefix), self._folder)

    async def info(self, key: str) -> BlobInfo | None:
        """Return size, tag and age, or None when there is no such blob."""
        try:
            meta = await obstore.head_async(self._store, _checked(key))
        except FileNotFoundError:
            return None
        return BlobInfo(
            size=meta["size"],
            etag=(meta["e_tag"] or "").strip('"'),
            modified_at=meta["last_modified"].timestamp(),
        )

    async def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """Return the bytes from ``start`` to ``end``."""
        if end is None:
            result = await obstore.get_async(self._store, _checked(key))
            data = bytes(await result.bytes_async())
            return data[start:] if start else data
        if end <= start:
            return b""
        return bytes(
            await obstore.get_range_async(self._store, _checked(key), start=start, end=end)
        )

    async def stream(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield the bytes from ``start`` to ``end``, a mebibyte at a time."""
        for offset in range(start, end, _PIECE_SIZE):
            yield await self.read(key, offset, min(offset + _PIECE_SIZE, end))

    async def list_names(self, folder: str) -> list[str]:
        """Return the names directly below ``folder``."""
        found = await obstore.list_with_delimiter_async(self._store, _checked(folder))
        paths = [*found["common_prefixes"], *(meta["path"] for meta in found["objects"])]
        return [path.rpartition("/")[2] for path in paths]

    async def delete_prefix(self, prefix: str) -> int:
        """Erase the blobs under ``prefix``, and the folders that this empties."""
        return await asyncio.to_thread(_erase_tree, self.local_path(prefix))

    def local_path(self, key: str) -> Path:
        """Return the file that holds a blob."""
        return self._folder / _checked(key)


def _checked(key: str) -> str:
    """Return ``key``; no key may leave the folder, whoever made it up.

    Raises:
        MisuseError: It is not a blob's key.
    """
    if _KEY.fullmatch(key) is None:
        raise MisuseError("that is not the key of a blob")
    return key


def _move(path: Path, target: Path) -> None:
    make_private_folder(target.parent)
    _sync_file(path)
    path.replace(target)
    sync_folder(target.parent)


def _sync_file(path: Path) -> None:
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_tree(top: Path, root: Path) -> None:
    paths = [top, *top.rglob("*")] if top.exists() else []
    for path in paths:
        if path.is_dir():
            sync_folder(path)
        else:
            _sync_file(path)
    for folder in top.parents:
        sync_folder(folder)
        if folder == root:
            break


def _erase_tree(top: Path) -> int:
    if top.is_file():
        top.unlink()
        return 1
    count = 0
    for path in sorted(top.rglob("*"), reverse=True):  # what a folder holds sorts after it
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
            count += 1
    if top.is_dir():
        top.rmdir()
    return count
