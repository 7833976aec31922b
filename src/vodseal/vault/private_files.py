"""Folders and files that this user alone may read, written so that a crash tears nothing."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "NO_LINK",
    "make_own_folder",
    "make_private_folder",
    "sync_file",
    "sync_folder",
    "write_private_file",
]

_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600
_WRITABLE_BY_OTHERS: Final = 0o022
NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)
"""Opens no symbolic link, where the system can refuse one."""


def make_private_folder(folder: Path) -> None:
    """Create ``folder`` and its missing parents, mode 0700; durable on return.

    Raises:
        OSError: It could not be created; parents made so far remain.
    """
    for path in (*reversed(folder.parents), folder):
        if not path.exists():
            path.mkdir(mode=_FOLDER_MODE, exist_ok=True)
            sync_folder(path.parent)


def make_own_folder(folder: Path) -> None:
    """Create ``folder`` as ``make_private_folder``, and make sure that it is this user's.

    Somebody else may have made it before, to read or to swap what is put there.

    Raises:
        PermissionError: Another user owns it or may write to it, or it is a link.
        OSError: It could not be created.
    """
    make_private_folder(folder)
    if os.name == "nt":  # access lists instead of modes; the profile's folder is private
        return
    found = folder.lstat()
    is_own = found.st_uid == os.geteuid() or os.geteuid() == 0
    if not stat.S_ISDIR(found.st_mode) or found.st_mode & _WRITABLE_BY_OTHERS or not is_own:
        raise PermissionError(errno.EPERM, "another user owns it or may write to it", str(folder))


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
