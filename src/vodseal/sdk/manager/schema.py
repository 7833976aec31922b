"""The tables of ``queue.db``, and how a row becomes a ``DownloadItem`` and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from vodseal.download.database import transaction
from vodseal.error_codes import REMEDIES, ErrorCode
from vodseal.errors import UnsupportedVersionError
from vodseal.sdk.error_info import ErrorInfo
from vodseal.sdk.manager.model import DownloadItem, Fact, TimeWindow, Wish
from vodseal.sdk.progress import Progress

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

__all__ = ["COLUMNS", "item_of", "migrate", "values_of"]

_SCHEMA_VERSION: Final = 1

COLUMNS: Final = (
    "id", "vid", "track_index", "format", "definition", "title", "group_name",
    "priority", "position", "wish", "fact", "downloading", "processing", "done_size", "total_size",
    "error_code", "error_message", "error_request_id", "error_extra",
    "file_name", "time_window", "bytes_per_second", "added_at", "started_at", "finished_at",
    "watched_position_ms", "watched_at",
)  # fmt: skip
"""In the order of ``values_of``."""

_SCHEMA: Final = (
    """CREATE TABLE item (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        vid TEXT NOT NULL,
        track_index INTEGER NOT NULL,
        format TEXT NOT NULL,
        definition TEXT NOT NULL,
        title TEXT NOT NULL,
        group_name TEXT NOT NULL,
        priority INTEGER NOT NULL,
        position INTEGER NOT NULL,
        wish TEXT NOT NULL,
        fact TEXT NOT NULL,
        downloading INTEGER NOT NULL,
        processing INTEGER NOT NULL,
        done_size INTEGER NOT NULL,
        total_size INTEGER,
        error_code INTEGER,
        error_message TEXT NOT NULL,
        error_request_id TEXT NOT NULL,
        error_extra TEXT NOT NULL,
        file_name TEXT NOT NULL,
        time_window TEXT,
        bytes_per_second INTEGER,
        added_at REAL NOT NULL,
        started_at REAL,
        finished_at REAL,
        watched_position_ms INTEGER NOT NULL,
        watched_at REAL,
        UNIQUE (vid, track_index)
    )""",
    "CREATE TABLE note (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    f"PRAGMA user_version = {_SCHEMA_VERSION}",
)


def migrate(connection: sqlite3.Connection) -> None:
    """Make the tables of a new queue.

    Raises:
        UnsupportedVersionError: A later version wrote it.
    """
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > _SCHEMA_VERSION:
        raise UnsupportedVersionError("the queue was written by a later version")
    if version == 0:
        with transaction(connection):
            for statement in _SCHEMA:
                connection.execute(statement)


def values_of(item: DownloadItem) -> tuple[object, ...]:
    """Return what is stored of an item; what it is only now, such as its speed, is not."""
    progress, error = item.progress, item.error
    return (
        *(item.id or None, item.vid, item.index, item.format, item.definition, item.title),
        *(item.group, item.priority, item.position, item.wish.value, item.fact.value),
        *(progress.downloading, progress.processing, progress.done_size, progress.total_size),
        *(int(error.code) if error else None, error.message if error else ""),
        *(error.request_id if error else "", error.extra if error else "", item.file_name),
        *(str(item.window) if item.window else None, item.bytes_per_second, item.added_at),
        *(item.started_at, item.finished_at, item.watched_position_ms, item.watched_at),
    )


def item_of(row: sqlite3.Row, folder: Path) -> DownloadItem:
    """Return the item of a row, whose file lies in ``folder``."""
    return DownloadItem(
        id=row["id"],
        vid=row["vid"],
        index=row["track_index"],
        format=row["format"],
        definition=row["definition"],
        title=row["title"],
        group=row["group_name"],
        priority=row["priority"],
        position=row["position"],
        wish=Wish(row["wish"]),
        fact=Fact(row["fact"]),
        progress=Progress(
            downloading=row["downloading"],
            processing=row["processing"],
            done_size=row["done_size"],
            total_size=row["total_size"],
        ),
        error=_error(row),
        file_name=row["file_name"],
        path=str(folder / row["file_name"]) if row["file_name"] else "",
        window=TimeWindow.parse(row["time_window"]) if row["time_window"] else None,
        bytes_per_second=row["bytes_per_second"],
        added_at=row["added_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        watched_position_ms=row["watched_position_ms"],
        watched_at=row["watched_at"],
    )


def _error(row: sqlite3.Row) -> ErrorInfo | None:
    if row["error_code"] is None:
        return None
    known = row["error_code"] in set(ErrorCode)
    code = ErrorCode(row["error_code"]) if known else ErrorCode.UNKNOWN_ERROR
    return ErrorInfo(
        code=code,
        name=code.name,
        message=row["error_message"],
        remedy=REMEDIES.get(code, ""),
        request_id=row["error_request_id"],
        extra=row["error_extra"],
    )
