"""The journal of one job, ``job.db``.

Promises, in order of weight (security.md 3.3):

1. A row of ``piece`` is written after the bytes it stands for are durable; a
   row that is there can be relied on after any crash.
2. Which download this is, its id, its mode and its state are in clear: resume
   and deletion need no key (B25). URLs and transport keys are in the sealed
   record alone.
3. What is deleted is overwritten (``secure_delete``), and nothing is ever put
   into a temporary file.

One thread at a time uses a ``Journal``. Each method that writes is one
transaction, synchronous in full.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self

from vodseal.download.database import open_database, remove_database, transaction
from vodseal.download.job import Identity
from vodseal.errors import UnsupportedVersionError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from vodseal.download.folder import Folder

__all__ = ["FileFacts", "JobEntry", "JobState", "Journal", "StagedPiece"]

_DATABASE: Final = "job.db"
_SCHEMA_VERSION: Final = 2
_SCHEMA: Final = (
    """CREATE TABLE job (
        id INTEGER PRIMARY KEY CHECK (id = 0),
        vid TEXT NOT NULL,
        format TEXT NOT NULL,
        track_index INTEGER NOT NULL,
        download_id BLOB NOT NULL,
        secure INTEGER NOT NULL,
        state TEXT NOT NULL,
        record BLOB,
        total_size INTEGER,
        validator TEXT,
        head BLOB
    )""",
    """CREATE TABLE piece (
        sequence INTEGER NOT NULL,
        number INTEGER NOT NULL,
        source_id BLOB NOT NULL,
        size INTEGER NOT NULL,
        prefix BLOB NOT NULL,
        PRIMARY KEY (sequence, number)
    ) WITHOUT ROWID""",
    f"PRAGMA user_version = {_SCHEMA_VERSION}",
)
_TO_2: Final = ("ALTER TABLE job ADD COLUMN head BLOB", "PRAGMA user_version = 2")


class JobState(StrEnum):
    """How far a job is. The values are stored: never renamed, never reused."""

    DOWNLOADING = "downloading"
    """Some pieces are still to be fetched, or none was asked for yet."""

    STAGED = "staged"
    """Every piece is durable. What is left needs no network."""

    COMPLETED = "completed"
    """The file was read back and has its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEntry:
    """What is known of a job without any key."""

    identity: Identity
    download_id: bytes
    secure: bool
    state: JobState


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedPiece:
    """A row for a durable piece."""

    sequence: int
    number: int
    source_id: bytes
    size: int
    """Bytes as received, before sealing."""
    prefix: bytes
    """Salt and commitment of the attempt that is on disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What the server said about the one file of a ranges job."""

    total_size: int
    validator: str
    """Its strong ETag; empty when it has none."""


