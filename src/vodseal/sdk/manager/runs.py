"""One run of a queue's download, and what the app decides about all of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from vodseal.download.states import State
from vodseal.sdk.manager.reconcile import Circumstances
from vodseal.sdk.meter import Meter
from vodseal.sdk.sources import VidSts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vodseal.clock import Clock
    from vodseal.download.rate import RateLimit
    from vodseal.sdk.config import DownloaderConfig
    from vodseal.sdk.credentials import CredentialProvider
    from vodseal.sdk.error_info import ErrorInfo
    from vodseal.sdk.manager.model import DownloadItem
    from vodseal.sdk.manager.reconcile import QueueRules
    from vodseal.sdk.progress import Progress
    from vodseal.sdk.sources import Source

__all__ = ["Downloader", "Ended", "Run", "RunSettings"]

_log = logging.getLogger(__name__)


class Downloader(Protocol):
    """What a queue needs of a ``MediaDownloader``, which says what each does."""

    @property
    def state(self) -> State:
        """Where it stands."""

    @property
    def progress(self) -> Progress:
        """How far its run is."""

    @property
    def rate_limit(self) -> RateLimit:
        """Its own cap."""

    def set_save_dir(self, save_dir: str) -> None:
        """Choose the folder."""

    def select_item(self, index: int) -> None:
        """Choose the track."""

    def update_source(self, source: Source) -> None:
        """Choose the credential."""

    def set_downloader_config(self, config: DownloaderConfig) -> None:
        """Choose the network settings."""

    def set_credential_provider(self, provider: CredentialProvider | None) -> None:
        """Choose who is asked for a credential."""

    def set_on_completion_listener(self, listener: Callable[[], object]) -> None:
        """Choose who hears of the end."""

    def set_on_error_listener(self, listener: Callable[[ErrorInfo], object]) -> None:
        """Choose who hears of an error."""

    def get_file_path(self) -> str:
        """Return where the file is."""

    def start(self) -> object:
        """Begin, or go on."""

    def release(self) -> None:
        """End, keep what is there, and tell nobody any more."""


@dataclass(slots=True, kw_only=True)
class RunSettings:
    """What an app decides about all runs, at any time; it counts from then on."""

    rules: QueueRules
    make_downloader: Callable[[], Downloader]
    clock: Clock
    rate: RateLimit
    free_size: Callable[[Path], int | None]
    config: DownloaderConfig | None = None
    provider: CredentialProvider | None = None
    is_metered: Callable[[], bool] | None = None
    sources: dict[tuple[str, int], Source] = field(default_factory=dict, repr=False)
    """The sources that were given for a vid and track. They live here alone (B51)."""

    def circumstances(self, save_dir: Path) -> Circumstances:
        """Return what the rules are held against now."""
        local = datetime.fromtimestamp(self.clock.now(), UTC).astimezone()
        return Circumstances(
            minute=local.hour * 60 + local.minute,
            is_metered=self._is_metered(),
            free_size=self.free_size(save_dir),
        )

    def _is_metered(self) -> bool:
        """Ask the app's hook; one that fails must not cost the user money."""
        if self.is_metered is None:
            return False
        try:
            return bool(self.is_metered())
        except Exception:  # noqa: BLE001 - the hook is the app's
            _log.exception("The hook that tells of metered networks raised")
            return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended: with a file, or an error."""

    run: Run
    path: str = ""
    error: ErrorInfo | None = None


class Run:
    """A downloader at work for one item."""

    def __init__(
        self,
        item: DownloadItem,
        settings: RunSettings,
        save_dir: Path,
        end: Callable[[Ended], object],
    ) -> None:
        """Make a downloader that lacks nothing but its start; ``end`` is told once at most."""
        self.item_id = item.id
        self.speed = 0
        self.seconds_left: float | None = None
        self.downloader = downloader = settings.make_downloader()
        self._meter = Meter(settings.clock)
        downloader.set_save_dir(str(save_dir))
        downloader.select_item(item.index)
        if settings.config is not None:
            downloader.set_downloader_config(settings.config)
        downloader.set_credential_provider(settings.provider)
        downloader.update_source(
            settings.sources.get((item.vid, item.index)) or VidSts(vid=item.vid)
        )
        downloader.rate_limit.parent = settings.rate
        downloader.rate_limit.bytes_per_second = item.bytes_per_second
        downloader.set_on_completion_listener(
            lambda: end(Ended(run=self, path=downloader.get_file_path()))
        )
        downloader.set_on_error_listener(lambda info: end(Ended(run=self, error=info)))

    def look(self) -> tuple[Progress, bool]:
        """Return how far it is, and whether it is processing; measure its speed on the way."""
        heard = self.downloader.progress
        told = self._meter.measure(heard.done_size, heard.total_size)
        self.speed, self.seconds_left = int(told["speed"] or 0), told["eta"]
        return heard, heard.processing > 0 or self.downloader.state is State.PROCESSING
