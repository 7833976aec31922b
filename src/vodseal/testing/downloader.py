"""A downloader without a network: a test says how its run goes.

It is what a ``DownloadManager`` needs of a ``MediaDownloader``, and keeps its
promises: listeners are called one at a time on the SDK's thread, exactly one at
the end of a run, and none after ``release`` has returned.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vodseal.download.files import open_job_folder
from vodseal.download.index import JobStore
from vodseal.download.job import Identity
from vodseal.download.journal import JobState, Journal
from vodseal.download.rate import RateLimit
from vodseal.download.states import State
from vodseal.errors import DownloadError, MisuseError
from vodseal.sdk.dispatcher import shared_dispatcher
from vodseal.sdk.error_info import error_info
from vodseal.sdk.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.error_codes import ErrorCode
    from vodseal.sdk.config import DownloaderConfig
    from vodseal.sdk.credentials import CredentialProvider
    from vodseal.sdk.error_info import ErrorInfo
    from vodseal.sdk.sources import Source

__all__ = ["FakeDownloader", "FakeDownloads"]

_FORMAT: Final = "m3u8"
_PATIENCE: Final = 30.0


class FakeDownloads:
    """Makes downloaders, and finds the one at work for a vid. ``make`` is what a manager takes."""

    def __init__(self) -> None:
        self.made: list[FakeDownloader] = []
        """All of them, in the order in which they started."""
        self._changed = threading.Condition()

    def make(self) -> FakeDownloader:
        """Return a new downloader."""
        return FakeDownloader(self)

    def running(self) -> list[str]:
        """Return the vids that are at work, in the order in which they started."""
        with self._changed:
            return [one.vid for one in self.made if one.state is State.DOWNLOADING]

    def wait_for(self, vid: str) -> FakeDownloader:
        """Return the downloader at work for ``vid``; wait until there is one.

        Raises:
            MisuseError: There is none after half a minute.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: vid in self.running(), _PATIENCE):
                raise MisuseError(f"nothing downloads {vid}")
            return next(
                one for one in self.made if one.vid == vid and one.state is State.DOWNLOADING
            )

    def note(self, downloader: FakeDownloader) -> None:
        """Hear that a downloader starts."""
        with self._changed:
            self.made.append(downloader)
            self._changed.notify_all()


class FakeDownloader:
    """One run, as a test tells it."""

    def __init__(self, downloads: FakeDownloads) -> None:
        self.rate_limit = RateLimit()
        self.sources: list[Source] = []
        """Every source that it was given, in order."""
        self.config: DownloaderConfig | None = None
        self.provider: CredentialProvider | None = None
        self.index = 0
        self.state = State.IDLE
        self.progress = Progress()
        self._downloads = downloads
        self._save_dir = ""
        self._on_completion: Callable[[], object] | None = None
        self._on_error: Callable[[ErrorInfo], object] | None = None
        self._channel = shared_dispatcher().open()

    @property
    def vid(self) -> str:
        """The vid of its source."""
        return self.sources[-1].vid if self.sources else ""

    def set_save_dir(self, save_dir: str) -> None:
        """Choose the folder."""
        self._save_dir = save_dir

    def select_item(self, index: int) -> None:
        """Choose the track."""
        self.index = index

    def update_source(self, source: Source) -> None:
        """Take a source."""
        self.sources.append(source)

    def set_downloader_config(self, config: DownloaderConfig) -> None:
        """Take the network settings."""
        self.config = config

    def set_credential_provider(self, provider: CredentialProvider | None) -> None:
        """Take the provider; it is never asked."""
        self.provider = provider

    def set_on_completion_listener(self, listener: Callable[[], object] | None) -> None:
        """Have ``listener`` called when the test says that it is completed."""
        self._on_completion = listener

    def set_on_error_listener(self, listener: Callable[[ErrorInfo], object] | None) -> None:
        """Have ``listener`` called when the test says that it fails."""
        self._on_error = listener

    def get_file_path(self) -> str:
        """Return where the finished file is."""
        return str(Path(self._save_dir) / f"{self._identity.name}.vseal")

    def start(self) -> None:
        """Wait for what the test says."""
        self.state = State.DOWNLOADING
        self._downloads.note(self)

    def release(self) -> None:
        """End; no listener is called any more."""
        self._channel.close()
        self.state = State.RELEASED

    def advance(
        self, downloading: int, *, processing: int = 0, done: int = 0, total: int | None = None
    ) -> None:
        """Be so far."""
        self.progress = Progress(
            downloading=downloading, processing=processing, done_size=done, total_size=total
        )

    def write_file(self) -> None:
        """Put a finished file in place, as a run does just before its end."""
        entry = JobStore(self._identity).create(secure=True, random=bytes)
        with open_job_folder(self._identity) as folder:
            with Journal.open(folder, self._save_dir) as journal:
                journal.begin(replace(entry, state=JobState.COMPLETED))
            folder.sync()
        Path(self.get_file_path()).write_bytes(b"sealed")

    def complete(self) -> None:
        """Finish: the file is in place, and the listener hears of it."""
        self.write_file()
        self.advance(100, processing=100, total=self.progress.total_size)
        self.state = State.COMPLETED
        if self._on_completion is not None:
            self._channel.finish(self._on_completion)

    def fail(self, code: ErrorCode) -> None:
        """Give up."""
        self.state = State.FAILED
        info = error_info(DownloadError(code, "the test says so"))
        listener = self._on_error
        if listener is not None:
            self._channel.finish(lambda: listener(info))

    @property
    def _identity(self) -> Identity:
        return Identity(save_dir=self._save_dir, vid=self.vid, format=_FORMAT, index=self.index)
