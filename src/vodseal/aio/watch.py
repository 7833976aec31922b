"""From the threads of the SDK to a task on an event loop.

A run tells from its own threads that something has changed; the task that
awaits it looks up what. Nothing is queued: who looks rarely sees the latest,
and a run never waits for a loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Self, TypeVar

from vodseal.errors import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from vodseal.sdk.runner import Run

__all__ = ["Watch", "to_the_end"]

_T = TypeVar("_T")


class Watch:
    """A run, as the task sees it that began it.

    As a block, it stops the run when the block is left before the run's end.
    """

    def __init__(
        self, run: Run, *, stop: Callable[[], object], leave: Callable[[], object] | None
    ) -> None:
        """Watch ``run`` from the running loop.

        ``stop`` stops it, and may wait; ``leave`` is called at the end of the block.
        """
        self._run = run
        self._stop = stop
        self._leave = leave
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        run.when_moved(self._tell)
        run.when_over(self._tell)

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the run, unless it is over."""
        try:
            if not self.is_over():
                await to_the_end(self._stop)
        finally:
            if self._leave is not None:
                self._leave()

    def is_over(self) -> bool:
        """Tell whether nothing more will come."""
        return self._run.wait(0)

    async def change(self) -> None:
        """Wait until there is progress to look up, or the run is over."""
        await self._changed.wait()
        self._changed.clear()

    async def end(self) -> None:
        """Wait until the run is over. Raises as ``check``."""
        while not self.is_over():
            await self.change()
        self.check()

    def check(self) -> None:
        """Pass a run that is over and came to a good end.

        Raises:
            VodsealError: Why it failed; the same that ``last_error`` tells.
            StoppedError: It was stopped by somebody else.
        """
        if self._run.failure is not None:
            raise self._run.failure
        if not self._run.concluded:
            raise StoppedError(remedy="Call it again: it goes on from where it was.")

    def _tell(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._changed.set)


async def to_the_end(call: Callable[[], _T]) -> _T:
    """Return what ``call`` returns, called on a thread of the loop's executor.

    A cancellation waits for its end, and is raised then: what is being stopped
    is stopped when the caller goes on.
    """
    future = asyncio.get_running_loop().run_in_executor(None, call)
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    return future.result()
