"""What lies on disk of a download in a queue. The disk is the truth; rows follow it."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vodseal.download.files import final_name, find_job_folders
from vodseal.download.index import JobStore
from vodseal.download.journal import JobState
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, VodsealError
from vodseal.sdk.error_info import error_info
from vodseal.sdk.manager.model import UNDER_WAY, Fact, Wish
from vodseal.sdk.manager.outcome import completed, failed, idle
from vodseal.sdk.progress import Progress
from vodseal.sdk.stored_download import DeleteResult, delete_by_identity

if TYPE_CHECKING:
    from collections.abc import Container

    from vodseal.sdk.manager.model import DownloadItem
    from vodseal.sdk.manager.store import QueueStore

__all__ = ["erase", "free_size", "from_disk", "is_lost", "settle"]


def from_disk(save_dir: Path, item: DownloadItem, now: float) -> DownloadItem | None:
    """Return the item as completed, when its finished file is there; None otherwise."""
    try:
        entry = JobStore.find(str(save_dir), item.vid, item.index)
    except VodsealError:  # what cannot be read is not finished; a run will say why
        return None
    if entry is None or entry.state is not JobState.COMPLETED:
        return None
    name = final_name(entry.identity, secure=entry.secure)
    return completed(replace(item, format=entry.identity.format), name, now)


def is_lost(item: DownloadItem) -> bool:
    """Return whether an item is completed, and its file is gone."""
    return item.fact is Fact.COMPLETED and not Path(item.path).is_file()


def settle(store: QueueStore, running: Container[int], now: float, *, files: bool = False) -> None:
    """Put right what rows say is under way and is not; with ``files``, also what is finished."""
    for item in store.items():
        if item.fact in UNDER_WAY and item.id not in running:
            store.update(item.id, lambda one: from_disk(store.save_dir, one, now) or idle(one))
        elif files and is_lost(item):
            store.update(item.id, _lost)


def _lost(item: DownloadItem) -> DownloadItem:
    error = error_info(DownloadError(ErrorCode.FILE_NOT_EXIST, "the finished file is gone"))
    anew = Progress(total_size=item.progress.total_size)
    return failed(replace(item, file_name="", progress=anew), error)


def erase(store: QueueStore, item: DownloadItem) -> None:
    """Delete the files of a download, then forget it; when that fails, it stays, as failed."""
    save_dir = str(store.save_dir)
    formats = set(find_job_folders(save_dir, item.vid, item.index)) | {item.format} - {""}
    results = [delete_by_identity(save_dir, item.vid, one, item.index) for one in sorted(formats)]
    kept = [one for one in results if one not in {DeleteResult.OK, DeleteResult.NOT_EXIST}]
    if not kept:
        store.forget(item.id)
        return
    code = kept[0].code or ErrorCode.WRITE_ERROR
    error = error_info(DownloadError(code, "the files could not be deleted"))
    store.update(item.id, lambda one: replace(failed(one, error), wish=Wish.STOP))


def free_size(folder: Path) -> int | None:
    """Return the bytes that are free on the disk of a folder; None when nobody can tell."""
    with contextlib.suppress(OSError):
        return shutil.disk_usage(folder).free
    return None
