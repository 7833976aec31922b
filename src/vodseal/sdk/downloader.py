"""One downloader: one video, one track, one task (client-surface 1.2).

Promises, in order of weight:

1. Exactly one terminal listener is called for each run, completion or error;
   none at all, of any kind, after ``stop`` or ``release`` has returned (B26, B30).
2. Listeners are called one at a time, on the dispatcher's thread, with no lock
   held; they may call any method of any downloader (client-surface 1.13).
3. What was fetched is kept: ``start`` goes on from it, after a stop, an error,
   or in another process without a prepare (B21, B25).
4. A run lives until it ends, even when the app drops its last reference (B52).

Methods that begin something return at once; what becomes of it is told to the
listeners. A call that makes no sense in the present state is refused with an
``IllegalTransitionError`` and changes nothing (``download/states.py``).
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from vodseal.clock import SystemClock
from vodseal.download.states import Event, State, advance
from vodseal.errors import MisuseError
from vodseal.sdk.delete_file import DeleteFile
from vodseal.sdk.dispatcher import shared_dispatcher
from vodseal.sdk.downloader_setup import DownloaderSetup
from vodseal.sdk.error_info import error_info, without_frames
from vodseal.sdk.flow import DownloadFlow
from vodseal.sdk.listeners import Event as Told
from vodseal.sdk.offer import fetch_offer, offered_media
from vodseal.sdk.order import Order, required_source
from vodseal.sdk.place import find_place
from vodseal.sdk.progress import Progress, ProgressRelay
from vodseal.sdk.runner import Run
from vodseal.sdk.stored_download import DeleteResult, delete_by_identity
from vodseal.sdk.transport import RpcClient
from vodseal.vault import key_service
from vodseal.vault.home import default_home
from vodseal.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.clock import Clock
    from vodseal.media.tracks import MediaInfo
    from vodseal.sdk.credentials import LiveSource
    from vodseal.sdk.error_info import ErrorInfo
    from vodseal.sdk.offer import Offer
    from vodseal.sdk.place import Place
    from vodseal.sdk.runner import LastCall
    from vodseal.sdk.sources import Source

__all__ = ["MediaDownloader"]


class MediaDownloader(DownloaderSetup):
    """A downloader. After ``release`` it is used up; to go on, make a new one (B28)."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """Begin idle. An app passes nothing; tests pass a clock and their own bytes."""
        super().__init__()
        self._clock = clock or SystemClock()
        self._random = random
        self._state = State.IDLE
        self._run: Run | None = None
        self._offer: Offer | None = None
        self._last_place: Place | None = None
        self._relay: ProgressRelay | None = None
        self._media_info: MediaInfo | None = None
        self._last_error: ErrorInfo | None = None

    @property
    def state(self) -> State:
        """Where the downloader stands."""
        return self._state

    @property
    def progress(self) -> Progress:
        """How far the run is, or the last one was."""
        relay = self._relay
        return relay.latest if relay else Progress()

    @property
    def unchecked(self) -> tuple[str, ...]:
        """What the last run could not check, in words; nothing where digests are signed."""
        relay = self._relay
        return relay.unchecked if relay else ()

    @property
    def media_info(self) -> MediaInfo | None:
        """What the last prepare gave."""
        return self._media_info

    @property
    def last_error(self) -> ErrorInfo | None:
        """Why the last run failed; None when it did not."""
        return self._last_error

    @staticmethod
    def version() -> str:
        """Return the version of the SDK."""
        return VERSION

    def prepare(self, source: Source) -> Run:
        """Ask the service for the tracks; on_prepared or on_error follows.

        The run that is returned is for faces such as ``vodseal.aio``; an app drops it.

        Raises:
            MisuseError: ``source`` is of another kind (B42).
            IllegalTransitionError: A run is under way, or the object is released.
        """
        live = self._live_source(self._accept(source))
        return self._begin(Event.PREPARE, live, lambda run: self._prepare(run, live))

    def start(self) -> Run:
        """Download, or go on; progress, then on_completion or on_error follow. As ``prepare``.

        Raises:
            IllegalTransitionError: A run is under way, or the object is released.
        """
        live = self._live_source(self._source)
        order = self._order(live)
        return self._begin(Event.START, live, lambda run: self._download(run, order))

    def stop(self) -> None:
        """End the run and keep what was fetched. No listener is called after it returns.

        Harmless at any time, twice, and inside a listener (B27).
        """
        self._end(Event.STOP)

    def release(self) -> None:
        """As ``stop``; the object is used up, its files stay (B26, B28)."""
        self._end(Event.RELEASE)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until no run is under way and its last listener has returned; tell whether.

        A run that a listener began is waited for as well.

        Raises:
            MisuseError: Called from inside a listener, which would wait for itself.
        """
        if shared_dispatcher().is_current():
            raise MisuseError("wait() inside a listener would wait for that listener")
        until = None if timeout is None else self._clock.monotonic() + timeout
        run, waited = self._run, None
        while run is not waited and run is not None:
            if not run.wait(None if until is None else max(0.0, until - self._clock.monotonic())):
                return False
            run, waited = self._run, run
        return True

    def get_file_path(self) -> str:
        """Return the absolute path of the file, finished or not; empty while it is not known."""
        place = self._place()
        return place.path if place else ""

    delete_file: Final = DeleteFile()
    """``downloader.delete_file()``: ``delete_own_file``. ``MediaDownloader.delete_file(
    save_dir, vid, format, index)``: ``delete_by_identity``."""

    def delete_own_file(self) -> DeleteResult:
        """Stop, then delete this task's finished or partial file, and its key.

        The vendor's page allows this while running, its header only when
        stopped: stopping first serves both (B22).

        Raises:
            IllegalTransitionError: The object is released. Nothing was deleted.
        """
        self.stop()
        with self._lock:
            self._state = advance(self._state, Event.DELETE)
        if not self._save_dir or self._source is None or self._index is None:
            return DeleteResult.INVALID_PARAM
        place = self._place()
        if place is None:
            return DeleteResult.NOT_EXIST
        identity = place.identity
        return delete_by_identity(identity.save_dir, identity.vid, identity.format, identity.index)

    def _place(self) -> Place | None:
        if not self._save_dir or self._source is None or self._index is None:
            return None
        place = find_place(self._save_dir, self._source.vid, self._index, self._offer)
        if place is None and self._last_place is not None:
            identity = self._last_place.identity
            asked = (self._save_dir, self._source.vid, self._index)
            same = (identity.save_dir, identity.vid, identity.index) == asked
            return self._last_place if same else None
        self._last_place = place
        return place

    def _begin(self, event: Event, live: LiveSource | None, work: Callable[[Run], LastCall]) -> Run:
        with self._lock:
            self._state = advance(self._state, event)
            self._live, self._source = live, live.current if live else None
            before = self._run
            run = self._run = Run(shared_dispatcher().open(), work)
            self._last_error = None
        run.begin(after=before)
        return run

    def _end(self, event: Event) -> None:
        with self._lock:
            self._state = advance(self._state, event)
            run = self._run
            if run is not None:
                run.ask_to_stop()
        if run is not None:
            run.stop()

    def _prepare(self, run: Run, begun: LiveSource | None) -> LastCall:
        try:
            live = required_source(begun)
            keys = key_service.installed()
            if keys is not None:
                keys.open_ahead()
            client = RpcClient.for_live(
                live, config=self._config, cancelled=run.is_stopped, clock=self._clock
            )
            with client:
                offer = fetch_offer(client, live.current, sealing=keys is not None)
            info = offered_media(offer, live.current)
        except Exception as error:  # noqa: BLE001 - a listener hears of it
            return self._fail(run, error)
        self._keep(live)
        self._offer, self._media_info = offer, info
        return self._conclude(run, Event.PREPARED, Told.PREPARED, info)

    def _order(self, live: LiveSource | None) -> Order:
        keys = key_service.installed()
        return Order(
            live=live,
            save_dir=self._save_dir,
            index=self._index,
            config=self._config,
            convert=self._url_converter(),
            rate=self._rate_limit,
            keys=keys,
            home=keys.home if keys else default_home(),
            clock=self._clock,
            random=self._random,
        )

    def _download(self, run: Run, order: Order) -> LastCall:
        def tell(event: Told, percent: int) -> None:
            run.channel.post(lambda: self._listeners.tell(event, self, percent))
            run.move()

        self._relay = relay = ProgressRelay(
            on_downloading=lambda percent: tell(Told.DOWNLOADING, percent),
            on_processing=lambda percent: tell(Told.PROCESSING, percent),
            on_staged=lambda: self._step(run, Event.STAGED),
        )
        try:
            path = DownloadFlow(order, relay=relay, is_stopped=run.is_stopped).run()
        except Exception as error:  # noqa: BLE001 - a listener hears of it
            return self._fail(run, error)
        finally:
            self._keep(order.live)
        if path is None:
            return None
        self._place()  # remembered, also when somebody else deletes the file
        return self._conclude(run, Event.COMPLETE, Told.COMPLETION)

    def _fail(self, run: Run, error: Exception) -> LastCall:
        if run.is_stopped():
            return None
        self._last_error = info = error_info(error)
        run.failure = without_frames(error)
        return self._conclude(run, Event.FAIL, Told.ERROR, info)

    def _conclude(self, run: Run, event: Event, told: Told, *values: object) -> LastCall:
        if not self._step(run, event):
            return None
        run.concluded = True
        return lambda: self._listeners.tell(told, self, *values)

    def _step(self, run: Run, event: Event) -> bool:
        """Move on by an event of ``run``; refuse one of a run that was stopped."""
        with self._lock:
            if run.is_stopped():
                return False
            self._state = advance(self._state, event)
            return True
