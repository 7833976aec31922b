"""One folder on disk, held open: nothing outside it can be reached by a name in it.

Promises, in order of weight (security.md 3.3):

1. ``sync`` after a rename makes the new name durable; ``sync_file`` makes the
   bytes durable, on macOS with ``F_FULLFSYNC``. An error of either means that
   the data may be lost: the caller drops the file, and never syncs again.
2. Files are created anew (O_EXCL), never through a link (O_NOFOLLOW), for this
   user alone (0600; folders 0700), and are not inherited by child processes.
3. Names are relative to the open folder, so moving or replacing a parent folder
   does not redirect a write. Windows has no such handle: there the path serves,
   and names become durable with their file.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from typing import TYPE_CHECKING, Final, Self

if sys.platform == "darwin":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["CAN_RENAME_OPEN_FILES", "Folder", "sync_file", "write_all"]

CAN_RENAME_OPEN_FILES: Final = sys.platform != "win32"

_HAS_FOLDER_HANDLES: Final = os.open in os.supports_dir_fd
_FILE_MODE: Final = 0o600
_FOLDER_MODE: Final = 0o700
_FLAGS: Final = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)


class Folder:
    """An open folder. Close it, or use it as a context manager."""

    def __init__(self, path: Path, handle: int | None) -> None:
        self.path = path
        self._handle = handle

    @classmethod
    def open(
        cls, path: Path, *, create: bool = False, mode: int = _FOLDER_MODE, follow: bool = False
    ) -> Self:
        """Open ``path``; with ``create``, make it and what is missing above it.

        ``follow`` lets it be a link: for a folder that the app chose.

        Raises:
            OSError: It is not there, not a folder, or a link.
        """
        if create and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with cls.open(path.parent, follow=True) as parent, _new_name_in(parent):
                path.mkdir(mode=mode)
        if not _HAS_FOLDER_HANDLES:
            if not path.is_dir():
                raise NotADirectoryError(path)
            return cls(path, None)
        flags = os.O_RDONLY | os.O_DIRECTORY | _FLAGS | (0 if follow else _NO_LINK)
        return cls(path, os.open(path, flags))

    def subfolder(self, name: str, *, create: bool = False) -> Folder:
        """Open a folder in this one; make it private where it is missing.

        Raises:
            OSError: It is not there, not a folder, or a link.
        """
        if self._handle is None:
            return Folder.open(self.path / name, create=create)
        if create:
            with _new_name_in(self):
                os.mkdir(name, _FOLDER_MODE, dir_fd=self._handle)
        flags = os.O_RDONLY | os.O_DIRECTORY | _FLAGS | _NO_LINK
        return Folder(self.path / name, os.open(name, flags, dir_fd=self._handle))

    def create(self, name: str) -> int:
        """Return a handle to a new file, for reading and writing.

        Raises:
            FileExistsError: The name is taken.
            OSError: It could not be created.
        """
        return self._open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL)

    def open_or_create(self, name: str) -> int:
        """Return a handle to a file that may be there already.

        Raises:
            OSError: It could not be opened or created.
        """
        return self._open(name, os.O_RDWR | os.O_CREAT)

    def open_to_read(self, name: str) -> int:
        """Return a handle to a file that is there.

        Raises:
            OSError: It is not there, a link, or may not be read.
        """
        return self._open(name, os.O_RDONLY)

    def read_into(self, name: str, buffer: memoryview) -> int:
        """Read a file into ``buffer``, as far as there is room; return how many bytes.

        Raises:
            OSError: It is not there, a link, or could not be read.
        """
        with os.fdopen(self.open_to_read(name), "rb", buffering=0) as file:
            done = 0
            while done < len(buffer):
                taken = file.readinto(buffer[done:])
                if not taken:
                    break
                done += taken
            return done

    def size(self, name: str) -> int | None:
        """Return the size of a file; None when there is no regular file of that name."""
        try:
            status = os.stat(self._at(name), dir_fd=self._handle, follow_symlinks=False)
        except FileNotFoundError:
            return None
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, in the place of whatever had it.

        Raises:
            OSError: Nothing changed.
        """
        os.replace(self._at(old), self._at(new), src_dir_fd=self._handle, dst_dir_fd=self._handle)

    def remove(self, name: str) -> bool:
        """Remove a file, and return whether there was one."""
        try:
            os.unlink(self._at(name), dir_fd=self._handle)
        except FileNotFoundError:
            return False
        return True

    def remove_subfolder(self, name: str) -> bool:
        """Remove an empty folder; return whether it is gone now."""
        try:
            os.rmdir(self._at(name), dir_fd=self._handle)
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def names(self) -> list[str]:
        """Return the names in it, sorted."""
        at = self.path if self._handle is None else self._handle
        return sorted(os.listdir(at))  # noqa: PTH208 - pathlib has no folder handles

    def sync(self) -> None:
        """Make the names in it durable, where the platform can.

        Raises:
            OSError: They may be lost.
        """
        if self._handle is not None:
            os.fsync(self._handle)

    def close(self) -> None:
        """Let go of the folder. Closing twice is harmless."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _at(self, name: str) -> str:
        return name if self._handle is not None else str(self.path / name)

    def _open(self, name: str, flags: int) -> int:
        return os.open(self._at(name), flags | _FLAGS | _NO_LINK, _FILE_MODE, dir_fd=self._handle)


@contextlib.contextmanager
def _new_name_in(folder: Folder) -> Iterator[None]:
    """Make the name durable that is given inside, unless it was there already."""
    with contextlib.suppress(FileExistsError):
        yield
        folder.sync()


def sync_file(handle: int) -> None:
    """Make the bytes of a file durable.

    Raises:
        OSError: They may be lost, and trying again would not tell.
    """
    if sys.platform == "darwin":
        fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
    elif sys.platform == "win32":
        os.fsync(handle)
    else:
        os.fdatasync(handle)


def write_all(handle: int, data: memoryview) -> None:
    """Write all of ``data``.

    Raises:
        OSError: A part of it may be written.
    """
    done = 0
    while done < len(data):
        done += os.write(handle, data[done:])
