"""One download, from a job to a file that plays.

What ``run`` promises, in order of weight:

1. It returns a path only after the file was read back and has its name, durably.
2. It never has to be helped: after a kill, a stop or an error, a new task with
   the same identity goes on from the pieces that are durable, also under fresh
   URLs, and without the network when all are there.
3. In secure mode no plaintext and no unwrapped key is written anywhere.
4. Processing runs beside the download, in its own process, but its progress is
   told only after the download's 100 (client-surface B29).

What is told on the listener comes from the thread that called ``run``.
"""

from __future__ import annotations

import random
import sqlite3
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vodseal.clock import SystemClock
from vodseal.download.addresses import AddressBook
from vodseal.download.curl_fetcher import CurlFetcher
from vodseal.download.disk_errors import disk_error
from vodseal.download.fetch import FetcherConfig
from vodseal.download.files import (
    final_name,
    final_path,
    locked,
    open_job_folder,
    remove_stage,
    save_folder,
)
from vodseal.download.job import DownloadResult
from vodseal.download.journal import JobState, Journal
from vodseal.download.record import seal_job
from vodseal.download.retry import RetryPolicy
from vodseal.download.round import Again, Round, RoundParts
from vodseal.download.telling import Teller
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, MisuseError
from vodseal.switching import quick_switching

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.clock import Clock
    from vodseal.download.addresses import Renewer, Urls
    from vodseal.download.fetch import Fetcher
    from vodseal.download.folder import Folder
    from vodseal.download.job import Identity, JobListener, JobSpec

__all__ = ["DownloadTask"]

_MAX_ROUNDS: Final = 3
_random: Final = random.Random()  # noqa: S311 - it spreads pauses, and keeps no secret


class DownloadTask:
    """One run of one download. Its job was begun with ``JobStore.create``."""

    def __init__(
        self,
        identity: Identity,
        job: JobSpec,
        content_key: bytes,
        *,
        listener: JobListener,
        should_stop: Callable[[], bool],
        fetcher: FetcherConfig | None = None,
        policy: RetryPolicy | None = None,
        clock: Clock | None = None,
        make_fetcher: Callable[[FetcherConfig, Clock], Fetcher] = CurlFetcher,
        mirrors: Urls = (),
        renewer: Renewer | None = None,
        jitter: Callable[[], float] = _random.random,
    ) -> None:
        """Touch nothing yet. ``should_stop`` is asked many times a second, on one thread.

        A relative save dir is seen from where the process is now. ``mirrors`` are
        URLs of the job's segments on other servers than those in the job, and
        ``renewer`` gives fresh URLs for all of them.
        """
        identity = replace(identity, save_dir=str(Path(identity.save_dir).absolute()))
        self._identity = identity
        self._clock = clock or SystemClock()
        self._listener = listener
        own = tuple(segment.url for segment in job.segments)
        self._book = AddressBook((own, *mirrors), self._clock, renewer)
        self._parts = RoundParts(
            identity=identity,
            job=job,
            content_key=content_key,
            should_stop=should_stop,
            fetcher=fetcher or FetcherConfig(),
            policy=policy or RetryPolicy(),
            clock=self._clock,
            make_fetcher=make_fetcher,
            book=self._book,
            jitter=jitter,
        )

    def run(self) -> DownloadResult | None:
        """Return the finished download; None when it was stopped.

        Raises:
            DownloadError: NET_ERROR, URL_CANNOT_REACH, NO_SPACE, WRITE_ERROR,
                CANNOT_CREATE_SAVE_DIR, NOT_SUPPORT_FORMAT, ENCRYPT_ERROR, or
                CLEAN_WRONG_STATUS when another task is at work on it. Durable
                pieces are kept.
            MisuseError: The job was not begun, or under another id or mode.
        """
        try:
            with quick_switching(), open_job_folder(self._identity) as folder, locked(folder):
                return self._run(folder)
        except (OSError, sqlite3.Error) as error:
            save_dir = self._identity.save_dir
            raise disk_error(error, deed="keep the download", folder=save_dir) from error
        finally:
            self._book.close()

    def _run(self, folder: Folder) -> DownloadResult | None:
        job = self._parts.job
        with ExitStack() as stack:
            try:
                journal = stack.enter_context(Journal.open(folder, self._identity.save_dir))
            except FileNotFoundError as error:
                raise MisuseError("begin the job with JobStore.create() first") from error
            entry = journal.entry()
            if entry is None or (entry.download_id, entry.secure) != (job.download_id, job.secure):
                raise MisuseError("the job on disk has another download id or mode")
            teller = Teller(self._listener, self._clock)
            if entry.state is JobState.COMPLETED:
                return self._result_of_before(folder, teller)
            journal.set_record(seal_job(job, self._parts.content_key))
            for _ in range(_MAX_ROUNDS):
                result = Round(self._parts, folder, journal, teller).run()
                if result is not Again.NEEDED:
                    return result
        msg = "staged pieces were altered again and again"
        raise DownloadError(ErrorCode.WRITE_ERROR, msg)

    def _result_of_before(self, folder: Folder, teller: Teller) -> DownloadResult:
        remove_stage(folder)  # a crash may have left it
        secure = self._parts.job.secure
        with save_folder(self._identity) as save:
            size = save.size(final_name(self._identity, secure=secure))
        if size is None:
            raise MisuseError("the finished file is gone: begin with JobStore.create()")
        teller.again(size)
        return DownloadResult(
            path=final_path(self._identity, secure=secure),
            size=size,
            received_bytes=0,
            unchecked=(),
        )
