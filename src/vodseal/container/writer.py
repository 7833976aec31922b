"""Write a sealed file through a stream that a muxer can use.

Promises, in order of weight:

1. A part is sealed once, under a salt of its own, and never again. What was
   sealed cannot be changed; a step back into it is refused before anything
   happens (SPEC container §8.1).
2. No plaintext leaves memory. What is not sealed yet is held here: part 0 until
   the end, because a muxer comes back to its first bytes; the part being
   written and the one before it; and everything from ``hold_from`` on.
3. The header is written last, after a sync, so that a file cut off by a crash
   has no magic (SPEC container §8.2).

An MP4 muxer that writes its ``moov`` at the end steps back inside it while
writing it. Whoever drives one calls ``hold_from(writer.tell())`` before it
closes the muxer; two parts are held in any case, 8 to 16 MiB.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from vodseal.container.cobblestone import seal_message, seal_message_into
from vodseal.container.header import Header
from vodseal.container.keys import ID_SIZE, meta_context, meta_key, part_context, part_key
from vodseal.container.layout import (
    KEY_SIZE,
    MAX_PLAINTEXT_SIZE,
    PART_SIZE,
    PREFIX_SIZE,
    SEALED_PART_SIZE,
    meta_offset,
    part_count,
    part_offset,
    part_plaintext_size,
)
from vodseal.container.meta import Meta, SealedMeta
from vodseal.errors import MisuseError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from vodseal.container.source import Sink

__all__ = ["SealedWriter"]

_HELD_PARTS: Final = 2


class SealedWriter(io.RawIOBase):
    """A seekable, write-only stream of plaintext that ends in a sealed file.

    Not thread-safe. ``finish`` makes the file; closing without it is ``abort``.
    The sink stays open in either case.
    """

    def __init__(
        self, sink: Sink, content_key: bytes, *, file_id: bytes, download_id: bytes
    ) -> None:
        """Begin an empty file. ``file_id`` is random and used for this attempt alone.

        Raises:
            MisuseError: Key or ids have a wrong size.
        """
        super().__init__()
        self._held: dict[int, bytearray] = {}
        self._spare: list[bytearray] = []
        if (len(content_key), len(file_id), len(download_id)) != (KEY_SIZE, ID_SIZE, ID_SIZE):
            raise MisuseError("a key of 32 bytes and ids of 16 are expected")
        self._sink = sink
        self._content_key = content_key
        self._file_id = file_id
        self._download_id = download_id
        self._part_key = part_key(content_key, file_id)
        self._sealed = memoryview(bytearray(SEALED_PART_SIZE))
        self._being_written = memoryview(bytearray(SEALED_PART_SIZE))
        self._prefixes: dict[int, bytes] = {}
        self._next_to_seal = 1
        self._hold_from = MAX_PLAINTEXT_SIZE
        self._size = 0
        self._position = 0

    def writable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        self._check_open()
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to ``offset`` bytes from the start, the position or the end.

        Raises:
            MisuseError: There is nothing there, or it is sealed already. The
                position is what it was.
        """
        self._check_open()
        bases = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}
        if whence not in bases:
            raise MisuseError(f"cannot seek from {whence}")
        target = bases[whence] + offset
        if not 0 <= target <= self._size:
            raise MisuseError(f"cannot seek to {target}: the file has {self._size} bytes")
        if 1 <= target // PART_SIZE < self._next_to_seal:
            raise MisuseError(f"cannot go back to {target}: it is sealed already")
        self._position = target
        return target

    def write(self, data: ReadableBuffer, /) -> int:
        """Take all of ``data`` and return its size.

        Raises:
            MisuseError: It would change what is sealed already; nothing was
                written.
            OSError: A full part could not be written; the file is lost and the
                stream closed.
        """
        self._check_open()
        view = memoryview(data).cast("B")
        end = self._position + len(view)
        if end > PART_SIZE and max(1, self._position // PART_SIZE) < self._next_to_seal:
            raise MisuseError(f"cannot write up to {end}: it is sealed already")
        if end > MAX_PLAINTEXT_SIZE:
            raise MisuseError("a sealed file cannot be that long")
        done = 0
        try:
            while done < len(view):
                done += self._write_into_part(view[done:])
        except BaseException:
            self.abort()
            raise
        return done

    def hold_from(self, offset: int) -> None:
        """Keep everything from ``offset`` on in memory until ``finish``.

        Raises:
            MisuseError: ``offset`` is sealed already.
        """
        self._check_open()
        if offset < self._next_to_seal * PART_SIZE and self._next_to_seal > 1:
            raise MisuseError(f"cannot hold from {offset}: it is sealed already")
        self._hold_from = min(offset, self._hold_from)

    def finish(self, meta: Meta) -> Header:
        """Seal what is left, then write the meta and the header; close the stream.

        Raises:
            OSError: Something could not be written; the file has no header, and
                the stream is closed.
        """
        self._check_open()
        try:
            for part in [*range(self._next_to_seal, part_count(self._size)), 0]:
                self._seal_part(part)
            header = self._write_meta(meta)
            self._sink.sync()
            self._sink.write_at(0, memoryview(header.encode(self._content_key)))
            self._sink.sync()
        finally:
            self.abort()
        return header

    def abort(self) -> None:
        """Forget keys and plaintext. What was sealed stays without a header; harmless twice."""
        self._content_key = self._part_key = b""
        self._held.clear()
        self._spare.clear()
        super().close()

    def close(self) -> None:
        """Abort, unless ``finish`` was called."""
        if not self.closed:
            self.abort()

    def _write_into_part(self, view: memoryview) -> int:
        part, start = divmod(self._position, PART_SIZE)
        if part not in self._held:
            self._seal_complete_parts()
            self._held[part] = self._spare.pop() if self._spare else bytearray(PART_SIZE)
        taken = view[: PART_SIZE - start]
        self._held[part][start : start + len(taken)] = taken
        self._position += len(taken)
        self._size = max(self._size, self._position)
        return len(taken)

    def _seal_complete_parts(self) -> None:
        """Seal what is neither part 0, nor among the last ones, nor to be held."""
        until = min(self._size // PART_SIZE + 1 - _HELD_PARTS, self._hold_from // PART_SIZE)
        while self._next_to_seal < until:
            self._seal_part(self._next_to_seal)
            self._next_to_seal += 1

    def _seal_part(self, part: int) -> None:
        size = part_plaintext_size(part, self._size)
        plaintext = self._held.pop(part, None) or bytearray()
        context = part_context(self._file_id, part)
        with memoryview(plaintext) as view:
            sealed = seal_message_into(self._part_key, context, view[:size], self._sealed)
        self._sink.write_at(part_offset(part), self._sealed[:sealed])
        self._prefixes[part] = bytes(self._sealed[:PREFIX_SIZE])
        self._sealed, self._being_written = self._being_written, self._sealed
        if plaintext:
            self._spare.append(plaintext)

    def _write_meta(self, meta: Meta) -> Header:
        table = b"".join(self._prefixes[part] for part in range(part_count(self._size)))
        record = SealedMeta(plaintext_size=self._size, part_table=table, meta=meta).encode()
        key = meta_key(self._content_key, self._file_id)
        sealed = seal_message(key, meta_context(self._file_id), record)
        self._sink.write_at(meta_offset(self._size), memoryview(sealed))
        return Header(
            file_id=self._file_id,
            download_id=self._download_id,
            plaintext_size=self._size,
            meta_size=len(sealed),
        )

    def _check_open(self) -> None:
        if self.closed:
            raise MisuseError("the sealed file is finished or aborted")
