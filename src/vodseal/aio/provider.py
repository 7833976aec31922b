"""A credential provider that is a coroutine function (client-surface 4, V3).

The SDK asks on a thread of its own; the coroutine runs on the app's loop, and
the thread waits for it. When the task that awaits the run goes on, whatever is
still being asked is cancelled.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Any, TypeAlias

from vodseal.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from vodseal.sdk.credentials import CredentialRequest
    from vodseal.sdk.sources import Source

__all__ = ["AsyncCredentialProvider", "LoopProvider"]

AsyncCredentialProvider: TypeAlias = (
    "Callable[[CredentialRequest], Coroutine[Any, Any, Source | None]]"
)
"""Returns a fresh source for the video, or None when there is none."""


class LoopProvider:
    """The ``CredentialProvider`` that an async one is behind."""

    def __init__(self, provider: AsyncCredentialProvider) -> None:
        """Have ``provider`` run on the running loop.

        Raises:
            MisuseError: There is none.
        """
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            raise MisuseError("an async provider is set on the loop that it runs on") from None
        self._provider = provider
        self._lock = threading.Lock()
        self._asked: set[Future[Source | None]] = set()
        self._is_open = False

    def __call__(self, request: CredentialRequest) -> Source | None:
        """Return what the coroutine returns; None when nobody waits for it any more."""
        with self._lock:
            if not self._is_open or self._loop.is_closed():
                return None
            future = asyncio.run_coroutine_threadsafe(self._provider(request), self._loop)
            self._asked.add(future)
        try:
            return future.result()
        except CancelledError:
            return None
        finally:
            with self._lock:
                self._asked.discard(future)

    def open(self) -> None:
        """Answer from now on: a run begins."""
        with self._lock:
            self._is_open = True

    def close(self) -> None:
        """Answer no more, and cancel what is being asked."""
        with self._lock:
            self._is_open = False
            asked = tuple(self._asked)
        for future in asked:
            future.cancel()
