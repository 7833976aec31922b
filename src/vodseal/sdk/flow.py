"""One download, from a source and an index to a finished file.

The order is the promise (client-surface 1.10, security.md 3.3):

1. What is missing or switched off is said before anything is written (B1, B4,
   B12, B13).
2. The license, or in normal mode the staging key, is durable before the first
   segment is asked for.
3. What is staged already is gone on from, without a prepare (B21, B25). When
   nothing can open it any more, it gives way to a new download from 0.
4. When everything is staged, an unreachable service does not keep the file from
   being finished: processing needs no network.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from vodseal.download.disk_errors import disk_error
from vodseal.download.files import final_path
from vodseal.download.index import JobStore
from vodseal.download.job import Identity
from vodseal.download.journal import JobState
from vodseal.download.small_fetch import HttpFetcher
from vodseal.download.task import DownloadTask
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, MediaRefusedError, RequestError
from vodseal.media.encryption import EncryptType
from vodseal.sdk.content_key import (
    KeyWish,
    plain_content_key,
    secure_content_key,
    stored_content_key,
    trust_of,
    unlocked,
)
from vodseal.sdk.credentials import CredentialReason
from vodseal.sdk.job_maker import JobMaker
from vodseal.sdk.network import fetcher_config
from vodseal.sdk.offer import DownloadMode, choose_track, fetch_offer
from vodseal.sdk.order import required_source
from vodseal.sdk.playlists import MediaAddresses
from vodseal.sdk.renewal import RenewalParts, SourceRenewer
from vodseal.sdk.stored_download import discard, opens_with
from vodseal.sdk.transport import RpcClient
from vodseal.sdk.transport_key import private_transport_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.download.addresses import Urls
    from vodseal.download.job import JobSpec
    from vodseal.download.journal import JobEntry
    from vodseal.media.tracks import TrackInfo
    from vodseal.sdk.credentials import LiveSource
    from vodseal.sdk.offer import Offer
    from vodseal.sdk.order import Order
    from vodseal.sdk.progress import ProgressRelay
    from vodseal.sdk.sources import Source

__all__ = ["DownloadFlow"]

_UNREACHED: Final = {ErrorCode.REQUEST_FAIL, ErrorCode.SERVER_NO_RESPONSE}


class DownloadFlow:
    """One run. Used once, on one thread."""

    def __init__(
        self, order: Order, *, relay: ProgressRelay, is_stopped: Callable[[], bool]
    ) -> None:
        """Take the order; ``relay`` hears of progress, ``is_stopped`` is asked often."""
        self._order = order
        self._relay = relay
        self._is_stopped = is_stopped

    def run(self) -> str | None:
        """Return the absolute path of the finished file; None when it was stopped.

        Raises:
            DownloadError, RequestError: Why not; when it was stopped, anything. What
                was staged is kept.
            LicenseError: The service's license does not fit this app and device.
        """
        try:
            return self._run()
        except (OSError, sqlite3.Error) as error:
            folder = self._order.save_dir or ""
            raise disk_error(error, deed="use the save dir or the vault", folder=folder) from error

    def _run(self) -> str | None:
        live, save_dir, index = self._checked()
        order = self._order
        live.ask(CredentialReason.QUEUED_START, self._is_stopped)
        with RpcClient.for_live(
            live, config=order.config, cancelled=self._is_stopped, clock=order.clock
        ) as client:
            try:
                ready = self._offered(client, live, index, save_dir)
            except RequestError as error:
                ready = self._staged(save_dir, live.current.vid, index)
                if error.code not in _UNREACHED or ready is None:
                    raise
        if ready is None or self._is_stopped():
            return None
        return self._work(ready, live)

    def _checked(self) -> tuple[LiveSource, str, int]:
        order = self._order
        live = required_source(order.live)
        if order.index is None:
            raise DownloadError(ErrorCode.NOT_SELECT_ITEM, "No track was selected")
        if not order.save_dir:
            raise DownloadError(ErrorCode.NOT_SET_SAVE_DIR, "No save dir was set")
        return live, order.save_dir, order.index

    def _offered(
        self, client: RpcClient, live: LiveSource, index: int, save_dir: str
    ) -> _Ready | None:
        """Return the job to run; what a media server refuses is asked for anew, once."""
        sealing = self._order.keys is not None
        version = live.version
        offer = fetch_offer(client, live.current, sealing=sealing)
        try:
            return self._ready(client, live.current, offer, index, save_dir)
        except MediaRefusedError:
            if self._is_stopped():
                return None
        live.replace_refused(version, self._is_stopped)
        offer = fetch_offer(client, live.current, sealing=sealing)
        return self._ready(client, live.current, offer, index, save_dir)

    def _staged(self, save_dir: str, vid: str, index: int) -> _Ready | None:
        """Return what needs no network any more; None when something does."""
        entry = JobStore.find(save_dir, vid, index)
        if entry is None or entry.state is JobState.DOWNLOADING:
            return None
        key = self._kept_key(entry)
        if key is None:
            return None
        job = JobStore(entry.identity).load_job(key)
        if job is None and entry.state is not JobState.COMPLETED:
            return None
        return _Ready(entry=entry, key=key, job=job)

    def _kept_key(self, entry: JobEntry) -> bytes | None:
        order = self._order
        if not entry.secure:
            return plain_content_key(order.home, entry.download_id, order.random)
        keys = unlocked(order.keys)
        return stored_content_key(keys, entry.download_id, order.clock.now())

    def _ready(
        self, client: RpcClient, source: Source, offer: Offer, index: int, save_dir: str
    ) -> _Ready | None:
        """Return the job to run, its key durable; None when it was stopped meanwhile."""
        order = self._order
        track = choose_track(offer, source, index)
        secure = offer.mode is DownloadMode.SECURE
        is_private = track.encrypt_type == EncryptType.PRIVATE
        keys = unlocked(order.keys) if secure or is_private else order.keys
        identity = Identity(save_dir=save_dir, vid=source.vid, format=track.vod_format, index=index)
        entry = JobStore(identity).create(secure=secure, random=order.random)
        key = self._content_key(client, source, track, entry)
        if not opens_with(entry, key):
            discard(entry, order.keys, order.home)
            entry = JobStore(identity).create(secure=secure, random=order.random)
            key = self._content_key(client, source, track, entry)
        if entry.state is JobState.COMPLETED:
            return _Ready(entry=entry, key=key, job=None)
        if self._is_stopped():
            return None
        maker = JobMaker(
            client=client,
            fetcher=self._small_fetcher(),
            source=source,
            media=offer.media,
            track=track,
            trust=None if keys is None else trust_of(keys),
            convert=order.convert,
            transport_key=self._transport_key(client, source, track, entry) if is_private else None,
        )
        job = maker.make(entry.download_id, secure=secure)
        mirrors = maker.mirrors()
        return _Ready(entry=entry, key=key, job=job, job_id=track.job_id, mirrors=mirrors)

    def _small_fetcher(self) -> HttpFetcher:
        return HttpFetcher(
            fetcher_config(self._order.config),
            clock=self._order.clock,
            should_stop=self._is_stopped,
        )

    def _content_key(
        self, client: RpcClient, source: Source, track: TrackInfo, entry: JobEntry
    ) -> bytes:
        order = self._order
        if not entry.secure:
            return plain_content_key(order.home, entry.download_id, order.random)
        wish = self._wish(source, track, entry)
        return secure_content_key(client, unlocked(order.keys), wish, order.random)

    def _transport_key(
        self, client: RpcClient, source: Source, track: TrackInfo, entry: JobEntry
    ) -> bytes:
        wish = self._wish(source, track, entry)
        return private_transport_key(client, unlocked(self._order.keys), wish, secure=entry.secure)

    def _wish(self, source: Source, track: TrackInfo, entry: JobEntry) -> KeyWish:
        return KeyWish(
            vid=source.vid,
            job_id=track.job_id,
            index=track.index,
            download_id=entry.download_id,
            now=self._order.clock.now(),
        )

    def _work(self, ready: _Ready, live: LiveSource) -> str | None:
        identity = ready.entry.identity
        if ready.job is not None:
            task = DownloadTask(
                identity,
                ready.job,
                ready.key,
                listener=self._relay,
                should_stop=self._is_stopped,
                fetcher=fetcher_config(self._order.config, self._order.rate),
                clock=self._order.clock,
                mirrors=ready.mirrors,
                renewer=self._renewer(ready, ready.job, live),
            )
            result = task.run()
            if result is None:
                return None
            self._relay.unchecked = result.unchecked
        self._relay.finish()
        return final_path(identity, secure=ready.entry.secure)

    def _renewer(self, ready: _Ready, job: JobSpec, live: LiveSource) -> SourceRenewer:
        order = self._order
        return SourceRenewer(
            RenewalParts(
                live=live,
                job=job,
                index=ready.entry.identity.index,
                job_id=ready.job_id,
                mirror_count=1 + len(ready.mirrors),
                config=order.config,
                addresses=MediaAddresses(fetcher=self._small_fetcher(), convert=order.convert),
                clock=order.clock,
                is_stopped=self._is_stopped,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A download that lacks nothing but the work."""

    entry: JobEntry
    key: bytes = field(repr=False)
    job: JobSpec | None
    """None when the file is finished already."""

    job_id: str = ""
    """The stream, for ever; empty where the service was not asked."""

    mirrors: Urls = ()
    """Where else its segments are."""
