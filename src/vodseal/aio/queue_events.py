"""What happens in a queue, as an async iterator.

Of the progress of a download only the newest is kept for a task that is slow; of
everything else nothing is left out, and the order is that of the listeners.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Self

from vodseal.sdk.manager.telling import QueueEvent

if TYPE_CHECKING:
    from types import TracebackType

    from vodseal.sdk.manager.manager import DownloadManager
    from vodseal.sdk.manager.model import DownloadItem

__all__ = ["QueueChange", "QueueEvents"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueChange:
    """Something that happened to a download in a queue."""

    event: QueueEvent
    item: DownloadItem
    """As it is since then."""


class QueueEvents:
    """The changes of a queue while the block runs; ends when the queue is closed."""

    def __init__(self, manager: DownloadManager) -> None:
        """Hear nothing yet."""
        self._manager = manager
        self._loop = asyncio.get_running_loop()
        self._listener = SimpleNamespace(
            **{event.value: partial(self._hear, event) for event in QueueEvent}
        )
        self._numbers = itertools.count()
        self._pending: dict[tuple[str, int], QueueChange] = {}
        self._changed = asyncio.Event()
        self._is_over = False

    async def __aenter__(self) -> Self:
        """Hear from now on."""
        self._manager.add_listener(self._listener)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hear nothing more."""
        self.finish()

    def __aiter__(self) -> Self:
        """Return itself."""
        return self

    async def __anext__(self) -> QueueChange:
        """Return the next change; wait for it."""
        while not self._pending:
            if self._is_over:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        return self._pending.pop(next(iter(self._pending)))

    def finish(self) -> None:
        """Hear nothing more; what was heard is still given out."""
        self._manager.remove_listener(self._listener)
        self._is_over = True
        self._changed.set()

    def _hear(self, event: QueueEvent, item: DownloadItem) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._take, QueueChange(event=event, item=item))

    def _take(self, change: QueueChange) -> None:
        if self._is_over:
            return
        is_progress = change.event is QueueEvent.PROGRESS
        key = ("progress", change.item.id) if is_progress else ("", next(self._numbers))
        self._pending.pop(key, None)
        self._pending[key] = change
        self._changed.set()
