"""Read what is left of a sealed file that was damaged (SPEC container §10).

Promises, in order of weight:

1. What is given out was authenticated, chunk by chunk, as in any reading (SPEC
   container §7.4). A chunk that does not open is named, and nothing of it is given.
2. Lengths and parts are those of the header and the part table, which have to be
   authentic; what the file says of a part's salt is not asked for.
3. Nothing is written, and the file may be shorter or longer than it was sealed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vodseal.container.cobblestone import MessageOpener, open_message
from vodseal.container.header import Header
from vodseal.container.keys import meta_context, meta_key, part_context, part_key
from vodseal.container.layout import (
    CHUNK_SIZE,
    PART_SIZE,
    PREFIX_SIZE,
    SEALED_CHUNK_SIZE,
    TAG_SIZE,
    part_offset,
    part_plaintext_size,
)
from vodseal.container.meta import SealedMeta
from vodseal.errors import FormatError, TamperedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vodseal.container.meta import Meta
    from vodseal.container.source import Source

__all__ = ["Salvage", "Stretch", "open_header", "open_meta"]

_RUN_CHUNKS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some bytes of the film, in one or more chunks of one part."""

    start: int
    size: int
    data: memoryview | None
    """The plaintext, valid until the next stretch; None where a chunk does not open."""


def open_header(candidates: Iterable[bytes], content_key: bytes) -> Header | None:
    """Return the first header that is authentic, whatever length its file has now."""
    for data in candidates:
        try:
            return Header.open(data, content_key, file_size=Header.peek(data).file_size)
        except FormatError:
            continue
    return None


def open_meta(candidates: Iterable[bytes], content_key: bytes, header: Header) -> SealedMeta | None:
    """Return the first meta that is authentic and this header's."""
    key, context = meta_key(content_key, header.file_id), meta_context(header.file_id)
    for data in candidates:
        try:
            opened = open_message(key, context, data)
            return SealedMeta.decode(opened, plaintext_size=header.plaintext_size)
        except FormatError:
            continue
    return None


class Salvage:
    """A damaged file whose header and meta are known. Not thread-safe."""

    def __init__(
        self, source: Source, content_key: bytes, header: Header, record: SealedMeta
    ) -> None:
        """``header`` and ``record`` come from ``open_header`` and ``open_meta``."""
        self._source = source
        self._header = header
        self._record = record
        self._key = part_key(content_key, header.file_id)
        self._sealed = memoryview(bytearray(_RUN_CHUNKS * SEALED_CHUNK_SIZE))
        self._plain = memoryview(bytearray(_RUN_CHUNKS * CHUNK_SIZE))
        self.size = header.plaintext_size

    @property
    def meta(self) -> Meta:
        """What the file says about itself."""
        return self._record.meta

    def is_in_shape(self) -> bool:
        """Return whether the file has its length, and its parts their salts."""
        found = bytearray(PREFIX_SIZE)
        for part in range(self._header.part_count):
            count = self._source.read_into(part_offset(part), memoryview(found))
            if found[:count] != self._record.prefix(part):
                return False
        return self._source.size == self._header.file_size

    def stretches(self) -> Iterator[Stretch]:
        """Yield the film from its first byte to its last.

        Raises:
            OSError: The file could not be read at all.
        """
        for part in range(self._header.part_count):
            opener = self._opener(part)
            for first in range(0, opener.chunk_count, _RUN_CHUNKS):
                count = min(_RUN_CHUNKS, opener.chunk_count - first)
                whole = self._stretch(part, opener, first, count)
                if whole.data is not None:
                    yield whole
                    continue
                for chunk in range(first, first + count):
                    yield self._stretch(part, opener, chunk, 1)

    def read(self, start: int, size: int) -> bytes:
        """Return bytes of the film, with zeros where a chunk does not open."""
        found = bytearray()
        for chunk in range(start // CHUNK_SIZE, -(-(start + size) // CHUNK_SIZE)):
            part, number = divmod(chunk, PART_SIZE // CHUNK_SIZE)
            if part >= self._header.part_count:
                break
            opener = self._opener(part)
            if number >= opener.chunk_count:
                break
            opened = self._stretch(part, opener, number, 1)
            found += bytes(opened.size) if opened.data is None else opened.data
        skip = start % CHUNK_SIZE
        return bytes(found[skip : skip + size])

    def proves(self, start: int, plaintext: bytes) -> bool:
        """Return whether the tag of the chunk at ``start`` is that of ``plaintext``."""
        part, within = divmod(start, PART_SIZE)
        chunk = within // CHUNK_SIZE
        sealed = self._sealed[: len(plaintext) + TAG_SIZE]
        there = self._source.read_into(_chunk_offset(part, chunk), sealed)
        return there == len(sealed) and self._opener(part).is_of(chunk, plaintext, sealed)

    def _opener(self, part: int) -> MessageOpener:
        return MessageOpener(
            self._key,
            part_context(self._header.file_id, part),
            self._record.prefix(part),
            plaintext_size=part_plaintext_size(part, self.size),
        )

    def _stretch(self, part: int, opener: MessageOpener, first: int, count: int) -> Stretch:
        start = part * PART_SIZE + first * CHUNK_SIZE
        size = sum(opener.chunk_plaintext_size(chunk) for chunk in range(first, first + count))
        sealed, plain = self._sealed[: size + count * TAG_SIZE], self._plain[:size]
        there = self._source.read_into(_chunk_offset(part, first), sealed)
        if there < len(sealed):
            return Stretch(start=start, size=size, data=None)
        try:
            opener.open_run(first, sealed, plain)
        except TamperedError:
            return Stretch(start=start, size=size, data=None)
        return Stretch(start=start, size=size, data=plain)


def _chunk_offset(part: int, chunk: int) -> int:
    return part_offset(part) + PREFIX_SIZE + chunk * SEALED_CHUNK_SIZE
