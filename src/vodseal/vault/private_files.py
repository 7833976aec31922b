"""Folders and files that this user alone may read, written so that a crash tears nothing."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["make_private_folder", "sync_file", "sync_folder", "write_private_file"]

_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600


def make_private_folder(folder: Path) -> None:
    """Create ``folder`` and its missing parents, mode 0700.

    Raises:
        OSError: It could not be created; parents made so far remain.
    """
    for path in (*reversed(folder.parents), folder):
        if not path.exists():
            path.mkdir(mode=_FOLDER_MODE, exist_ok=True)


def write_private_file(path: Path, data: bytes, *, mode: int = _FILE_MODE) -> None:
    """Replace ``path`` at once and durably: write beside it, sync, rename, sync the folder.

    Raises:
        OSError: Nothing took the place of what was there.
    """
    fresh = path.with_name(f"{path.name}.new")
    with contextlib.suppress(FileNotFoundError):  # left by a crash; nobody reads it
        fresh.unlink()
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        sync_file(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)


def sync_file(descriptor: int) -> None:
    """Make what was written to ``descriptor`` durable.

    Raises:
        OSError: It may be lost. The kernel forgets the error once told, so
            asking again would be answered with a lie.
    """
    if sys.platform == "darwin":
        import fcntl  # noqa: PLC0415 - not there on Windows

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable, where the system knows how to.

    Raises:
        OSError: They may be lost.
    """
    if os.name == "nt":  # Windows has no such call; NTFS journals its names.
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync_file(descriptor)
    finally:
        os.close(descriptor)
