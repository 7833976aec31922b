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
from contextlib import AbstractContextManager, ExitStack, contextmanager
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
    from collections.abc import Callable, Iterable, Iterator

    from vodseal.sdk.manager.model import DownloadItem

__all__ = ["QUEUE_FOLDER", "QueueStore"]

QUEUE_FOLDER: Final = "queue"
_DATABASE: Final = "queue.db"
_OPENING: Final = "opening"
_EDITING: Final = "editing"
_SAVE_DIR_MODE: Final = 0o777
_MOVED: Final = "moved"
_ARRIVING: Final = "arriving"

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
        with self._alone():  # who holds it briefly does not count
            self._hold()

    @contextmanager
    def hold_briefly(self) -> Iterator[bool]:
        """Hold this queue for the block, where nobody runs it; yield whether it is so."""
        with self._alone():
            try:
                self._hold()
            except DownloadError:
                yield False
                return
            try:
                yield True
            finally:
                self.let_go()

    def let_go(self) -> None:
        """Run this queue no more."""
        self._running.close()

    def _alone(self) -> FolderLock:
        return FolderLock(self._folder.path / _EDITING)

    def _hold(self) -> None:
        try:
            self._running.enter_context(locked(self._folder))
        except DownloadError as error:
            message = "another process runs this queue"
            raise DownloadError(ErrorCode.QUEUE_IN_USE, message) from error

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

    def update(self, item_id: int, change: Callable[[DownloadItem], DownloadItem]) -> bool:
        """Store what ``change`` makes of a download as it is now; tell whether there is one."""
        with self._writing():
            item = self.item(item_id)
            if item is not None:
                self._put(change(item))
            return item is not None

    def together(self) -> AbstractContextManager[object]:
        """Make what is written inside one transaction."""
        return self._writing()

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
        return self._note(_MOVED)

    def note_moved(self, save_dir: str) -> None:
        """Store where the queue was moved to."""
        with self._writing() as connection:
            connection.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (_MOVED, save_dir))

    def arriving_from(self) -> str | None:
        """Return the folder whose queue is being copied here; None when there is none."""
        return self._note(_ARRIVING)

    def take_over(self, items: Iterable[DownloadItem], *, source: str) -> None:
        """Hold the downloads of another queue, in the place of what is here, and say from where."""
        with self._writing() as connection:
            connection.execute("DELETE FROM item")
            connection.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (_ARRIVING, source))
            connection.executemany(
                f"INSERT INTO item ({_NAMES}) VALUES ({_MARKS})",  # noqa: S608 - names of ours
                [values_of(item) for item in items],
            )

    def note_arrived(self) -> None:
        """Store that this is the queue now."""
        with self._writing() as connection:
            connection.execute("DELETE FROM note")

    def _note(self, name: str) -> str | None:
        with self._reading() as connection:
            row = connection.execute("SELECT value FROM note WHERE name = ?", (name,)).fetchone()
            return None if row is None else str(row[0])

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
                return
            try:
                with transaction(connection):
                    yield connection
            except BaseException:
                self._seen = None  # what was read inside did not come to pass
                raise
