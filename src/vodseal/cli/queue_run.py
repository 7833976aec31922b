"""Runs a queue for ``vodseal queue run``: what happens becomes events and bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from vodseal.cli.terminal import error_object
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, OperatorError
from vodseal.sdk.manager.model import ItemState

if TYPE_CHECKING:
    from vodseal.cli.bars import Bars
    from vodseal.cli.interrupts import Interrupts
    from vodseal.cli.terminal import Terminal
    from vodseal.sdk.manager.manager import DownloadManager
    from vodseal.sdk.manager.model import DownloadItem

__all__ = ["QueueRun", "item_members"]

_LOOK_SECONDS: Final = 0.1
_UNDER_WAY: Final = frozenset({ItemState.DOWNLOADING, ItemState.PROCESSING})


def item_members(item: DownloadItem) -> dict[str, object]:
    """Return what is told of a download in a queue."""
    progress = item.progress
    told: dict[str, object] = {
        "id": item.id,
        "vid": item.vid,
        "track": item.index,
        "state": item.state.value,
        "percent": progress.downloading,
        "processing": progress.processing,
        "bytes": progress.done_size,
        "size": progress.total_size,
        "definition": item.definition,
        "title": item.title,
        "group": item.group,
        "priority": item.priority,
        "path": item.path,
    }
    if item.waits_for is not None:
        told["waits_for"] = item.waits_for.value
    return told | ({"error": _error_members(item)} if item.error else {})


class QueueRun:
    """The listener of one run, and the wait for its end."""

    def __init__(
        self,
        manager: DownloadManager,
        terminal: Terminal,
        bars: Bars,
        interrupts: Interrupts,
    ) -> None:
        """Begin to listen."""
        self._manager = manager
        self._terminal = terminal
        self._bars = bars
        self._interrupts = interrupts
        manager.add_listener(self)

    def run(self) -> None:
        """Return when nothing is left to do.

        Raises:
            OperatorError: ``CHECK_FAILED``: a download failed. ``INTERRUPTED``: Ctrl-C;
                what was fetched is kept, and the next run goes on.
        """
        self._manager.resume_interrupted()
        while not self._manager.wait(_LOOK_SECONDS):
            self._show()
            self._interrupts.check()
        items = self._manager.items()
        failed = [item for item in items if item.state is ItemState.FAILED]
        completed = sum(item.state is ItemState.COMPLETED for item in items)
        if failed:
            raise OperatorError(
                ErrorCode.CHECK_FAILED,
                f"{len(failed)} of {len(items)} downloads failed",
                remedy="See: vodseal queue list. Then: vodseal queue resume, vodseal queue run.",
            )
        self._terminal.event("finished", completed=completed, items=len(items))

    def on_progress(self, item: DownloadItem) -> None:
        """Tell how far a download is."""
        progress = item.progress
        if item.state is ItemState.PROCESSING:
            self._event("processing", item, percent=progress.processing)
        elif item.state is ItemState.DOWNLOADING:
            numbers = {"percent": progress.downloading, "bytes": progress.done_size}
            self._event("downloading", item, **numbers, speed=item.speed, eta=item.seconds_left)

    def on_state_changed(self, item: DownloadItem) -> None:
        """Tell where a download stands."""
        waits_for = item.waits_for.value if item.waits_for else None
        self._event("state", item, state=item.state.value, waits_for=waits_for)

    def on_completed(self, item: DownloadItem) -> None:
        """Tell where a finished file is."""
        self._event("completed", item, path=item.path)
        if not self._terminal.as_json:
            self._terminal.answer({}, item.path)

    def on_error(self, item: DownloadItem) -> None:
        """Tell why a download failed."""
        self._terminal.event("error", **(_error_members(item) | _named(item)))
        self._terminal.say(f"{item.title or item.vid}: {item.error}")

    def on_removed(self, item: DownloadItem) -> None:
        """Tell that a download is gone from the queue."""
        self._event("removed", item)

    def _event(self, name: str, item: DownloadItem, **members: object) -> None:
        self._terminal.event(name, **_named(item), **members)

    def _show(self) -> None:
        for item in self._manager.items():
            if item.state in _UNDER_WAY:
                label = f"{item.id} {item.title or item.vid}"
                self._bars.update(label, item.progress.done_size, item.progress.total_size)


def _named(item: DownloadItem) -> dict[str, object]:
    return {"id": item.id, "vid": item.vid, "track": item.index}


def _error_members(item: DownloadItem) -> dict[str, object]:
    """Return the error of a failed download, as any other error is told."""
    error = item.error
    if error is None:
        return {}
    told = error_object(DownloadError(error.code, error.message, request_id=error.request_id))
    del told["event"]
    return told
