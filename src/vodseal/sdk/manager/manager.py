"""``DownloadManager``: the queue of a folder, and the thread that runs it.

Promises, in order of weight:

1. At most as many downloads as the limit run at once, by priority and then in the
   order of the queue (B33); nothing runs that was not asked to (B34).
2. What was told to a listener stays true: percent never goes back and completion
   is told once for a download, over any number of crashes and restarts.
3. Listeners are called one at a time, on the SDK's thread, with no lock held; they
   may call any method. None is called after ``close`` has returned.
4. A new manager runs nothing by itself: what ran before is shown as stopped, and
   ``resume_interrupted`` goes on with it (B34).

Its thread keeps the process alive while downloads run or wait; once the app's main
thread has ended and nothing is left to do, the manager closes itself.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vodseal.download.rate import RateLimit
from vodseal.errors import MisuseError, VodsealError
from vodseal.sdk.dispatcher import shared_dispatcher
from vodseal.sdk.downloader import MediaDownloader
from vodseal.sdk.manager.disk import free_size as free_size_of
from vodseal.sdk.manager.editor import QueueEditor
from vodseal.sdk.manager.estimate import estimate
from vodseal.sdk.manager.loop import QueueLoop
from vodseal.sdk.manager.moving import move_queue
from vodseal.sdk.manager.reconcile import QueueRules
from vodseal.sdk.manager.runner import QueueRunner
from vodseal.sdk.manager.runs import RunSettings
from vodseal.sdk.manager.telling import QueueListeners

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable

    from vodseal.clock import Clock
    from vodseal.media.tracks import TrackInfo
    from vodseal.sdk.config import DownloaderConfig
    from vodseal.sdk.credentials import CredentialProvider
    from vodseal.sdk.manager.estimate import Estimate
    from vodseal.sdk.manager.model import DownloadItem, TimeWindow
    from vodseal.sdk.manager.runs import Downloader
    from vodseal.sdk.sources import Source

__all__ = ["DownloadManager"]


class DownloadManager(QueueEditor):
    """A queue that runs. Close it, or use it as a context manager."""

    def __init__(
        self,
        save_dir: str | os.PathLike[str],
        *,
        rules: QueueRules | None = None,
        clock: Clock | None = None,
        make_downloader: Callable[[], Downloader] | None = None,
        free_size: Callable[[Path], int | None] = free_size_of,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """Open the queue in ``save_dir`` to run it. Nothing runs by itself (B34).

        Args:
            save_dir: The folder of the queue and of its files.
            rules: When downloads may run.
            clock: Tests pass one, and what follows; an app passes nothing.
            make_downloader: Makes what does the downloading.
            free_size: Tells how many bytes are free on the disk of a folder.
            random: Where the bytes of download ids come from.

        Raises:
            DownloadError: As ``QueueEditor``; ``QUEUE_IN_USE``: somebody runs it.
        """
        self._loop: QueueLoop | None = None
        super().__init__(save_dir, clock=clock)
        self._settings = RunSettings(
            rules=rules or QueueRules(),
            make_downloader=make_downloader
            or (lambda: MediaDownloader(clock=clock, random=random)),
            clock=self._clock,
            rate=RateLimit(clock=self._clock),
            free_size=free_size,
        )
        self._listeners = QueueListeners()
        self._channel = shared_dispatcher().open()
        try:
            self._loop = self._begin(cold=True)
        except BaseException:
            self._channel.close()
            self._store.close()
            raise

    def add(
        self,
        vid: str,
        track: TrackInfo | int,
        *,
        title: str = "",
        group: str = "",
        priority: int = 0,
        window: TimeWindow | None = None,
        bytes_per_second: int | None = None,
        source: Source | None = None,
    ) -> DownloadItem:
        """Put a download at the end of its priority, and return it; see ``QueueEditor.add``.

        ``source`` is a credential for it. It is kept in memory alone: after a
        restart, the credential provider is asked, or ``update_source`` called.
        """
        place = (vid, track if isinstance(track, int) else track.index)
        before = self._settings.sources.get(place)
        self._keep(place, source or before)  # it may start before this returns
        try:
            return super().add(
                vid,
                track,
                title=title,
                group=group,
                priority=priority,
                window=window,
                bytes_per_second=bytes_per_second,
            )
        except VodsealError:
            self._keep(place, before)
            raise

    def update_source(self, item_id: int, source: Source) -> None:
        """Give a download a fresh credential, also while it runs. It is kept in memory alone."""
        self._running().update_source(self.item(item_id), source)

    def set_credential_provider(self, provider: CredentialProvider | None) -> None:
        """Have ``provider`` asked for a source when a download really starts, and later (B51).

        It takes effect with the next start of a download.
        """
        self._settings.provider = provider

    def set_downloader_config(self, config: DownloaderConfig) -> None:
        """Choose timeouts, headers and proxy. It takes effect with the next start of a download."""
        self._settings.config = config

    def set_metered_hook(self, is_metered: Callable[[], bool] | None) -> None:
        """Have ``is_metered`` asked whether the network costs money; it answers at once.

        While it does, nothing is downloaded unless the rules allow it. ``refresh``
        has it asked again; twice a second it is asked anyway.
        """
        self._settings.is_metered = is_metered
        self.refresh()

    @property
    def rules(self) -> QueueRules:
        """When downloads may run."""
        return self._settings.rules

    def set_rules(self, rules: QueueRules) -> None:
        """Choose when downloads may run; what runs against it is ended, and waits."""
        self._settings.rules = rules
        self.refresh()

    def set_limit(self, limit: int) -> None:
        """Choose how many run at once.

        Raises:
            MisuseError: It is not 1 to 5.
        """
        self.set_rules(replace(self._settings.rules, limit=limit))

    def set_rate(self, bytes_per_second: int | None) -> None:
        """Choose the most that all downloads together may take of the network, at once.

        Raises:
            MisuseError: The cap is not positive.
        """
        self._settings.rate.bytes_per_second = bytes_per_second

    def add_listener(self, listener: object) -> None:
        """Have the methods of ``listener`` called with the item that something happened to.

        They are ``on_added``, ``on_progress``, ``on_state_changed``, ``on_completed``,
        ``on_error`` and ``on_removed``; all of them are optional.
        """
        self._listeners.add(listener)

    def remove_listener(self, listener: object) -> None:
        """Call ``listener`` no more."""
        self._listeners.remove(listener)

    def estimate(self, what: Iterable[DownloadItem | TrackInfo] | None = None) -> Estimate:
        """Return what downloads take: those of the queue, or some, or tracks not yet in it."""
        view = self._view()
        speed = sum(item.speed for item in view)
        return estimate(
            view if what is None else what,
            free_size=self._settings.free_size(self.save_dir),
            reserve_size=self._settings.rules.reserve_size,
            bytes_per_second=speed or self._settings.rate.bytes_per_second,
        )

    def refresh(self) -> None:
        """Look at the queue, the rules and the network again, now. Returns at once."""
        self._running().refresh()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing runs or waits to run, and all of it was told; tell whether.

        Raises:
            MisuseError: Called from inside a listener, which would wait for itself.
        """
        if shared_dispatcher().is_current():
            raise MisuseError("wait() inside a listener would wait for that listener")
        return self._running().wait(timeout)

    def move_store(self, save_dir: str | os.PathLike[str]) -> None:
        """Move the queue and all its files to another folder, such as on another disk.

        What runs is ended, and goes on there. A crash on the way loses nothing:
        until all is copied the queue is where it was. The old folder keeps a note
        of where it went.

        Raises:
            MisuseError: The folder holds another queue, or is this one.
            DownloadError: ``NO_SPACE``, ``WRITE_ERROR``; the queue is where it was, and runs.
        """
        self._running().end()
        reserve = self._settings.rules.reserve_size
        try:
            moved = move_queue(self._store, Path(save_dir), reserve_size=reserve)
            self._store.close()
            self._store = moved
        finally:
            self._store.let_go()
            self._loop = self._begin(cold=False)

    def close(self) -> None:
        """End what runs and let go of the queue; no listener is called any more after it returns.

        What is fetched is kept. Harmless twice, and inside a listener.
        """
        self._channel.close()
        self._running().end()
        self._store.close()

    def _keep(self, place: tuple[str, int], source: Source | None) -> None:
        if source is None:
            self._settings.sources.pop(place, None)
        else:
            self._settings.sources[place] = source

    def _begin(self, *, cold: bool) -> QueueLoop:
        self._store.hold()
        wake = threading.Event()
        runner = QueueRunner(self._store, self._settings, wake=wake.set, cold=cold)
        return QueueLoop(runner, wake, self._listeners, self._channel)

    def _running(self) -> QueueLoop:
        if self._loop is None:
            raise MisuseError("the manager is not open")
        return self._loop

    def _view(self) -> tuple[DownloadItem, ...]:
        return self._running().view()

    def _edited(self) -> None:
        """Have the runner see an edit; before there is one, put rows right as any editor."""
        if self._loop is None:
            super()._edited()
        else:
            self._loop.refresh()
