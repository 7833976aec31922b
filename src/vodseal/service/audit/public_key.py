"""The key that a data folder's audit log is signed with, as its database tells it."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vodseal.errors import AuditLogError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["stored_public_key"]


def stored_public_key(database: Path) -> Ed25519PublicKey:
    """Return it. Whoever writes the database can replace it: keep a copy of it elsewhere.

    Raises:
        AuditLogError: There is no database, or no such key in it.
    """
    query = "SELECT public_key FROM service_keys WHERE name = 'audit'"
    try:
        with contextlib.closing(
            sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
        ) as connection:
            row = connection.execute(query).fetchone()
    except sqlite3.Error as error:
        raise AuditLogError(f"{database} cannot be read: {error}") from error
    if row is None:
        raise AuditLogError(f"{database} holds no audit key")
    return Ed25519PublicKey.from_public_bytes(row[0])
