"""``DownloadManager`` for asyncio.

Every call goes to the manager itself, on a thread of the loop's executor, because
each of them reads or writes the queue's store. A cancellation waits for the end of
the call, so that an edit is made or not made; the downloads are the queue's, and go
on until the queue is closed.
"""

from __future__ import annotations

import functools
import weakref
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

from vodseal.aio.provider import LoopProvider
from vodseal.aio.queue_events import QueueEvents
from vodseal.aio.watch import to_the_end
from vodseal.errors import MisuseError
from vodseal.sdk.manager.manager import DownloadManager

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Coroutine
    from types import TracebackType

    from vodseal.aio.provider import AsyncCredentialProvider
    from vodseal.clock import Clock
    from vodseal.sdk.manager.reconcile import QueueRules
    from vodseal.sdk.manager.runs import Downloader

__all__ = ["AsyncDownloadManager"]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_STEP_SECONDS = 0.5


def _awaited(
    method: Callable[Concatenate[DownloadManager, _P], _T],
) -> Callable[Concatenate[AsyncDownloadManager, _P], Coroutine[Any, Any, _T]]:
    """Return ``method`` of the manager as a coroutine function of its face."""

    @functools.wraps(method)
    async def call(face: AsyncDownloadManager, /, *values: _P.args, **named: _P.kwargs) -> _T:
        return await to_the_end(functools.partial(method, face.manager, *values, **named))

    return call


class AsyncDownloadManager:
    """A queue that runs while the ``async with`` block does; its calls are coroutines."""

    def __init__(
        self,
        save_dir: str | os.PathLike[str],
        *,
        rules: QueueRules | None = None,
        clock: Clock | None = None,
        make_downloader: Callable[[], Downloader] | None = None,
    ) -> None:
        """Open nothing yet. The arguments are those of ``DownloadManager``."""
        self._open = functools.partial(
            DownloadManager, save_dir, rules=rules, clock=clock, make_downloader=make_downloader
        )
        self._manager: DownloadManager | None = None
        self._providers: list[LoopProvider] = []
        self._events: weakref.WeakSet[QueueEvents] = weakref.WeakSet()

    add = _awaited(DownloadManager.add)
    pause = _awaited(DownloadManager.pause)
    pause_all = _awaited(DownloadManager.pause_all)
    resume = _awaited(DownloadManager.resume)
    resume_all = _awaited(DownloadManager.resume_all)
    resume_interrupted = _awaited(DownloadManager.resume_interrupted)
    stop = _awaited(DownloadManager.stop)
    stop_all = _awaited(DownloadManager.stop_all)
    remove = _awaited(DownloadManager.remove)
    remove_all = _awaited(DownloadManager.remove_all)
    reorder = _awaited(DownloadManager.reorder)
    set_priority = _awaited(DownloadManager.set_priority)
    set_window = _awaited(DownloadManager.set_window)
    set_item_rate = _awaited(DownloadManager.set_item_rate)
    note_watched = _awaited(DownloadManager.note_watched)
    item = _awaited(DownloadManager.item)
    items = _awaited(DownloadManager.items)
    groups = _awaited(DownloadManager.groups)
    history = _awaited(DownloadManager.history)
    estimate = _awaited(DownloadManager.estimate)
    update_source = _awaited(DownloadManager.update_source)
    move_store = _awaited(DownloadManager.move_store)

    @property
    def manager(self) -> DownloadManager:
        """The manager behind the face: rules, caps, listeners, and all that does not wait.

        Raises:
            MisuseError: The queue is not open.
        """
        if self._manager is None:
            raise MisuseError("the queue is open inside its `async with` block")
        return self._manager

    async def __aenter__(self) -> Self:
        """Open the queue. Nothing runs by itself (B34).

        Raises:
            DownloadError: As of ``DownloadManager``; ``QUEUE_IN_USE``: somebody runs it.
        """
        try:
            await to_the_end(self._begin)
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End what runs, keep what was fetched, and let go of the queue."""
        await self._end()

    def events(self) -> QueueEvents:
        """Return what happens in the queue: ``async with queue.events() as events``, then iterate.

        Raises:
            MisuseError: The queue is not open.
        """
        events = QueueEvents(self.manager)
        self._events.add(events)
        return events

    def set_credential_provider(self, provider: AsyncCredentialProvider | None) -> None:
        """As ``DownloadManager.set_credential_provider``, for a coroutine function.

        It runs on the loop that this is called on; closing the queue cancels it.

        Raises:
            MisuseError: The queue is not open, or no loop is running.
        """
        if provider is None:
            self.manager.set_credential_provider(None)
            return
        asked = LoopProvider(provider)
        asked.open()
        self.manager.set_credential_provider(asked)
        self._providers.append(asked)

    async def wait(self) -> None:
        """Wait until nothing runs or waits to run."""
        while not await to_the_end(functools.partial(self.manager.wait, _STEP_SECONDS)):
            pass

    def _begin(self) -> None:
        self._manager = self._open()

    async def _end(self) -> None:
        try:
            if self._manager is not None:
                await to_the_end(self._manager.close)
        finally:
            self._manager = None
            for provider in self._providers:
                provider.close()
            for events in tuple(self._events):
                events.finish()
