"""One holder at a time, across threads and processes.

The lock lies on a file that is never removed: removing it would let a third
process lock a file of the same name while the second still waits. The system
drops the lock when its holder dies, so a kill leaves nothing behind.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Self

from vodseal.vault.private_files import NO_LINK

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FolderLock"]


class FolderLock:
    """A context manager that waits for the lock and holds it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = -1

    def __enter__(self) -> Self:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | NO_LINK
        self._handle = os.open(self._path, flags, 0o600)
        if sys.platform == "win32":
            msvcrt.locking(self._handle, msvcrt.LK_LOCK, 1)
        else:
            fcntl.flock(self._handle, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_: object) -> None:
        handle, self._handle = self._handle, -1
        os.close(handle)
