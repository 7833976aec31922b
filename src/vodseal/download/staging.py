"""Sealed pieces on disk, and how they become durable (security.md 3.3).

The order that everything rests on, for a group of pieces at a time::

    write <piece>.tmp   rename to <piece>.seg   fdatasync each   fsync the folder   rows

A row that is there therefore stands for a whole file that is durable. A kill
loses what was being written; a power cut loses at most the group that was not
synced, and it is fetched again.

``recover`` puts right what a crash left: it deletes temporary files and pieces
of another plan, adopts a whole file without a row after opening it, and forgets
a row whose file is gone or has another size.

A failed sync means that the bytes may be lost although a second sync would
succeed, so the files of the group are deleted and nothing is tried again.
"""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vodseal.container.cobblestone import BLOCK_SIZE, seal_blocks
from vodseal.container.keys import stage_key
from vodseal.container.layout import PREFIX_SIZE, sealed_message_size
from vodseal.container.staging import open_piece_blocks
from vodseal.download.folder import CAN_RENAME_OPEN_FILES, sync_file, write_all
from vodseal.download.journal import StagedPiece
from vodseal.errors import TamperedError, TruncatedError
from vodseal.license.digests import DigestAlgorithm, new_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from io import FileIO

    from vodseal.download.folder import Folder
    from vodseal.download.journal import Journal
    from vodseal.download.plan import Piece
    from vodseal.license.digests import Digest

__all__ = ["Staging", "WrittenPiece", "open_staged", "piece_name"]

_NAME: Final = re.compile(r"(\d{6,})\.(\d+)\.seg", re.ASCII)
_TEMPORARY: Final = ".tmp"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenPiece:
    """A piece that has its name, and is not durable yet."""

    piece: Piece
    row: StagedPiece
    handle: int | None
    """Open file, for the sync to come; None when it is synced already."""


def piece_name(sequence: int, number: int) -> str:
    """Return the file name of a staged piece."""
    return f"{sequence:06}.{number}.seg"


def open_staged(
    folder: Folder, key: bytes, piece: Piece, download_id: bytes
) -> Iterator[memoryview]:
    """Yield the bytes of a staged piece as they were received, each stretch until the next.

    Raises:
        FileNotFoundError: There is no such piece.
        TruncatedError: It is cut short.
        TamperedError: It was altered, or belongs elsewhere.
        OSError: It cannot be read.
    """
    handle = folder.open_to_read(piece_name(*piece.key))
    with os.fdopen(handle, "rb", buffering=0) as file:
        size = os.fstat(handle).st_size
        yield from open_piece_blocks(key, piece.identity(download_id), size, _stretches_of(file))


