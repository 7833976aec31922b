"""Read a sealed file at any offset.

Promises, in order of weight:

1. No byte is returned before the chunk that holds it has been authenticated,
   and a buffer whose filling failed is zeroed (SPEC container §7.4).
2. The length is proved, not believed: the header is under a MAC, the file is
   exactly as long as it says, and the last chunk of a part is opened before any
   other of that part; a last part that is empty when the file is (SPEC container
   §7.3). A file cut short is refused when it is opened, never in the middle of
   the film.
3. Whole chunks are opened straight into the caller's buffer. Beside it there is
   one chunk of plaintext in memory, and 1 MiB of sealed bytes.
"""

from __future__ import annotations

import hmac
import io
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from vodseal.container.cobblestone import MessageOpener, open_message
from vodseal.container.header import Header
from vodseal.container.keys import meta_context, meta_key, part_context, part_key
from vodseal.container.layout import (
    CHUNK_SIZE,
    HEADER_SIZE,
    PART_SIZE,
    PREFIX_SIZE,
    SEALED_CHUNK_SIZE,
    TAG_SIZE,
    part_offset,
    part_plaintext_size,
)
from vodseal.container.meta import Meta, SealedMeta
from vodseal.container.source import read_exactly
from vodseal.errors import MisuseError, TamperedError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from vodseal.container.source import Source

__all__ = ["SealedReader"]

_RUN_CHUNKS: Final = 64
_OPENED_PARTS: Final = 32


class SealedReader(io.RawIOBase):
    """A seekable, read-only stream of plaintext.

    Not thread-safe: give each thread its own reader, over the same source if
    that one allows it. Closing forgets keys and plaintext, and leaves the
    source open.
    """

    def __init__(self, source: Source, content_key: bytes) -> None:
        """Open ``source`` with the content key that its license holds.

        Raises:
            NotSealedError: Another kind of file, or one that was not finished.
            UnsupportedVersionError: Written by a later version.
            WrongKeyError: The file was sealed under another key.
            TruncatedError: The file is longer or shorter than it was sealed.
            TamperedError: Header or meta were altered, or an empty last part.
            MalformedError: They are authentic, and not allowed.
            OSError: The bytes could not be read.
        """
        super().__init__()
        self._source = source
        self._openers: OrderedDict[int, MessageOpener] = OrderedDict()
        self._chunk = memoryview(bytearray(CHUNK_SIZE))
        self._chunk_at: tuple[int, int] | None = None
        self._position = 0
        self.header = _read_header(source, content_key)
        self._record = _read_meta(source, content_key, self.header)
        self.size = self.header.plaintext_size
        self._part_key = part_key(content_key, self.header.file_id)
        self._sealed = memoryview(bytearray(_RUN_CHUNKS * SEALED_CHUNK_SIZE))
        if self.size % PART_SIZE == 0:  # No read would ever come to the last part.
            self._opener(self.header.part_count - 1)

    @property
    def meta(self) -> Meta:
        """What the file says about itself."""
        return self._record.meta

    def readable(self) -> bool:
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
            MisuseError: That is before the start. The position is what it was.
        """
        self._check_open()
        bases = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}
        if whence not in bases or bases[whence] + offset < 0:
            raise MisuseError(f"cannot seek to {offset} from {whence}")
        self._position = bases[whence] + offset
        return self._position

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill ``buffer``; return how many bytes, fewer only at the end of the film.

        Raises:
            TamperedError: A chunk under it was altered. The buffer is zeroed as
                far as it would have been filled, and the position is what it was.
            TruncatedError: The file became shorter; as above.
            OSError: A chunk could not be read; as above.
        """
        self._check_open()
        wanted = max(0, min(memoryview(buffer).nbytes, self.size - self._position))
        view = memoryview(buffer).cast("B")[:wanted]
        done = 0
        try:
            while done < wanted:
                done += self._fill(self._position + done, view[done:])
        except BaseException:
            view[:] = bytes(wanted)
            raise
        self._position += done
        return done

    def readall(self) -> bytes:
        """Return everything from the position to the end."""
        rest = bytearray(max(0, self.size - self.tell()))
        self.readinto(rest)
        return bytes(rest)

    def close(self) -> None:
        """Forget the keys and the plaintext. Closing twice is harmless."""
        if not self.closed:
            self._part_key = b""
            self._openers.clear()
            self._chunk_at = None
            self._chunk[:] = bytes(CHUNK_SIZE)
        super().close()

    def _fill(self, position: int, view: memoryview) -> int:
        part, within = divmod(position, PART_SIZE)
        chunk, skip = divmod(within, CHUNK_SIZE)
        opener = self._opener(part)
        count = min(len(view) // CHUNK_SIZE, opener.chunk_count - 1 - chunk, _RUN_CHUNKS)
        if skip == 0 and count > 0:
            self._open_chunks(part, chunk, view[: count * CHUNK_SIZE])
            return count * CHUNK_SIZE
        size = opener.chunk_plaintext_size(chunk)
        if self._chunk_at != (part, chunk):
            self._chunk_at = None
            self._open_chunks(part, chunk, self._chunk[:size])
            self._chunk_at = part, chunk
        piece = self._chunk[skip : min(size, skip + len(view))]
        view[: len(piece)] = piece
        return len(piece)

    def _open_chunks(self, part: int, first: int, plaintext: memoryview) -> None:
        count = -(-len(plaintext) // CHUNK_SIZE) or 1
        sealed = self._sealed[: len(plaintext) + count * TAG_SIZE]
        offset = part_offset(part) + PREFIX_SIZE + first * SEALED_CHUNK_SIZE
        read_exactly(self._source, offset, sealed)
        self._openers[part].open_run(first, sealed, plaintext)

    def _opener(self, part: int) -> MessageOpener:
        if part in self._openers:
            self._openers.move_to_end(part)
            return self._openers[part]
        prefix = self._record.prefix(part)
        found = bytearray(PREFIX_SIZE)
        read_exactly(self._source, part_offset(part), memoryview(found))
        if not hmac.compare_digest(found, prefix):
            raise TamperedError(f"part {part} is not the one that was sealed into this file")
        opener = MessageOpener(
            self._part_key,
            part_context(self.header.file_id, part),
            prefix,
            plaintext_size=part_plaintext_size(part, self.size),
        )
        self._openers[part] = opener
        try:
            self._prove_length(part, opener)
        except BaseException:
            del self._openers[part]
            raise
        if len(self._openers) > _OPENED_PARTS:
            self._openers.popitem(last=False)
        return opener

    def _prove_length(self, part: int, opener: MessageOpener) -> None:
        last = opener.chunk_count - 1
        self._chunk_at = None
        self._open_chunks(part, last, self._chunk[: opener.chunk_plaintext_size(last)])
        self._chunk_at = part, last

    def _check_open(self) -> None:
        if self.closed:
            raise MisuseError("the reader is closed")


def _read_header(source: Source, content_key: bytes) -> Header:
    data = bytearray(min(HEADER_SIZE, source.size))
    read_exactly(source, 0, memoryview(data))
    return Header.open(bytes(data), content_key, file_size=source.size)


def _read_meta(source: Source, content_key: bytes, header: Header) -> SealedMeta:
    sealed = bytearray(header.meta_size)
    read_exactly(source, header.meta_offset, memoryview(sealed))
    key = meta_key(content_key, header.file_id)
    data = open_message(key, meta_context(header.file_id), sealed)
    return SealedMeta.decode(data, plaintext_size=header.plaintext_size)
