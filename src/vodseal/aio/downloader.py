"""``MediaDownloader`` for asyncio.

Promises, in order of weight:

1. Cancelling the task that awaits ``prepare``, ``start`` or ``download`` stops the
   run: when the task goes on, no thread of it is left, no listener is called any
   more, and what was fetched is kept (B26).
2. What fails raises the error itself, typed, with its number and remedy.
3. The loop is never blocked: what waits, waits on a thread.
4. Nothing is bound to a loop but a run: one object may be used on one loop after
   another, and different objects on different loops at once.

Everything that does not wait is the call of ``downloader`` itself, forwarded.
"""

from __future__ import annotations

import functools
import secrets
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Self, TypeVar, cast

from vodseal.aio.provider import LoopProvider
from vodseal.aio.watch import Watch, to_the_end
from vodseal.sdk.downloader import MediaDownloader

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from types import TracebackType

    from vodseal.aio.provider import AsyncCredentialProvider
    from vodseal.clock import Clock
    from vodseal.media.tracks import MediaInfo
    from vodseal.sdk.progress import Progress
    from vodseal.sdk.runner import Run
    from vodseal.sdk.sources import Source
    from vodseal.sdk.stored_download import DeleteResult

__all__ = ["AsyncMediaDownloader"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


def _same(
    method: Callable[Concatenate[MediaDownloader, _P], _T],
) -> Callable[Concatenate[AsyncMediaDownloader, _P], _T]:
    """Return ``method`` of the downloader as a method of its face."""

    @functools.wraps(method)
    def call(face: AsyncMediaDownloader, /, *values: _P.args, **named: _P.kwargs) -> _T:
        return method(face.downloader, *values, **named)

    return call


class AsyncMediaDownloader:
    """A downloader whose calls that wait are coroutines.

    Used as ``async with AsyncMediaDownloader() as downloader:``, it is released
    at the end of the block, and its thread is gone.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """Begin idle, on no loop. An app passes nothing, as with ``MediaDownloader``."""
        self.downloader = MediaDownloader(clock=clock, random=random)
        """The object behind the face: state, listeners, and all that does not wait."""

        self._provider: LoopProvider | None = None

    set_save_dir = _same(MediaDownloader.set_save_dir)
    set_downloader_config = _same(MediaDownloader.set_downloader_config)
    get_downloader_config = _same(MediaDownloader.get_downloader_config)
    set_play_url_convert_callback = _same(MediaDownloader.set_play_url_convert_callback)
    select_item = _same(MediaDownloader.select_item)
    update_source = _same(MediaDownloader.update_source)
    get_file_path = _same(MediaDownloader.get_file_path)

    def set_credential_provider(self, provider: AsyncCredentialProvider | None) -> None:
        """As ``MediaDownloader.set_credential_provider``, for a coroutine function.

        It runs on the loop that this is called on. A stop cancels it.

        Raises:
            MisuseError: No loop is running.
        """
        self._provider = None if provider is None else LoopProvider(provider)
        self.downloader.set_credential_provider(self._provider)

    @property
    def progress(self) -> Progress:
        """How far the run is, or the last one was."""
        return self.downloader.progress

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release."""
        await self.release()

    async def prepare(self, source: Source) -> MediaInfo:
        """Return the tracks that the service offers.

        Raises:
            VodsealError: Why there are none; as ``on_error`` tells it.
            StoppedError: ``stop`` or ``release`` was called meanwhile.
            MisuseError: As of ``MediaDownloader.prepare``.
        """
        async with self._watch(lambda: self.downloader.prepare(source)) as watch:
            await watch.end()
        return cast("MediaInfo", self.downloader.media_info)

    async def start(self) -> str:
        """Download, or go on, and return the absolute path of the finished file.

        Raises:
            VodsealError: Why there is none; what was fetched is kept.
            StoppedError: ``stop`` or ``release`` was called meanwhile.
            IllegalTransitionError: A run is under way, or the object is released.
        """
        async with self._watch(self.downloader.start) as watch:
            await watch.end()
        return await to_the_end(self.downloader.get_file_path)

    async def download(self) -> AsyncGenerator[Progress, None]:
        """Do as ``start``, and yield the progress of both phases, which never goes back.

        The last one says 100 and 100. A loop that is slow sees fewer of them, not
        older ones. Leaving the loop early stops the run, in a
        ``contextlib.aclosing`` block at its end, else as soon as the event loop
        finds out; ``await stop()`` makes sure. Raises as ``start``.
        """
        latest: Progress | None = None
        async with self._watch(self.downloader.start) as watch:
            is_over = False
            while not is_over:
                await watch.change()
                is_over = watch.is_over()
                if is_over:
                    watch.check()
                if (progress := self.downloader.progress) != latest:
                    latest = progress
                    yield progress

    async def stop(self) -> None:
        """End the run and keep what was fetched. Harmless at any time, and twice (B27)."""
        await to_the_end(self.downloader.stop)

    async def release(self) -> None:
        """As ``stop``; the object is used up, its files stay (B28)."""
        await to_the_end(self.downloader.release)

    async def delete_file(self) -> DeleteResult:
        """As ``MediaDownloader.delete_own_file``."""
        return await to_the_end(self.downloader.delete_own_file)

    def _watch(self, begin: Callable[[], Run]) -> Watch:
        """Begin a run. A provider that is replaced meanwhile stays that of the run."""
        provider = self._provider
        if provider is not None:
            provider.open()
        return Watch(
            begin(),
            stop=self.downloader.stop,
            leave=provider.close if provider is not None else None,
        )
