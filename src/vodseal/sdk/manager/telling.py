"""Who hears what happens in a queue.

A listener is an object; all its methods are optional, and each gets the item as it
is now. What happened is read off the rows, by comparing them with those that were
told last: an edit by another process is told like one of our own, and what was
told was stored before. States that were passed through quickly may be left out;
the end of a download never is.
"""

from __future__ import annotations

import threading
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from vodseal.sdk.manager.model import ItemState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from vodseal.sdk.manager.model import DownloadItem

__all__ = ["QueueEvent", "QueueListeners", "changes"]


class QueueEvent(StrEnum):
    """What a listener can hear. The values are its methods."""

    ADDED = "on_added"
    PROGRESS = "on_progress"
    STATE_CHANGED = "on_state_changed"
    COMPLETED = "on_completed"
    ERROR = "on_error"
    REMOVED = "on_removed"


_ENDS = {ItemState.COMPLETED: QueueEvent.COMPLETED, ItemState.FAILED: QueueEvent.ERROR}


def changes(
    before: Iterable[DownloadItem], after: Iterable[DownloadItem]
) -> Iterator[tuple[QueueEvent, DownloadItem]]:
    """Yield what happened between two looks at a queue, in an order that makes sense."""
    told = {item.id: item for item in before}
    for item in after:
        was = told.pop(item.id, None)
        if was is None:
            yield QueueEvent.ADDED, item
            yield QueueEvent.STATE_CHANGED, item
            if item.state in _ENDS:
                yield _ENDS[item.state], item
            continue
        if item.progress != was.progress:
            yield QueueEvent.PROGRESS, item
        if (item.state, item.waits_for) != (was.state, was.waits_for):
            yield QueueEvent.STATE_CHANGED, item
        if item.state is not was.state and item.state in _ENDS:
            yield _ENDS[item.state], item
    for item in told.values():
        yield QueueEvent.REMOVED, item


class QueueListeners:
    """Any number of listeners, told in the order in which they were added."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[object] = []

    def add(self, listener: object) -> None:
        """Tell ``listener`` from now on; once, however often it is added."""
        with self._lock:
            if not any(one is listener for one in self._listeners):
                self._listeners.append(listener)

    def remove(self, listener: object) -> None:
        """Tell ``listener`` nothing more."""
        with self._lock:
            self._listeners = [one for one in self._listeners if one is not listener]

    def calls(self, event: QueueEvent, item: DownloadItem) -> list[Callable[[], object]]:
        """Return the calls that tell of ``event``, one for each that listens to it."""
        with self._lock:
            methods = [getattr(one, event.value, None) for one in self._listeners]
        return [partial(method, item) for method in methods if method is not None]