class Journal:
    """An open job.db. Close it, or use it as a context manager."""

    def __init__(self, connection: sqlite3.Connection, save_dir: str) -> None:
        self._connection = connection
        self._save_dir = save_dir

    @classmethod
    def open(cls, folder: Folder, save_dir: str, *, create: bool = False) -> Self:
        """Open the journal in a job folder, and make it there with ``create``.

        Raises:
            FileNotFoundError: There is none.
            UnsupportedVersionError: Written by a later version.
            sqlite3.Error: It is damaged, or cannot be written.
            OSError: It cannot be opened.
        """
        connection = open_database(folder, _DATABASE, create=create)
        try:
            _migrate(connection, create=create)
        except BaseException:
            connection.close()
            raise
        return cls(connection, save_dir)

    @staticmethod
    def remove(folder: Folder) -> None:
        """Remove a journal that is closed, or damaged."""
        remove_database(folder, _DATABASE)

    def entry(self) -> JobEntry | None:
        """Return the job; None when none was put in yet."""
        row = self._connection.execute(
            "SELECT vid, format, track_index, download_id, secure, state FROM job"
        ).fetchone()
        if row is None:
            return None
        identity = Identity(save_dir=self._save_dir, vid=row[0], format=row[1], index=row[2])
        return JobEntry(
            identity=identity, download_id=row[3], secure=bool(row[4]), state=JobState(row[5])
        )

    def begin(self, entry: JobEntry) -> None:
        """Put in a job, in the place of whatever was there."""
        identity = entry.identity
        with transaction(self._connection):
            self._connection.execute("DELETE FROM piece")
            self._connection.execute(
                "INSERT OR REPLACE INTO job"
                " (id, vid, format, track_index, download_id, secure, state)"
                " VALUES (0, ?, ?, ?, ?, ?, ?)",
                (
                    identity.vid,
                    identity.format,
                    identity.index,
                    entry.download_id,
                    entry.secure,
                    entry.state.value,
                ),
            )

    def set_state(self, state: JobState) -> None:
        """Store how far the job is."""
        with transaction(self._connection):
            self._connection.execute("UPDATE job SET state = ?", (state.value,))

    def record(self) -> bytes | None:
        """Return the sealed record of the job."""
        row = self._connection.execute("SELECT record FROM job").fetchone()
        return None if row is None else row[0]

    def set_record(self, sealed: bytes) -> None:
        """Store the sealed record of the job."""
        with transaction(self._connection):
            self._connection.execute("UPDATE job SET record = ?", (sealed,))

    def facts(self) -> FileFacts | None:
        """Return what the server said about the one file of a ranges job."""
        row = self._connection.execute("SELECT total_size, validator FROM job").fetchone()
        if row is None or row[0] is None:
            return None
        return FileFacts(total_size=row[0], validator=row[1] or "")

    def set_facts(self, facts: FileFacts) -> None:
        """Store what the server said about the one file of a ranges job."""
        with transaction(self._connection):
            self._connection.execute(
                "UPDATE job SET total_size = ?, validator = ?", (facts.total_size, facts.validator)
            )

    def pieces(self) -> list[StagedPiece]:
        """Return a row for each durable piece, in order."""
        rows = self._connection.execute(
            "SELECT sequence, number, source_id, size, prefix FROM piece ORDER BY 1, 2"
        )
        return [
            StagedPiece(
                sequence=row[0], number=row[1], source_id=row[2], size=row[3], prefix=row[4]
            )
            for row in rows
        ]

    def add_pieces(self, pieces: Iterable[StagedPiece]) -> None:
        """Store that pieces are durable; the caller has made them so."""
        with transaction(self._connection):
            self._connection.executemany(
                "INSERT OR REPLACE INTO piece VALUES (?, ?, ?, ?, ?)",
                [(p.sequence, p.number, p.source_id, p.size, p.prefix) for p in pieces],
            )

    def drop_pieces(self, keys: Iterable[tuple[int, int]]) -> None:
        """Forget pieces, and that the job had them all."""
        with transaction(self._connection):
            self._connection.executemany(
                "DELETE FROM piece WHERE sequence = ? AND number = ?", list(keys)
            )
            self._connection.execute(
                "UPDATE job SET state = ? WHERE state = ?",
                (JobState.DOWNLOADING.value, JobState.STAGED.value),
            )

    def restart(self) -> None:
        """Forget all pieces and what the server said: the file is another one now."""
        with transaction(self._connection):
            self._connection.execute("DELETE FROM piece")
            self._connection.execute(
                "UPDATE job SET total_size = NULL, validator = NULL, state = ?",
                (JobState.DOWNLOADING.value,),
            )

    def complete(self, head: bytes | None = None) -> None:
        """Store that the file has its name, and forget keys, URLs and pieces.

        ``head`` is what the sealed file begins and ends with, for a repair (``FileHead``).
        """
        with transaction(self._connection):
            self._connection.execute("DELETE FROM piece")
            self._connection.execute(
                "UPDATE job SET state = ?, record = NULL, head = ?",
                (JobState.COMPLETED.value, head),
            )

    def set_head(self, head: bytes) -> None:
        """Store the head of the finished file, which is another one now."""
        with transaction(self._connection):
            self._connection.execute("UPDATE job SET head = ?", (head,))

    def head(self) -> bytes | None:
        """Return what ``complete`` was given."""
        row = self._connection.execute("SELECT head FROM job").fetchone()
        return None if row is None else row[0]

    def close(self) -> None:
        """Close the database. Closing twice is harmless."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _migrate(connection: sqlite3.Connection, *, create: bool) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > _SCHEMA_VERSION:
        raise UnsupportedVersionError("the download was begun by a later version")
    if version == 0 and not create:
        raise FileNotFoundError(_DATABASE)
    steps = {0: _SCHEMA, 1: _TO_2}.get(version, ())
    if steps:
        with transaction(connection):
            for statement in steps:
                connection.execute(statement)
