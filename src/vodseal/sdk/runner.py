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

    from vodseal.sdk.dispatcher import Channel

__all__ = ["LastCall", "Run"]

LastCall: TypeAlias = "Callable[[], object] | None"
"""What a run has its listeners told at its end; None when it was stopped."""


class Run:
    """A thread, the channel to its listeners, and a wish to stop."""

    def __init__(self, channel: Channel, work: Callable[[Run], LastCall]) -> None:
        """``work`` never raises; it looks at ``is_stopped`` often."""
        self.channel = channel
        self._work = work
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
        self._over.set()

    def join(self) -> None:
        """Wait until the thread has ended; the thread itself does not wait."""
        if not self._is_own_thread():
            self._thread.join()

    def _is_own_thread(self) -> bool:
        return threading.current_thread() is self._thread

    def wait(self, timeout: float | None) -> bool:
        """Wait until the last listener was called, or the run was stopped; tell whether."""
        return self._over.wait(timeout)

    def _main(self) -> None:
        before, self._before = self._before, None
        if before is not None:
            before.join()
        last = self._work(self)
        if last is None:
            self.channel.close(wait=False)
            self._over.set()
        else:
            self.channel.finish(lambda: self._tell(last))

    def _tell(self, last: Callable[[], object]) -> None:
        try:
            last()
        finally:
            self._over.set()
