"""The rows of a vault: what they are, and how they lie sealed in its database.

A value is sealed under the state key with its kind and id as the context, so that
a row that was moved under another id, or to another device, does not open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from vodseal.container.cobblestone import open_message, seal_message
from vodseal.errors import UnsupportedVersionError

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Change", "Kind", "apply_change", "prepare_schema", "read_row"]

_SCHEMA_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS sealed (
    kind TEXT NOT NULL,
    download_id BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (kind, download_id)
) WITHOUT ROWID
"""


class Kind(StrEnum):
    """What a row is. The values are stored, and are part of the seal's context."""

    LICENSE = "license"
    SECRET = "secret"  # noqa: S105 - a kind of row
    CERTIFICATE = "certificate"
    """The device's, by the serial of the security file that it was enrolled with."""
    PLAY = "play"
    """When the download was first played."""
    RECEIPT = "receipt"
    """What tells the service that the license was given up, until it was told."""
    CLOCK = "clock"
    """What the device remembers of time; one row, without an id."""
    GENERATION = "generation"
    """The number that has to be that of the key store's anchor; one row, without an id."""
    REVOCATIONS = "revocations"
    """The service's list of what is revoked, in its envelope; one row, without an id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One row written, or deleted when there is no value."""

    kind: Kind
    row_id: bytes = b""
    value: bytes | None = field(default=None, repr=False)


def prepare_schema(database: sqlite3.Connection) -> None:
    """Create the table of a new database.

    Raises:
        UnsupportedVersionError: A later version wrote it.
    """
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    if version > _SCHEMA_VERSION:
        raise UnsupportedVersionError(
            "the vault was written by a later version of vodseal", remedy="Update the app."
        )
    if version < _SCHEMA_VERSION:
        database.execute(_SCHEMA)
        database.execute(f"PRAGMA user_version={_SCHEMA_VERSION}")


def apply_change(database: sqlite3.Connection, change: Change, state_key: bytes) -> None:
    """Write or delete one row, inside the caller's transaction."""
    if change.value is None:
        database.execute(
            "DELETE FROM sealed WHERE kind = ? AND download_id = ?",
            (change.kind.value, change.row_id),
        )
        return
    sealed = seal_message(state_key, _context(change.kind, change.row_id), change.value)
    database.execute(
        "INSERT OR REPLACE INTO sealed (kind, download_id, value) VALUES (?, ?, ?)",
        (change.kind.value, change.row_id, sealed),
    )


def read_row(
    database: sqlite3.Connection, kind: Kind, row_id: bytes, state_key: bytes
) -> bytes | None:
    """Return the value of a row, or None.

    Raises:
        TamperedError: The row was altered, or belongs to another device.
    """
    row = database.execute(
        "SELECT value FROM sealed WHERE kind = ? AND download_id = ?", (kind.value, row_id)
    ).fetchone()
    return None if row is None else open_message(state_key, _context(kind, row_id), row[0])


def _context(kind: Kind, download_id: bytes) -> bytes:
    return b"vodseal1/vault\0" + kind.encode() + b"\0" + download_id
