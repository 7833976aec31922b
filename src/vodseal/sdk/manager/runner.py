"""Runs a queue, one look at a time.

``step`` looks at everything and makes fact agree with wish. It is called again
and again on one thread, after anything happened, and never waits for a download.
The order within it is the promise:

1. How runs ended is stored first, then how far the others are; only then is it
   decided who runs. Who tells listeners reads what was stored, so what is told
   stays true after a crash.
2. A step that fails, as when the disk of the queue is full, loses nothing: what
   it could not store is stored by the next one.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError
from vodseal.sdk.error_info import error_info
from vodseal.sdk.manager.disk import erase, from_disk, settle
from vodseal.sdk.manager.model import Edit
from vodseal.sdk.manager.outcome import advanced, completed, failed, started
from vodseal.sdk.manager.reconcile import Deed, reconcile
from vodseal.sdk.manager.runs import Ended, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vodseal.sdk.error_info import ErrorInfo
    from vodseal.sdk.manager.model import DownloadItem, WaitReason
    from vodseal.sdk.manager.runs import RunSettings
    from vodseal.sdk.manager.store import QueueStore
    from vodseal.sdk.sources import Source

__all__ = ["QueueRunner"]


class QueueRunner:
    """The runs of one queue. ``step`` and ``close`` are called on one thread."""

    def __init__(
        self,
        store: QueueStore,
        settings: RunSettings,
        *,
        wake: Callable[[], object] = lambda: None,
        cold: bool = True,
    ) -> None:
        """Begin; ``wake`` asks for a step. When ``cold``, nothing runs by itself (B34)."""
        self._store = store
        self._settings = settings
        self._wake = wake
        self._running: dict[int, Run] = {}
        self._ended: deque[Ended] = deque()
        self._waits: Mapping[int, WaitReason] = {}
        self._lock = threading.Lock()
        with store.together():
            settle(store, (), settings.clock.now(), files=True)
            if cold:
                store.ask(Edit.INTERRUPT)

    def step(self) -> None:
        """Look at everything once, and do what is to be done.

        Raises:
            DownloadError: The queue could not be read or written. The next step goes on.
        """
        self._store_ended()
        self._store_progress()
        self._reconcile()

    def view(self) -> tuple[DownloadItem, ...]:
        """Return all downloads, with speed, time left, and what they wait for. For any thread."""
        with self._lock:
            runs, waits = dict(self._running), self._waits
        return tuple(_seen(item, runs, waits) for item in self._store.items())

    def update_source(self, item: DownloadItem, source: Source) -> None:
        """Use ``source`` for a download from now on. For any thread."""
        self._settings.sources[item.vid, item.index] = source
        with self._lock:
            run = self._running.get(item.id)
        if run is not None:
            run.downloader.update_source(source)

    def close(self) -> None:
        """End all runs; what they have staged is kept, and so is that they were to run."""
        for item_id in list(self._running):
            self._stop(item_id)
        settle(self._store, (), self._settings.clock.now())

    def _store_ended(self) -> None:
        """Store how runs ended: bytes first, bookkeeping second."""
        while self._ended:
            ended = self._ended[0]
            if self._running.get(ended.run.item_id) is ended.run:
                self._store_end(ended)
                self._drop(ended.run.item_id)
            self._ended.popleft()

    def _store_end(self, ended: Ended) -> None:
        heard, processes = ended.run.look()
        now = self._settings.clock.now()

        def result(item: DownloadItem) -> DownloadItem:
            item = advanced(item, heard, processes=processes)
            if ended.error is not None:
                return failed(item, ended.error)
            found = from_disk(self._store.save_dir, item, now)
            return found or completed(item, Path(ended.path).name, now)

        self._store.update(ended.run.item_id, result)

    def _store_progress(self) -> None:
        with self._store.together():
            for item in self._store.items():
                run = self._running.get(item.id)
                if run is not None:
                    run.downloader.rate_limit.bytes_per_second = item.bytes_per_second
                    self._advance(item, run)

    def _advance(self, item: DownloadItem, run: Run) -> None:
        heard, processes = run.look()
        if advanced(item, heard, processes=processes) != item:
            self._store.update(item.id, lambda one: advanced(one, heard, processes=processes))

    def _reconcile(self) -> None:
        """Make fact agree with wish: the one place where anything starts or stops."""
        actions = None
        while actions is None or actions:
            known = {item.id: item for item in self._store.items()}
            now = self._settings.circumstances(self._store.save_dir)
            decision = reconcile(known.values(), self._settings.rules, now, self._running.keys())
            actions = decision.actions
            with self._lock:
                self._waits = decision.waits
            for action in actions:
                self._carry_out(action.deed, action.item_id, known)
            settle(self._store, self._running, self._settings.clock.now())

    def _carry_out(self, deed: Deed, item_id: int, known: Mapping[int, DownloadItem]) -> None:
        if deed is Deed.STOP:
            self._stop(item_id)
        elif deed is Deed.START:
            self._start(known[item_id])
        elif deed is Deed.REFUSE:
            self._fail(item_id, error_info(_no_room(known[item_id])))
        else:
            item = known[item_id]
            self._settings.sources.pop((item.vid, item.index), None)
            if deed is Deed.ERASE:
                erase(self._store, item)
            else:
                self._store.forget(item_id)

    def _start(self, item: DownloadItem) -> None:
        now = self._settings.clock.now()
        self._store.update(item.id, lambda one: started(one, now))
        try:
            run = Run(item, self._settings, self._store.save_dir, self._end)
            with self._lock:
                self._running[item.id] = run
            run.downloader.start()
        except Exception as error:  # noqa: BLE001 - its item tells of it, and the others go on
            with self._lock:
                self._running.pop(item.id, None)
            self._fail(item.id, error_info(error))

    def _end(self, ended: Ended) -> None:
        """Hear how a run ended, on the listeners' thread."""
        self._ended.append(ended)
        self._wake()

    def _stop(self, item_id: int) -> None:
        """End a run. If it was completed meanwhile, its end or ``settle`` says so."""
        self._running[item_id].downloader.release()
        self._store_ended()
        self._drop(item_id)

    def _drop(self, item_id: int) -> None:
        with self._lock:
            run = self._running.pop(item_id, None)
        if run is not None:
            run.downloader.release()

    def _fail(self, item_id: int, error: ErrorInfo) -> None:
        self._store.update(item_id, lambda item: failed(item, error))


def _no_room(item: DownloadItem) -> DownloadError:
    message = f"the disk has no room for the {item.left_size} bytes that this download takes"
    return DownloadError(ErrorCode.NO_SPACE, message)


def _seen(
    item: DownloadItem, runs: Mapping[int, Run], waits: Mapping[int, WaitReason]
) -> DownloadItem:
    run = runs.get(item.id)
    if run is not None:
        return replace(item, speed=run.speed, seconds_left=run.seconds_left)
    return replace(item, waits_for=waits[item.id]) if item.id in waits else item
