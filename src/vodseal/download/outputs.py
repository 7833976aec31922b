"""The file that is being made: where it goes, and how it is read back.

Sealed or plain, it is written under a temporary name, made durable, and then
read back from the first byte to the last before anybody is told that it is
there. A sealed file proves itself: every chunk has to open. A plain copy is
compared by its hash, and a plain remux by the packets that can be read from it.
"""

from __future__ import annotations

import io
import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, Self

from blake3 import blake3

from vodseal.container.reader import SealedReader
from vodseal.download.folder import sync_file
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, FormatError

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import ReadableBuffer

__all__ = ["FileSink", "FileSource", "PlainFile", "hash_of", "read_back"]

_SYNC_EVERY: Final = 64 << 20
_BLOCK: Final = 1 << 20
_BLOCKS: Final = 64
"""Blocks of a sealed file that are read back in one go: eight parts."""
_READERS: Final = 2
"""Threads that read back. Where there are more processors, the disk is what limits."""


class FileSink:
    """A sink for ``SealedWriter``: an open file.

    A thread writes one part while the next is made. It syncs every 64 MiB, so
    that the last sync does not have a whole film to write while the progress
    stands still. What fails there is raised by the next call.
    """

    def __init__(self, handle: int) -> None:
        self._file = os.fdopen(handle, "r+b", buffering=0, closefd=False)
        self._handle = handle
        self._unsynced = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="vodseal-write")
        self._writing: Future[None] | None = None

    def write_at(self, offset: int, data: memoryview) -> None:
        """Begin to write all of ``data`` at ``offset``."""
        self._finish_writing()
        self._writing = self._thread.submit(self._write, offset, data)

    def sync(self) -> None:
        """Make everything written so far durable."""
        self._finish_writing()
        sync_file(self._handle)
        self._unsynced = 0

    def __enter__(self) -> Self:
        """Return the sink."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the thread finish what it began, and end it."""
        self._thread.shutdown()

    def _finish_writing(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def _write(self, offset: int, data: memoryview) -> None:
        self._file.seek(offset)
        done = 0
        while done < len(data):
            done += self._file.write(data[done:])
        self._unsynced += len(data)
        if self._unsynced >= _SYNC_EVERY:
            sync_file(self._handle)
            self._unsynced = 0


class FileSource:
    """A source for ``SealedReader``: an open file. Several threads may read."""

    def __init__(self, handle: int) -> None:
        self._file = os.fdopen(handle, "rb", buffering=0, closefd=False)
        self._turn = threading.Lock()
        self.size = os.fstat(handle).st_size

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill ``buffer`` from ``offset``; return how many bytes, fewer only at the end."""
        done = 0
        with self._turn:
            self._file.seek(offset)
            while done < len(buffer) and (taken := self._file.readinto(buffer[done:])):
                done += taken
        return done


class PlainFile(io.RawIOBase):
    """A plain file for a muxer, which does not look at short writes."""

    def __init__(self, handle: int) -> None:
        """Use an open, empty file; it stays open."""
        super().__init__()
        self._file = os.fdopen(handle, "r+b", buffering=0, closefd=False)

    def writable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to ``offset`` bytes from the start, the position or the end."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the position."""
        return self._file.tell()

    def write(self, data: ReadableBuffer, /) -> int:
        """Write all of ``data``.

        Raises:
            OSError: A part of it may be written.
        """
        view = memoryview(data).cast("B")
        done = 0
        while done < len(view):
            done += self._file.write(view[done:])
        return done


def hash_of(handle: int, on_share: Callable[[float], None]) -> bytes:
    """Return the BLAKE3 of an open file from its first byte; ``on_share`` as in ``read_back``."""
    source, hasher, buffer = FileSource(handle), blake3(), memoryview(bytearray(_BLOCK))
    done = 0
    while taken := source.read_into(done, buffer):
        hasher.update(buffer[:taken])
        done += taken
        on_share(done / source.size)
    return hasher.digest()


def read_back(handle: int, content_key: bytes, on_share: Callable[[float], None]) -> None:
    """Open every chunk of a sealed file; ``on_share`` hears from 0.0 to 1.0.

    Raises:
        DownloadError: It does not open (WRITE_ERROR): the disk did not keep what
            was written.
        OSError: It could not be read.
    """
    source = FileSource(handle)

    def open_from(start: int) -> None:
        with SealedReader(source, content_key) as reader:
            reader.seek(start)
            for _ in range(_BLOCKS):
                reader.readinto(buffers.data)

    buffers = _Buffers()
    try:
        with SealedReader(source, content_key) as reader:
            starts = range(0, reader.size, _BLOCKS * _BLOCK)
        with ThreadPoolExecutor(_READERS, thread_name_prefix="vodseal-read") as pool:
            for count, _ in enumerate(pool.map(open_from, starts), 1):
                on_share(count / len(starts))
    except FormatError as error:
        msg = f"the sealed file does not read back: {error.message}"
        raise DownloadError(ErrorCode.WRITE_ERROR, msg) from error


class _Buffers(threading.local):
    """A buffer for each thread."""

    def __init__(self) -> None:
        self.data = bytearray(_BLOCK)
