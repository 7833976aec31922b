"""The thread of a queue: looks again and again, and tells what changed.

It looks when it is woken, and twice a second besides: for edits by other processes,
for the disk, the network and the time of day. It keeps the process alive while
downloads run or wait; once the app's main thread has ended and nothing is left to
do, it ends by itself.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from vodseal.clock import SystemClock
from vodseal.sdk.manager.model import ItemState
from vodseal.sdk.manager.telling import changes

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.sdk.dispatcher import Channel
    from vodseal.sdk.manager.model import DownloadItem
    from vodseal.sdk.manager.runner import QueueRunner
    from vodseal.sdk.manager.telling import QueueListeners
    from vodseal.sdk.sources import Source

__all__ = ["QueueLoop"]

_log = logging.getLogger(__name__)

_TICK_SECONDS: Final = 0.5
_ACTIVE: Final = frozenset(
    {ItemState.WAITING, ItemState.DOWNLOADING, ItemState.PROCESSING, ItemState.REMOVING}
)


class QueueLoop:
    """A thread that runs a queue until ``end``."""

    def __init__(
        self,
        runner: QueueRunner,
        wake: threading.Event,
        listeners: QueueListeners,
        channel: Channel,
    ) -> None:
        """Begin to look. What is there already is not told."""
        self._runner = runner
        self._wake = wake
        self._listeners = listeners
        self._channel = channel
        self._looked = threading.Condition()
        self._is_idle = False
        self._is_ending = False
        self._told = runner.view()
        self._thread = threading.Thread(target=self._main, name="vodseal-queue")
        self._thread.start()

    def view(self) -> tuple[DownloadItem, ...]:
        """Return all downloads as they are now."""
        return self._runner.view()

    def update_source(self, item: DownloadItem, source: Source) -> None:
        """Use ``source`` for a download from now on."""
        self._runner.update_source(item, source)

    def refresh(self) -> None:
        """Have it look again, now."""
        self._wake.set()

    def wait(self, timeout: float | None) -> bool:
        """Wait until nothing runs or waits to run, and all of it was told; tell whether."""
        clock = SystemClock()  # a test's clock may stand still while this waits
        until = None if timeout is None else clock.monotonic() + timeout
        while True:
            with self._looked:
                left = None if until is None else until - clock.monotonic()
                if not self._looked.wait_for(self._is_done, left):
                    return False
            self._wait_for_listeners()
            if self._is_done():  # no listener asked for more
                return True

    def _wait_for_listeners(self) -> None:
        told = threading.Event()
        self._channel.post(told.set)
        while not told.wait(_TICK_SECONDS):
            if self._is_ending:
                return  # nothing is told any more

    def end(self) -> None:
        """End what runs, and the thread; harmless twice, and on that thread."""
        self._is_ending = True
        self._wake.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _main(self) -> None:
        while not self._is_ending:
            self._look()
            self._wake.wait(_TICK_SECONDS)
        self._try(self._runner.close)
        self._try(self._tell)
        with self._looked:
            self._looked.notify_all()

    def _look(self) -> None:
        with self._looked:
            self._wake.clear()
            self._is_idle = False
        done = self._try(self._runner.step) and self._try(self._tell)
        is_idle = done and not any(item.state in _ACTIVE for item in self._told)
        with self._looked:
            self._is_idle = is_idle
            self._looked.notify_all()
        if is_idle and not threading.main_thread().is_alive():
            self._wait_for_listeners()
            if self._is_done():  # none of them asked for more
                self._is_ending = True
                self._channel.close(wait=False)

    def _try(self, work: Callable[[], object]) -> bool:
        """Return whether ``work`` was done; what could not be stored is tried again."""
        try:
            work()
        except Exception:  # noqa: BLE001 - one look that fails must not end the queue
            _log.exception("The queue could not be kept up; it is tried again")
            return False
        return True

    def _tell(self) -> None:
        view = self._runner.view()
        for event, item in changes(self._told, view):
            for call in self._listeners.calls(event, item):
                self._channel.post(call)
        self._told = view

    def _is_done(self) -> bool:
        return self._is_ending or (self._is_idle and not self._wake.is_set())
