"""What becomes of an item by what its run does. Pure: rows in, rows out.

A percent never goes back and never exceeds 100, whatever a later run says: what
was told once stays true for who listens, also when pieces have to be fetched again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from vodseal.sdk.manager.model import REMOVALS, Fact, Wish
from vodseal.sdk.progress import Progress

if TYPE_CHECKING:
    from vodseal.sdk.error_info import ErrorInfo
    from vodseal.sdk.manager.model import DownloadItem

__all__ = ["advanced", "completed", "failed", "idle", "started"]

_ALL: Final = 100


def started(item: DownloadItem, now: float) -> DownloadItem:
    """Return the item as its run begins."""
    return replace(item, fact=Fact.DOWNLOADING, error=None, started_at=item.started_at or now)


def advanced(item: DownloadItem, heard: Progress, *, processes: bool) -> DownloadItem:
    """Return the item as its run tells how far it is."""
    before = item.progress
    done = max(before.done_size, heard.done_size)
    total = heard.total_size if heard.total_size is not None else before.total_size
    progress = Progress(
        downloading=min(_ALL, max(before.downloading, heard.downloading)),
        processing=min(_ALL, max(before.processing, heard.processing)),
        done_size=done,
        total_size=None if total is None else max(total, done),
    )
    fact = Fact.PROCESSING if processes else Fact.DOWNLOADING
    return replace(item, progress=progress, fact=fact)


def completed(item: DownloadItem, file_name: str, now: float) -> DownloadItem:
    """Return the item as completed: its file has its name."""
    before = item.progress
    return replace(
        item,
        fact=Fact.COMPLETED,
        wish=item.wish if item.wish in REMOVALS else Wish.STOP,
        progress=Progress(
            downloading=_ALL,
            processing=_ALL,
            done_size=max(before.done_size, before.total_size or 0),
            total_size=before.total_size,
        ),
        error=None,
        file_name=file_name,
        finished_at=item.finished_at or now,
    )


def failed(item: DownloadItem, error: ErrorInfo) -> DownloadItem:
    """Return the item as failed. It does not run again before somebody wishes it."""
    wish = Wish.STOP if item.wish is Wish.RUN else item.wish
    return replace(item, fact=Fact.FAILED, wish=wish, error=error)


def idle(item: DownloadItem) -> DownloadItem:
    """Return the item as nothing runs for it."""
    return replace(item, fact=Fact.IDLE)
