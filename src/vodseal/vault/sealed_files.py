"""Sealed files on disk: the sink that writes one, the source that reads one.

Promises, in order of weight:

1. A file appears under its name when all of it is durable, or not at all: it is
   written under another name and ``publish`` renames it (SPEC container §8.2).
2. An error of ``sync`` is final. The kernel forgets it once told, so asking
   again would answer with a lie; the file is to be written anew.
3. Nobody is led elsewhere: a new file is new (``O_EXCL``), private (0600), and
   no symbolic link is followed where the system can refuse one.

Reading and writing at an offset are one call each where the system has
``pread`` and ``pwrite``; elsewhere (Windows) a lock holds seek and call together.
"""

from __future__ import annotations

import os
import stat
import sys
import threading
from typing import TYPE_CHECKING, Final, Self

from vodseal.errors import MisuseError, NotSealedError
from vodseal.vault.private_files import sync_folder

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

__all__ = ["FileSink", "FileSource"]

_FLAGS: Final = (
    getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
)


class FileSink:
    """A new file that a ``SealedWriter`` writes to.

    Not thread-safe. Leaving the ``with`` block without ``publish`` removes it.
    """

    def __init__(self, path: Path) -> None:
        """Create ``path``, which is not there yet.

        Raises:
            FileExistsError: It is.
            OSError: It could not be created.
        """
        self._path = path
        self._failed = False
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _FLAGS, 0o600)

    def __enter__(self) -> Self:
        """Return the sink."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the file, unless it was published."""
        self.discard()

    def write_at(self, offset: int, data: memoryview) -> None:
        """Write all of ``data`` at ``offset``.

        Raises:
            OSError: It could not be written.
        """
        while data:
            written = _write_at(self._open_descriptor(), data, offset)
            data, offset = data[written:], offset + written

    def sync(self) -> None:
        """Make everything written so far durable.

        Raises:
            OSError: It may be lost, and so is the file: no later call succeeds.
        """
        descriptor = self._open_descriptor()
        self._failed = True
        _sync(descriptor)
        self._failed = False

    def publish(self, target: Path) -> None:
        """Give the synced file its name, in place of what had it; close the sink.

        Raises:
            OSError: The rename failed; the file is still there under its first
                name, and the sink is closed.
        """
        self._open_descriptor()
        self.close()
        self._path.replace(target)
        sync_folder(target.parent)

    def discard(self) -> None:
        """Close the sink and remove the file. Harmless after ``publish``, and twice."""
        if self._descriptor >= 0:
            self.close()
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the sink and leave the file as it is, under its first name."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open_descriptor(self) -> int:
        if self._descriptor < 0:
            raise MisuseError("the sink is closed")
        if self._failed:
            raise OSError("an earlier sync failed; the file has to be written again")
        return self._descriptor


class FileSource:
    """A file that a ``SealedReader`` reads from. Threads may share it."""

    def __init__(self, path: Path) -> None:
        """Open ``path``.

        Raises:
            NotSealedError: It is not a regular file.
            OSError: It could not be opened.
        """
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _FLAGS)
        state = os.fstat(self._descriptor)
        if not stat.S_ISREG(state.st_mode):
            self.close()
            raise NotSealedError("not a regular file")
        self._size = state.st_size

    def __enter__(self) -> Self:
        """Return the source."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()

    @property
    def size(self) -> int:
        """How many bytes the file had when it was opened."""
        return self._size

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill ``buffer`` from ``offset``; return how many bytes, fewer only at the end.

        Raises:
            OSError: The bytes could not be read.
        """
        if self._descriptor < 0:
            raise MisuseError("the source is closed")
        done = 0
        while done < len(buffer):
            count = _read_at(self._descriptor, buffer[done:], offset + done)
            if count == 0:
                break
            done += count
        return done

    def close(self) -> None:
        """Close the file. Harmless twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _sync(descriptor: int) -> None:
    if sys.platform == "darwin":
        import fcntl  # noqa: PLC0415 - not there on Windows

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)


def _seek_and_write(descriptor: int, data: memoryview, offset: int) -> int:
    with _lock:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.write(descriptor, data)


def _seek_and_read(descriptor: int, buffer: memoryview, offset: int) -> int:
    with _lock:
        os.lseek(descriptor, offset, os.SEEK_SET)
        data = os.read(descriptor, len(buffer))
    buffer[: len(data)] = data
    return len(data)


def _write_at_once(descriptor: int, data: memoryview, offset: int) -> int:
    return os.pwrite(descriptor, data, offset)


def _read_at_once(descriptor: int, buffer: memoryview, offset: int) -> int:
    return os.preadv(descriptor, [buffer], offset)


_lock = threading.Lock()
_has_offsets = hasattr(os, "pwrite") and hasattr(os, "preadv")
_write_at = _write_at_once if _has_offsets else _seek_and_write
_read_at = _read_at_once if _has_offsets else _seek_and_read
