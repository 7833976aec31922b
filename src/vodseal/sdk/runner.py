"""One run of a downloader: a prepare, or a download, on a thread of its own.

The thread keeps everything alive that the run needs, the downloader too: an app
may drop its reference and still hear how it ends (B52). A run that follows
another waits for it, so two never touch the same files or the same state.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.errors import VodsealError
    from vodseal.sdk.dispatcher import Channel

__all__ = ["LastCall", "Run"]

LastCall: TypeAlias = "Callable[[], object] | None"
"""What a run has its listeners told at its end; None when it was stopped."""


class Run:
    """A thread, the channel to its listeners, and a wish to stop.

    Besides the app's listeners a face of the downloader may hear of it: by
    ``when_moved`` and ``when_over``, which are called with no lock held.
    """

    def __init__(self, channel: Channel, work: Callable[[Run], LastCall]) -> None:
        """``work`` never raises; it looks at ``is_stopped`` often."""
        self.channel = channel
        self.concluded = False
        """Whether the work came to an end of its own, good or bad; False when it was stopped."""

        self.failure: VodsealError | None = None
        """Why it failed."""

        self._work = work
        self._lock = threading.Lock()
        self._moved: list[Callable[[], object]] = []
        self._ended: list[Callable[[], object]] = []
        self._stopped = threading.Event()
        self._over = threading.Event()
        self._before: Run | None = None
        self._thread = threading.Thread(target=self._main, name="vodseal-run")

    def begin(self, after: Run | None) -> None:
        """Start the thread; ``work`` waits until the thread of ``after`` has ended."""
        self._before = after
        self._thread.start()

    def is_stopped(self) -> bool:
        """Tell whether the app wants this run to end."""
        return self._stopped.is_set()

    def ask_to_stop(self) -> None:
        """Want this run to end, without waiting for it."""
        self._stopped.set()

    def stop(self) -> None:
        """End the run: no listener of it is called after this returns, no thread is left.

        From inside a listener, the listener's own call is the last one. On the
        run's own thread, where a URL converter is called, nothing is waited for:
        a listener might be waiting for this thread.
        """
        self.ask_to_stop()
        self.channel.close(wait=not self._is_own_thread())
        self.join()
        self._end()

    def join(self) -> None:
        """Wait until the thread has ended; the thread itself does not wait."""
        if not self._is_own_thread():
            self._thread.join()

    def _is_own_thread(self) -> bool:
        return threading.current_thread() is self._thread

    def wait(self, timeout: float | None) -> bool:
        """Wait until the last listener was called, or the run was stopped; tell whether."""
        return self._over.wait(timeout)

    def when_moved(self, call: Callable[[], object]) -> None:
        """Have ``call`` called, on the run's thread, whenever there is progress to tell."""
        with self._lock:
            self._moved.append(call)

    def when_over(self, call: Callable[[], object]) -> None:
        """Have ``call`` called once ``wait`` need not wait; at once when that is so now."""
        with self._lock:
            if not self._over.is_set():
                self._ended.append(call)
                return
        call()

    def move(self) -> None:
        """Tell that there is progress."""
        with self._lock:
            calls = tuple(self._moved)
        for call in calls:
            call()

    def _end(self) -> None:
        with self._lock:
            self._over.set()
            calls, self._ended = self._ended, []
        for call in calls:
            call()

    def _main(self) -> None:
        before, self._before = self._before, None
        if before is not None:
            before.join()
        last = self._work(self)
        if last is None:
            self.channel.close(wait=False)
            self._end()
        else:
            self.channel.finish(lambda: self._tell(last))

    def _tell(self, last: Callable[[], object]) -> None:
        try:
            last()
        finally:
            self._end()