class Staging:
    """The stage folder of one job. ``seal`` may be called from several threads."""

    def __init__(self, folder: Folder, content_key: bytes, download_id: bytes) -> None:
        """Use an open stage folder."""
        self._folder = folder
        self._key = stage_key(content_key, download_id)
        self._download_id = download_id

    def seal(
        self, piece: Piece, data: memoryview, room: bytearray, algorithm: int | None = None
    ) -> WrittenPiece | None:
        """Seal ``data`` by way of ``room``, write it and give it its name.

        With ``algorithm``, None when it has not the digest of the piece: block by block
        it is digested, sealed and written while it is warm, and named only when it is
        right. ``room`` has ``BLOCK_ROOM`` bytes.

        Raises:
            OSError: It could not be written; nothing of it stays.
        """
        identity = piece.identity(self._download_id)
        digest = None if algorithm is None else new_digest(DigestAlgorithm(algorithm))
        sealed = seal_blocks(self._key, identity.context(), _blocks(data, digest), room)
        name = piece_name(*piece.key)
        temporary = name + _TEMPORARY
        self._folder.remove(temporary)
        handle = self._folder.create(temporary)
        try:
            prefix = _write(handle, sealed)
            is_right = digest is None or digest.digest() == piece.digest
            kept = self._name(handle, temporary, name) if is_right else None
        except BaseException:
            self._throw_away(handle, temporary)
            raise
        if not is_right:
            self._throw_away(handle, temporary)
            return None
        row = StagedPiece(
            sequence=piece.sequence,
            number=piece.number,
            source_id=identity.source_id,
            size=len(data),
            prefix=prefix,
        )
        return WrittenPiece(piece=piece, row=row, handle=kept)

    def commit(self, journal: Journal, group: Sequence[WrittenPiece]) -> None:
        """Make a group durable, files first, then rows.

        Raises:
            OSError: A sync failed. None of the group is staged.
            sqlite3.Error: The rows could not be written; the files are whole,
                and the next ``recover`` adopts them.
        """
        try:
            for written in group:
                if written.handle is not None:
                    sync_file(written.handle)
            self._folder.sync()
        except OSError:
            for written in group:
                self._folder.remove(piece_name(*written.piece.key))
            raise
        finally:
            self.abandon(group)
        journal.add_pieces(written.row for written in group)

    @staticmethod
    def abandon(group: Iterable[WrittenPiece]) -> None:
        """Let go of the handles of a group."""
        for written in group:
            if written.handle is not None:
                with contextlib.suppress(OSError):  # a failed close was a failed sync before
                    os.close(written.handle)

    def recover(
        self, journal: Journal, pieces: Sequence[Piece]
    ) -> dict[tuple[int, int], StagedPiece]:
        """Put folder and journal in order; return the durable pieces of this plan.

        Raises:
            OSError: The folder cannot be read or written.
            sqlite3.Error: The journal cannot be read or written.
        """
        wanted = {piece.key: piece for piece in pieces}
        rows = {(row.sequence, row.number): row for row in journal.pieces()}
        staged = {key: row for key, row in rows.items() if self._holds(wanted.get(key), row)}
        adopted = []
        for name in self._folder.names():
            key = _key_of(name)
            if key in staged:
                continue
            piece = wanted.get(key) if key is not None and key not in rows else None
            row = self._adopt(piece) if piece is not None else None
            if row is None:
                self._folder.remove(name)
            else:
                adopted.append(row)
        if adopted:
            self._folder.sync()
            journal.add_pieces(adopted)
        if len(staged) < len(rows):
            journal.drop_pieces(rows.keys() - staged.keys())
        return staged | {(row.sequence, row.number): row for row in adopted}

    def discard(self, journal: Journal, key: tuple[int, int]) -> None:
        """Drop a piece that turned out not to open, row first."""
        journal.drop_pieces([key])
        self._folder.remove(piece_name(*key))

    def _name(self, handle: int, temporary: str, name: str) -> int | None:
        """Rename a written file; return its handle, or None when it had to be closed first."""
        if CAN_RENAME_OPEN_FILES:
            self._folder.rename(temporary, name)
            return handle
        sync_file(handle)
        os.close(handle)
        self._folder.rename(temporary, name)
        return None

    def _throw_away(self, handle: int, temporary: str) -> None:
        with contextlib.suppress(OSError):  # it may be closed already
            os.close(handle)
        self._folder.remove(temporary)

    def _holds(self, piece: Piece | None, row: StagedPiece) -> bool:
        if piece is None or row.source_id != piece.identity(self._download_id).source_id:
            return False
        return self._folder.size(piece_name(*piece.key)) == sealed_message_size(row.size)

    def _adopt(self, piece: Piece) -> StagedPiece | None:
        """Return a row for a whole file that a crash left without one, durable now."""
        name = piece_name(*piece.key)
        try:
            size = sum(map(len, open_staged(self._folder, self._key, piece, self._download_id)))
        except (TamperedError, TruncatedError, OSError):
            return None
        handle = self._folder.open_to_read(name)
        try:
            prefix = os.read(handle, PREFIX_SIZE)
            sync_file(handle)
        finally:
            os.close(handle)
        return StagedPiece(
            sequence=piece.sequence,
            number=piece.number,
            source_id=piece.identity(self._download_id).source_id,
            size=size,
            prefix=prefix,
        )


def _stretches_of(file: FileIO) -> Iterator[memoryview]:
    room = memoryview(bytearray(BLOCK_SIZE))
    while size := file.readinto(room):
        yield room[:size]


def _blocks(data: memoryview, digest: Digest | None) -> Iterator[memoryview]:
    for start in range(0, len(data), BLOCK_SIZE):
        block = data[start : start + BLOCK_SIZE]
        if digest is not None:
            digest.update(block)
        yield block


def _write(handle: int, sealed: Iterable[memoryview]) -> bytes:
    """Write a sealed message, and return its salt and commitment."""
    prefix = b""
    for stretch in sealed:
        prefix = prefix or bytes(stretch[:PREFIX_SIZE])
        write_all(handle, stretch)
    return prefix


def _key_of(name: str) -> tuple[int, int] | None:
    found = _NAME.fullmatch(name)
    return (int(found[1]), int(found[2])) if found else None
