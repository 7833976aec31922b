"""The one thread on which an app's listeners are called.

Promises, in order of weight (client-surface 1.13, B26, B29, B30):

1. Listeners are called one at a time, in the order of their posting, and with
   no lock of ours held: they may call any method of any downloader.
2. After ``Channel.close`` has returned, nothing more comes out of that channel.
   What was queued is dropped; a call that is under way is waited for, unless
   ``close`` was called from inside a listener, where there is none to wait for
   but the caller itself.
3. A listener that raises is logged and stops nothing: neither the run it
   belongs to nor the next listener.

The thread exists while a channel is open or a call is queued, and keeps the
process alive for that long: an app that starts a download and lets its main
thread end still hears how it ended.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Channel", "Dispatcher", "shared_dispatcher"]

_log = logging.getLogger(__name__)


class Channel:
    """The calls of one run, in order. Made by ``Dispatcher.open``."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    def post(self, call: Callable[[], object]) -> None:
        """Queue ``call``; drop it when the channel is closed."""
        self._dispatcher.post(self, call)

    def finish(self, call: Callable[[], object]) -> None:
        """Queue the last call: the channel closes by itself before it is made."""
        self._dispatcher.post(self, call, last=True)

    def close(self, *, wait: bool = True) -> None:
        """Drop what is queued, and wait for a call under way. Idempotent.

        A thread that a listener may be waiting for has to pass ``wait=False``.
        """
        self._dispatcher.close(self, wait=wait)


class Dispatcher:
    """A queue and the thread that empties it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: deque[tuple[Channel, Callable[[], object], bool]] = deque()
        self._open: set[Channel] = set()
        self._calling: Channel | None = None
        self._thread: threading.Thread | None = None

    def open(self) -> Channel:
        """Return a new channel."""
        channel = Channel(self)
        with self._changed:
            self._open.add(channel)
        return channel

    def is_current(self) -> bool:
        """Tell whether the caller is a listener, that is, on the dispatcher's thread."""
        return threading.current_thread() is self._thread

    def post(self, channel: Channel, call: Callable[[], object], *, last: bool = False) -> None:
        """Queue ``call`` for ``channel``, when it is open."""
        with self._changed:
            if channel not in self._open:
                return
            self._queue.append((channel, call, last))
            if self._thread is None:
                self._thread = threading.Thread(target=self._deliver, name="vodseal-listeners")
                self._thread.start()
            self._changed.notify_all()

    def close(self, channel: Channel, *, wait: bool) -> None:
        """Let nothing more out of ``channel``."""
        with self._changed:
            self._open.discard(channel)
            self._queue = deque(one for one in self._queue if one[0] is not channel)
            self._changed.notify_all()
            if wait and not self.is_current():
                self._changed.wait_for(lambda: self._calling is not channel)

    def _deliver(self) -> None:
        while (call := self._next()) is not None:
            try:
                call()
            except BaseException:  # noqa: BLE001 - nor may sys.exit() in a listener end it
                _log.exception("A listener raised")

    def _next(self) -> Callable[[], object] | None:
        with self._changed:
            self._calling = None
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._queue or not self._open)
            if not self._queue:
                self._thread = None
                return None
            channel, call, last = self._queue.popleft()
            self._calling = channel
            if last:
                self._open.discard(channel)
            return call


_shared: Final = Dispatcher()


def shared_dispatcher() -> Dispatcher:
    """Return the dispatcher of this process."""
    return _shared
