"""The bytes of an upload on disk, sealed as they arrive.

Promises, in order of weight:

1. Of a video that is to be encrypted, no clear byte touches the disk: a whole
   body goes through a ``SealedWriter``, an upload part becomes sealed pieces of
   4 MiB, and completing opens piece by piece into a writer, in memory.
2. What a row or an answer names is durable: files are synced before.
3. A body is never held in memory: at most a few pieces of it are.

Everything here blocks; ``upload`` calls it in threads.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from vodseal.container.keys import ID_SIZE, stage_key
from vodseal.container.layout import sealed_message_size
from vodseal.container.meta import Meta
from vodseal.container.staging import PieceId, open_piece, piece_source_id, seal_piece
from vodseal.container.writer import SealedWriter
from vodseal.errors import TamperedError
from vodseal.vault.sealed_files import FileSink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from vodseal.container.source import ReadBuffer

__all__ = ["PIECE_SIZE", "BodyFile", "PartFile", "Seal", "StoredPart", "join_parts"]

PIECE_SIZE: Final = 4 << 20
_LENGTH: Final = struct.Struct(">I")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """The key that an upload is sealed under, and the object it is for."""

    content_key: bytes = field(repr=False)
    identity: bytes
    """16 bytes: the video, or the multipart upload."""
    object_key: str

    def piece(self, part: int, number: int) -> PieceId:
        """Return the identity of one piece of one upload part."""
        return PieceId(
            download_id=self.identity,
            sequence=part,
            piece=number,
            source_id=piece_source_id(uri_path=self.object_key),
        )

    @property
    def piece_key(self) -> bytes:
        """Return the key of all pieces."""
        return stage_key(self.content_key, self.identity)


class BodyFile:
    """A whole original that is being written; ``finish`` makes it complete and durable."""

    def __init__(self, path: Path, seal: Seal | None, random: Callable[[int], bytes]) -> None:
        """Create ``path``.

        Raises:
            OSError: It could not be created.
        """
        self._sink = FileSink(path)
        self._path = path
        self._offset = 0
        self._digest = hashlib.md5(usedforsecurity=False)
        self._writer: SealedWriter | None = None
        if seal is not None:
            self._writer = SealedWriter(
                self._sink, seal.content_key, file_id=random(ID_SIZE), download_id=seal.identity
            )

    @property
    def size(self) -> int:
        """Return how many bytes of the original there are."""
        return self._offset

    @property
    def md5(self) -> bytes:
        """Return the MD5 of what was written: an ETag, and no proof of anything."""
        return self._digest.digest()

    def write(self, data: ReadBuffer) -> None:
        """Append ``data``.

        Raises:
            OSError: It could not be written.
        """
        self._digest.update(data)
        if self._writer is not None:
            self._writer.write(data)
        else:
            self._sink.write_at(self._offset, memoryview(data))
        self._offset += len(data)

    def finish(self, content_type: str, now: float) -> None:
        """Make the file complete and durable.

        Raises:
            OSError: It is not.
        """
        if self._writer is not None:
            self._writer.finish(Meta(content_type=content_type, created_at=int(now)))
        self._sink.sync()
        self._sink.close()

    def discard(self) -> None:
        """Remove the file, finished or not. Harmless twice."""
        if self._writer is not None:
            self._writer.abort()
        self._sink.discard()
        self._path.unlink(missing_ok=True)


class PartFile:
    """One upload part that is being written."""

    def __init__(self, path: Path, seal: Seal | None, number: int) -> None:
        """Create ``path``.

        Raises:
            OSError: It could not be created.
        """
        self._sink = FileSink(path)
        self._seal = seal
        self._number = number
        self._piece = 0
        self._offset = 0
        self._buffer = bytearray(sealed_message_size(PIECE_SIZE)) if seal else bytearray()
        self._digest = hashlib.md5(usedforsecurity=False)
        self.size = 0

    @property
    def md5(self) -> bytes:
        """Return the MD5 of what was written."""
        return self._digest.digest()

    def write(self, data: ReadBuffer) -> None:
        """Append one piece of up to ``PIECE_SIZE`` bytes.

        Raises:
            OSError: It could not be written.
        """
        self._digest.update(data)
        self.size += len(data)
        stored = memoryview(data)
        if self._seal is not None:
            identity = self._seal.piece(self._number, self._piece)
            sealed = seal_piece(self._seal.piece_key, identity, data, buffer=self._buffer).sealed
            self._append(memoryview(_LENGTH.pack(len(sealed))))
            stored = sealed
            self._piece += 1
        self._append(stored)

    def finish(self) -> None:
        """Make the part durable.

        Raises:
            OSError: It is not.
        """
        self._sink.sync()
        self._sink.close()

    def discard(self) -> None:
        """Remove a part that is not finished. Harmless twice."""
        self._sink.discard()

    def _append(self, data: memoryview) -> None:
        self._sink.write_at(self._offset, data)
        self._offset += len(data)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPart:
    """A part as its row describes it."""

    number: int
    path: Path
    size: int


def join_parts(parts: Sequence[StoredPart], seal: Seal | None, target: BodyFile) -> None:
    """Write the bytes of ``parts``, in their order, to ``target``.

    Raises:
        OSError: Something could not be read or written.
        TamperedError: A part is not what was stored.
    """
    for part in parts:
        size = 0
        for data in _read_part(part, seal):
            target.write(data)
            size += len(data)
        if size != part.size:
            raise TamperedError("an upload part is not what was stored")


def _read_part(part: StoredPart, seal: Seal | None) -> Iterator[bytes | memoryview]:
    with part.path.open("rb") as file:
        if seal is None:
            while data := file.read(PIECE_SIZE):
                yield data
            return
        number = 0
        while head := file.read(_LENGTH.size):
            (length,) = _LENGTH.unpack(head)
            sealed = file.read(length)
            yield open_piece(seal.piece_key, seal.piece(part.number, number), sealed)
            number += 1
