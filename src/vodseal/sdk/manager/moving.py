"""A queue moves to another disk, with all that it has downloaded, and survives a crash on the way.

Copy, sync, switch, delete. Until the switch, the old folder is the queue, and what
lies in the new one is an unfinished copy, which the next attempt writes anew. The
switch is one note in the old queue: where it went. From then on the new folder is
the queue, and what is left in the old one is deleted, also by the next process
that opens it there. The note stays, so that an app which has not stored the new
place yet is led to it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vodseal.download.disk_errors import disk_error
from vodseal.download.files import (
    JOBS_FOLDER,
    PART_SUFFIX,
    STAGE_FOLDER,
    delete_download,
    find_job_folders,
    job_folder,
    locked,
)
from vodseal.download.folder import Folder, sync_file
from vodseal.download.job import Identity
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, MisuseError
from vodseal.sdk.manager.disk import free_size
from vodseal.sdk.manager.store import QUEUE_FOLDER, QueueStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vodseal.sdk.manager.model import DownloadItem

__all__ = ["move_queue", "open_queue"]

_COPY_SIZE: Final = 1 << 20
_FILE_MODE: Final = 0o600
_NOT_COPIED: Final = frozenset({"lock", "job.db-shm"})


def open_queue(save_dir: Path) -> QueueStore:
    """Open the queue in a folder, or where it was moved to, and end an interrupted move.

    Raises:
        DownloadError: As ``QueueStore``; ``FILE_NOT_EXIST``: it was moved to a
            folder that is not there, such as on a disk that is not plugged in.
        MisuseError: The folder holds the unfinished copy of a queue that is elsewhere.
    """
    store = QueueStore(save_dir)
    try:
        source, moved_to = store.arriving_from(), store.moved_to()
        if source is not None and _arrive(store, Path(source), returned=moved_to == source):
            return store
        if moved_to is None:
            return store
        _check_is_there(Path(moved_to))
    except BaseException:
        store.close()
        raise
    store.close()
    return open_queue(Path(moved_to))


def _arrive(store: QueueStore, source: Path, *, returned: bool) -> bool:
    """Return whether a queue that was being copied here is this one now; then end the move."""
    if not _has_queue(source):
        store.note_arrived()  # its disk is gone, and this copy is whole
        return True
    with QueueStore(source) as old:
        if old.moved_to() != str(store.save_dir):
            if returned:
                return False
            raise MisuseError(f"a copy of the queue in {source} was not finished; open that one")
        with old.hold_briefly() as held:
            if held:  # else somebody ends the move just now
                _delete_old(old, store)
    return True


def _check_is_there(moved_to: Path) -> None:
    if not _has_queue(moved_to):
        message = f"the queue was moved to {moved_to}, which is not there"
        raise DownloadError(ErrorCode.FILE_NOT_EXIST, message)


def _has_queue(save_dir: Path) -> bool:
    return (save_dir / JOBS_FOLDER / QUEUE_FOLDER).is_dir()


def move_queue(store: QueueStore, target: Path, *, reserve_size: int) -> QueueStore:
    """Return the queue in its new folder. The caller holds it, and nothing of it runs.

    Raises:
        MisuseError: The new folder holds a queue of its own, or is this one.
        DownloadError: NO_SPACE, WRITE_ERROR, or a task of another process is at
            work on a download (CLEAN_WRONG_STATUS). The queue is where it was.
    """
    target = target.absolute()
    if target.exists() and target.samefile(store.save_dir):
        raise MisuseError("the queue lies in this folder already")
    items = store.items()
    try:
        with QueueStore(target) as fresh:
            if fresh.items() and fresh.arriving_from() != str(store.save_dir):
                raise MisuseError("the folder holds a queue of its own")
            _check_room(store, target, reserve_size)
            for item in items:
                _copy_download(store.save_dir, target, item)
            fresh.take_over(items, source=str(store.save_dir))
        store.note_moved(str(target))
    except OSError as error:
        raise disk_error(error, deed="move the queue") from error
    moved = QueueStore(target)
    _delete_old(store, moved)
    return moved


def _delete_old(store: QueueStore, moved: QueueStore) -> None:
    """Delete from the old folder what has arrived in the new one. Doing it twice is harmless."""
    arrived = {item.id: item for item in moved.items()}
    for item in store.items():
        there = arrived.get(item.id)
        if there is None or (item.file_name and not Path(there.path).is_file()):
            continue
        for identity in _identities(store.save_dir, item):
            with contextlib.suppress(DownloadError):  # nothing there, or a player has it open
                delete_download(identity)
        store.forget(item.id)
    moved.note_arrived()


def _identities(save_dir: Path, item: DownloadItem) -> Iterator[Identity]:
    found = find_job_folders(str(save_dir), item.vid, item.index)
    for name in sorted({*found, item.format} - {""}):
        with contextlib.suppress(MisuseError):  # the folder of another vid
            yield Identity(save_dir=str(save_dir), vid=item.vid, format=name, index=item.index)


def _check_room(store: QueueStore, target: Path, reserve_size: int) -> None:
    free = free_size(target)
    size = sum(
        path.stat().st_size for item in store.items() for path in _paths(store.save_dir, item)
    )
    if free is not None and free - size < reserve_size:
        message = f"the other disk has no room for the {size} bytes of the queue"
        raise DownloadError(ErrorCode.NO_SPACE, message)


def _paths(save_dir: Path, item: DownloadItem) -> Iterator[Path]:
    """Yield every file of a download."""
    if item.file_name:
        yield save_dir / item.file_name
    for identity in _identities(save_dir, item):
        yield from (path for path in job_folder(identity).rglob("*") if path.is_file())


def _copy_download(source: Path, target: Path, item: DownloadItem) -> None:
    for identity in _identities(source, item):
        if not job_folder(identity).is_dir():
            continue
        with (
            Folder.open(job_folder(identity)) as job,
            locked(job),
            Folder.open(target / JOBS_FOLDER) as jobs,
            jobs.subfolder(identity.name, create=True) as copied,
        ):
            _copy_files(job, copied)
            if (job.path / STAGE_FOLDER).is_dir():
                with (
                    job.subfolder(STAGE_FOLDER) as stage,
                    copied.subfolder(STAGE_FOLDER, create=True) as copied_stage,
                ):
                    _copy_files(stage, copied_stage)
    if item.file_name and (source / item.file_name).is_file():
        with Folder.open(source, follow=True) as old, Folder.open(target, follow=True) as new:
            _copy_file(old, new, item.file_name)
            new.sync()


def _copy_files(source: Folder, target: Folder) -> None:
    names = [name for name in source.names() if name not in _NOT_COPIED]
    for name in target.names():
        if name not in _NOT_COPIED and target.size(name) is not None:
            target.remove(name)
    for name in names:
        if source.size(name) is not None:
            _copy_file(source, target, name)
    target.sync()


def _copy_file(source: Folder, target: Folder, name: str) -> None:
    """Copy a file under another name first: what has its name is whole."""
    part = name + PART_SUFFIX
    target.remove(part)
    with (
        os.fdopen(source.open_to_read(name), "rb", buffering=0) as old,
        os.fdopen(target.create(part), "wb", buffering=0) as new,
    ):
        shutil.copyfileobj(old, new, _COPY_SIZE)
        sync_file(new.fileno())
    target.rename(part, name)
