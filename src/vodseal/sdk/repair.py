"""Make a finished download whole again (``vodseal verify --repair``, SPEC container §10).

The file is read from end to end; what is damaged is fetched again, and nothing else,
where its parts can be mended one by one. Where they cannot, or where the file is gone
or was never finished, the answer is that a download has to make it; this begins it
anew under the same license where it has to, and the old file stays until then.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vodseal.clock import SystemClock
from vodseal.container.header import Header
from vodseal.container.layout import HEADER_SIZE
from vodseal.download.curl_fetcher import CurlFetcher
from vodseal.download.disk_errors import disk_error
from vodseal.download.excerpt import ExcerptNeeds
from vodseal.download.head import FileHead
from vodseal.download.index import JobStore
from vodseal.download.job import Identity, JobSpec, SourceKind
from vodseal.download.journal import JobState
from vodseal.download.mending import Mender
from vodseal.download.retry import RetryPolicy
from vodseal.download.small_fetch import HttpFetcher
from vodseal.download.survey import Survey, survey
from vodseal.errors import (
    DownloadError,
    FormatError,
    LicenseMissingError,
    MalformedError,
    MisuseError,
    NotSealedError,
    RequestError,
    StoppedError,
)
from vodseal.media.encryption import EncryptType
from vodseal.sdk.config import DownloaderConfig
from vodseal.sdk.content_key import KeyWish, trust_of, unlocked
from vodseal.sdk.job_maker import JobMaker
from vodseal.sdk.network import fetcher_config
from vodseal.sdk.offer import choose_track, fetch_offer
from vodseal.sdk.transport import RpcClient
from vodseal.sdk.transport_key import private_transport_key
from vodseal.vault import key_service
from vodseal.vault.sealed_files import FileSource

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from vodseal.clock import Clock
    from vodseal.container.source import Source as ByteSource
    from vodseal.sdk.sources import Source
    from vodseal.vault.key_service import KeyService

__all__ = ["FileRepair", "RepairOutcome", "RepairResult", "identity_of"]

_NAME: Final = re.compile(r"(?P<vid>.+)_(?P<format>[a-z0-9]{1,8})_(?P<index>[0-9]{1,9})\.vseal")


class RepairOutcome(StrEnum):
    """What came of it."""

    WHOLE = "whole"
    """Nothing was wrong with the file."""

    MENDED = "mended"
    """It is whole now."""

    DOWNLOAD_NEEDED = "download-needed"
    """The next download of this track makes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairResult:
    """What was found, and what was done."""

    outcome: RepairOutcome
    bad_size: int = 0
    """Bytes of the film that did not open; 0 where only its bookkeeping was damaged."""

    received_bytes: int = 0
    reason: str = ""
    """Why a download is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRepair:
    """One repair. It uses the security file of ``PrivateService``."""

    path: str | os.PathLike[str]
    """Where the download put the file, under the name that it gave it."""

    source: Source = field(repr=False)
    on_share: Callable[[str, float], None]
    """Hears what is done, "verifying" or "mending", and from 0.0 to 1.0."""

    should_stop: Callable[[], bool]
    config: DownloaderConfig = field(default_factory=DownloaderConfig)
    clock: Clock = field(default_factory=SystemClock)
    policy: RetryPolicy = field(default_factory=RetryPolicy)

    def run(self) -> RepairResult:
        """Look at the file, and mend it.

        Raises:
            MisuseError: Its name is not that of a sealed download.
            DownloadError, RequestError: What is missing could not be fetched, or the
                file not be written. The old one is there.
            LicenseError, SecurityFileError: The file may not be opened.
            StoppedError: As ``should_stop`` said. The old file is there.
        """
        identity = identity_of(self.path)
        keys = unlocked(key_service.installed())
        try:
            entry = JobStore(identity).entry()
            if entry is not None and entry.state is not JobState.COMPLETED:
                return _download_needed("the download was not finished")
            with FileSource(Path(self.path)) as source:
                return self._run(identity, keys, source)
        except FileNotFoundError:
            return _download_needed("the file is gone")
        except (OSError, sqlite3.Error) as error:
            raise disk_error(error, deed="repair the file") from error
        except (RequestError, DownloadError) as error:
            if self.should_stop():
                raise StoppedError from error
            raise

    def _run(self, identity: Identity, keys: KeyService, source: ByteSource) -> RepairResult:
        copy = _copy(identity)
        download_id, content_key = self._content_key(keys, source, copy)
        try:
            found = survey(
                source, content_key, copy, lambda share: self.on_share("verifying", share)
            )
            if found.is_whole:
                return RepairResult(outcome=RepairOutcome.WHOLE)
            return self._mend(identity, keys, download_id, content_key, found)
        except MalformedError as error:
            JobStore(identity).begin_again(download_id)
            return _download_needed(error.message)

    def _content_key(
        self, keys: KeyService, source: ByteSource, copy: FileHead | None
    ) -> tuple[bytes, bytes]:
        """Return the id of the first header that there is a license for, and its key."""
        head = bytearray(min(HEADER_SIZE, source.size))
        source.read_into(0, memoryview(head))
        missing: LicenseMissingError | NotSealedError = NotSealedError()
        for data in (bytes(head), b"" if copy is None else copy.header):
            try:
                download_id = Header.peek(data).download_id
                return download_id, keys.open_content_key(download_id, self.clock.now())
            except LicenseMissingError as error:
                missing = error
            except FormatError:
                continue
        raise missing

    def _mend(
        self,
        identity: Identity,
        keys: KeyService,
        download_id: bytes,
        content_key: bytes,
        found: Survey,
    ) -> RepairResult:
        job = JobSpec(kind=SourceKind.HLS, download_id=download_id, secure=True, segments=())
        if found.bad:
            job = self._job(identity, keys, download_id)
        mended = Mender(
            found,
            ExcerptNeeds(
                identity=identity,
                job=job,
                fetcher=fetcher_config(self.config),
                policy=self.policy,
                clock=self.clock,
                listener=_Deaf(),
                should_stop=self.should_stop,
            ),
            content_key,
            make_fetcher=CurlFetcher,
            on_share=lambda share: self.on_share("mending", share),
        ).run()
        return RepairResult(
            outcome=RepairOutcome.MENDED,
            bad_size=mended.bad_size,
            received_bytes=mended.received_bytes,
        )

    def _job(self, identity: Identity, keys: KeyService, download_id: bytes) -> JobSpec:
        """Return the job that made the file, as the service tells it today."""
        source = replace(self.source, vid=identity.vid)
        with RpcClient.for_source(
            source, config=self.config, cancelled=self.should_stop, clock=self.clock
        ) as client:
            offer = fetch_offer(client, source, sealing=True)
            track = choose_track(offer, source, identity.index)
            terms = keys.licenses().held(download_id).terms
            if (track.job_id, track.vod_format) != (terms.track, identity.format):
                raise MalformedError("the service has another stream in its place now")
            wish = KeyWish(
                vid=identity.vid,
                job_id=track.job_id,
                index=track.index,
                download_id=download_id,
                now=self.clock.now(),
            )
            is_private = track.encrypt_type == EncryptType.PRIVATE
            return JobMaker(
                client=client,
                fetcher=HttpFetcher(
                    fetcher_config(self.config), clock=self.clock, should_stop=self.should_stop
                ),
                source=source,
                media=offer.media,
                track=track,
                trust=trust_of(keys),
                convert=None,
                transport_key=private_transport_key(client, keys, wish, secure=True)
                if is_private
                else None,
            ).make(download_id, secure=True)


class _Deaf:
    """Hears the progress of an excerpt, which is a small part of the work."""

    def on_download_progress(self, done: int, total: int | None, percent: int) -> None:
        """Hear nothing."""

    def on_processing_progress(self, percent: int) -> None:
        """Hear nothing."""


def identity_of(path: str | os.PathLike[str]) -> Identity:
    """Return which download a sealed file is, by its name.

    Raises:
        MisuseError: It is not the name that a download gives.
    """
    place = Path(path).absolute()
    named = _NAME.fullmatch(place.name)
    if named is None:
        raise MisuseError(
            f"{place.name} is not named as a download names it, so nobody knows its source",
            remedy="Give it the name that it had: VID_FORMAT_INDEX.vseal.",
        )
    return Identity(
        save_dir=str(place.parent),
        vid=named["vid"],
        format=named["format"],
        index=int(named["index"]),
    )


def _copy(identity: Identity) -> FileHead | None:
    """Return what the journal keeps of the file; None when it keeps nothing, or nothing whole."""
    told = JobStore(identity).head()
    return FileHead.decode(told) if told and len(told) > HEADER_SIZE else None


def _download_needed(reason: str) -> RepairResult:
    return RepairResult(outcome=RepairOutcome.DOWNLOAD_NEEDED, reason=reason)
