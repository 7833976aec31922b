"""A SQLite file in a folder of ours: durable on return, private, nothing left of what is deleted.

Whatever is committed survives a power cut (WAL with ``synchronous`` in full, EXTRA
where WAL cannot be had). What is deleted is overwritten, and nothing is ever put
into a temporary file.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vodseal.download.folder import Folder

__all__ = ["open_database", "remove_database", "transaction"]

_BUSY_TIMEOUT: Final = 10.0
_COMPANIONS: Final = ("-wal", "-shm", "-journal")


def open_database(folder: Folder, name: str, *, create: bool = False) -> sqlite3.Connection:
    """Open a database in ``folder``, and make its file there with ``create``.

    Transactions are begun by ``transaction`` alone; the caller sees to it that one
    thread at a time uses the connection.

    Raises:
        FileNotFoundError: There is none.
        sqlite3.Error: It is damaged, or cannot be written.
        OSError: It cannot be opened.
    """
    os.close(folder.open_or_create(name) if create else folder.open_to_read(name))
    address = f"{(folder.path / name).absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(
        address, uri=True, isolation_level=None, timeout=_BUSY_TIMEOUT, check_same_thread=False
    )
    try:
        _configure(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def remove_database(folder: Folder, name: str) -> None:
    """Remove a database that is closed, or damaged."""
    for companion in (*_COMPANIONS, ""):
        folder.remove(name + companion)


def _configure(connection: sqlite3.Connection) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    level = "FULL" if mode == "wal" else "EXTRA"  # no shared memory, as on a network disk
    connection.execute(f"PRAGMA synchronous = {level}")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    if sys.platform == "darwin":
        connection.execute("PRAGMA fullfsync = ON")
        connection.execute("PRAGMA checkpoint_fullfsync = ON")


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what is done inside, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk may have ended the transaction already.
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute("ROLLBACK")
        raise
