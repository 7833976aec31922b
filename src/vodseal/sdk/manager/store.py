"""A queue on disk: ``SAVE/.vseal/queue/queue.db``, in the folder of its files.

Promises, in order of weight:

1. What a method wrote is durable when it returns. Each is one transaction, so a
   crash leaves all of it or nothing.
2. Bytes first, bookkeeping second: a download is stored as completed after its
   file has its name. What lies on disk is the truth, and a new process asks it.
3. Nothing stored is an absolute path, and nothing is a credential: the folder may
   be moved, and read by who may list a queue.
4. Any process may read and edit a queue; one alone runs it, and holds its lock.

Threads may share a store.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from vodseal.download.database import open_database, transaction
from vodseal.download.disk_errors import disk_error
from vodseal.download.files import JOBS_FOLDER, locked
from vodseal.download.folder import Folder
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError
from vodseal.sdk.manager.model import WISHES, Edit, Fact, Wish
from vodseal.sdk.manager.schema import COLUMNS, item_of, migrate, values_of
from vodseal.vault.folder_lock import FolderLock

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator

    from vodseal.sdk.manager.model import DownloadItem

__all__ = ["QUEUE_FOLDER", "QueueStore"]

QUEUE_FOLDER: Final = "queue"
_DATABASE: Final = "queue.db"
_OPENING: Final = "opening"
_SAVE_DIR_MODE: Final = 0o777
_MOVED: Final = "moved"

_NAMES: Final = ", ".join(COLUMNS)
_MARKS: Final = ", ".join("?" * len(COLUMNS))
_ASSIGNMENTS: Final = ", ".join(f"{name} = ?" for name in COLUMNS)


class QueueStore:
    """An open queue. Close it, or use it as a context manager."""

    def __init__(self, save_dir: str | os.PathLike[str]) -> None:
        """Open the queue in ``save_dir``; make what is missing.

        Raises:
            DownloadError: The folder cannot be made or opened
                (CANNOT_CREATE_SAVE_DIR), for lack of space (NO_SPACE).
            UnsupportedVersionError: A later version wrote the queue.
        """
        self.save_dir: Final = Path(save_dir).absolute()
        self._lock = threading.RLock()
        self._stack = ExitStack()
        self._running = ExitStack()
        self._seen: tuple[int, int] | None = None
        self._items: tuple[DownloadItem, ...] = ()
        try:
            self._open()
        except (OSError, sqlite3.Error) as error:
            self._stack.close()
            code = ErrorCode.CANNOT_CREATE_SAVE_DIR
            raise disk_error(error, code, "open the queue") from error

    def _open(self) -> None:
        with (
            Folder.open(self.save_dir, create=True, mode=_SAVE_DIR_MODE, follow=True) as save,
            save.subfolder(JOBS_FOLDER, create=True) as jobs,
        ):
            self._folder = jobs.subfolder(QUEUE_FOLDER, create=True)
        self._stack.callback(self._folder.close)
        with FolderLock(self._folder.path / _OPENING):  # two cannot enter WAL at once
            self._connection = open_database(self._folder, _DATABASE, create=True)
            self._stack.callback(self._connection.close)
            self._connection.row_factory = sqlite3.Row
            migrate(self._connection)

    def hold(self) -> None:
        """Be the one who runs this queue, until ``close`` or ``let_go``.

        Raises:
            DownloadError: ``QUEUE_IN_USE``: another process, or object, does.
        """
        try:
            self._running.enter_context(locked(self._folder))
        except DownloadError as error:
            raise DownloadError(
                ErrorCode.QUEUE_IN_USE, "another process runs this queue"
            ) from error

    def let_go(self) -> None:
        """Run this queue no more."""
        self._running.close()

    def items(self) -> tuple[DownloadItem, ...]:
        """Return all downloads, by priority and position."""
        with self._reading() as connection:
            version: int = connection.execute("PRAGMA data_version").fetchone()[0]
            seen = (version, connection.total_changes)
            if seen != self._seen:
                rows = connection.execute(
                    f"SELECT {_NAMES} FROM item ORDER BY priority DESC, position, id"  # noqa: S608 - names of ours
                ).fetchall()
                self._items = tuple(item_of(row, self.save_dir) for row in rows)
                self._seen = seen
            return self._items

    def item(self, item_id: int) -> DownloadItem | None:
        """Return a download, or None."""
        return next((item for item in self.items() if item.id == item_id), None)

    def add(self, item: DownloadItem) -> tuple[DownloadItem, bool]:
        """Put a download at the end; return it, and whether it is new.

        A download of the same track that is completed is returned as it is.

        Raises:
            DownloadError: ``ALREADY_QUEUED``: of the same track, not completed (B35).
        """
        with self._writing() as connection:
            for known in self.items():
                if (known.vid, known.index) != (item.vid, item.index):
                    continue
                if known.fact is not Fact.COMPLETED or known.wish is not Wish.STOP:
                    raise DownloadError(
                        ErrorCode.ALREADY_QUEUED,
                        f"track {item.index} of {item.vid} is in the queue already",
                    )
                return known, False
            fresh = replace(item, id=0, position=self._end())
            cursor = connection.execute(
                f"INSERT INTO item ({_NAMES}) VALUES ({_MARKS})",  # noqa: S608 - names of ours
                values_of(fresh),
            )
            return replace(fresh, id=cursor.lastrowid or 0), True

    def ask(self, edit: Edit, item_ids: Iterable[int] | None = None) -> None:
        """Change what is wished of some downloads, or of all; unknown ids are passed over."""
        with self._writing():
            wanted = None if item_ids is None else set(item_ids)
            end = self._end()
            for item in self.items():
                wish = WISHES[item.wish].get(edit)
                if wish is None or (wanted is not None and item.id not in wanted):
                    continue
                if item.fact is Fact.COMPLETED and edit not in {Edit.REMOVE, Edit.ERASE}:
                    continue
                if item.wish is Wish.STOP and wish is Wish.RUN:
                    item, end = replace(item, position=end), end + 1  # noqa: PLW2901 - joins anew
                self._put(replace(item, wish=wish))

    def change(self, item_id: int, **values: object) -> DownloadItem | None:
        """Change fields of a download; return it, or None when there is none."""
        with self._writing():
            item = self.item(item_id)
            if item is None:
                return None
            changed: DownloadItem = replace(item, **values)  # type: ignore[arg-type]
            self._put(changed)
            return changed

    def change_all(self, changed: Iterable[DownloadItem]) -> None:
        """Store what the runner found out, and nothing that others may have edited meanwhile."""
        with self._writing():
            for item in changed:
                found = {"fact": item.fact, "progress": item.progress}
                self.change(item.id, **found)

    def move(self, item_id: int, *, before: int | None) -> None:
        """Put a download before another of the same priority, or at the end of them."""
        with self._writing() as connection:
            moved = self.item(item_id)
            target = None if before is None else self.item(before)
            if moved is None or before == item_id:
                return
            if target is None or target.priority != moved.priority:
                self._put(replace(moved, position=self._end()))
                return
            connection.execute(
                "UPDATE item SET position = position + 1 WHERE position >= ?", (target.position,)
            )
            self._put(replace(moved, position=target.position))

    def forget(self, item_id: int) -> None:
        """Drop a download from the queue; its files are not looked at."""
        with self._writing() as connection:
            connection.execute("DELETE FROM item WHERE id = ?", (item_id,))

    def moved_to(self) -> str | None:
        """Return the folder that the queue was moved to; None when it is here."""
        with self._reading() as connection:
            row = connection.execute("SELECT value FROM note WHERE name = ?", (_MOVED,)).fetchone()
            return None if row is None else str(row[0])

    def note_moved(self, save_dir: str | None) -> None:
        """Note where the queue was moved to; None when it is here."""
        with self._writing() as connection:
            connection.execute("DELETE FROM note WHERE name = ?", (_MOVED,))
            if save_dir is not None:
                connection.execute("INSERT INTO note VALUES (?, ?)", (_MOVED, save_dir))

    def close(self) -> None:
        """Let go of everything. Closing twice is harmless."""
        with self._lock:
            self._running.close()
            self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _end(self) -> int:
        return max((item.position for item in self.items()), default=0) + 1

    def _put(self, item: DownloadItem) -> None:
        self._connection.execute(
            f"UPDATE item SET {_ASSIGNMENTS} WHERE id = ?",  # noqa: S608 - names of ours
            (*values_of(item), item.id),
        )

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock:
                yield self._connection
        except (OSError, sqlite3.Error) as error:
            raise disk_error(error, deed="use the queue") from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection inside a transaction; inside another one, inside that."""
        with self._reading() as connection:
            if connection.in_transaction:
                yield connection
            else:
                with transaction(connection):
                    yield connection
