"""One device with one app, and what the app hears."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from vodseal import DownloaderConfig, MediaDownloader
from vodseal.vault import key_service

if TYPE_CHECKING:
    from pathlib import Path

    from tests.behaviours.house import App, House
    from tests.behaviours.wire import Wire

    from vodseal import ErrorInfo, MediaInfo, VidAuth, VidSts
    from vodseal.clock import Clock

__all__ = ["Ear", "Phone"]

PATIENCE = 60.0


class Ear:
    """Hears everything a downloader tells, in order."""

    def __init__(self, downloader: MediaDownloader) -> None:
        self.downloader = downloader
        self.heard: list[tuple[str, Any]] = []
        self._changed = threading.Condition()
        downloader.set_on_prepared_listener(lambda media: self._hear("prepared", media))
        downloader.set_on_progress_listener(
            lambda percent: self._hear("downloading", percent),
            lambda percent: self._hear("processing", percent),
        )
        downloader.set_on_completion_listener(lambda: self._hear("completed", None))
        downloader.set_on_error_listener(lambda info: self._hear("error", info))

    def _hear(self, name: str, value: object) -> None:
        with self._changed:
            self.heard.append((name, value))
            self._changed.notify_all()

    @property
    def names(self) -> list[str]:
        with self._changed:
            return [name for name, _ in self.heard]

    def values(self, name: str) -> list[Any]:
        with self._changed:
            return [value for heard, value in self.heard if heard == name]

    def wait_for(self, name: str, *, least: int = 0) -> Any:
        """Wait until ``name`` is heard (of percent: at least ``least``), and return its value."""

        def value() -> Any:
            found = [v for heard, v in self.heard if heard == name and (not least or v >= least)]
            return found[-1:]

        with self._changed:
            ended = ("error", "completed")
            assert self._changed.wait_for(
                lambda: value() or any(heard in ended for heard, _ in self.heard), PATIENCE
            ), self.heard
            assert value(), self.heard
            return value()[0]

    def forget(self) -> None:
        with self._changed:
            self.heard.clear()


@dataclass(slots=True)
class Phone:
    """A home folder, a save dir, and the app's security file when it is loaded."""

    folder: Path
    house: House
    clock: Clock | None = None
    """The device's own clock, when it is not the house's."""

    downloaders: list[MediaDownloader] = field(default_factory=list)

    @property
    def save_dir(self) -> Path:
        return self.folder / "films"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def load(self, app: App) -> Self:
        """Load the app's security file, as the app does at its start."""
        key_service.install(app.security_file, app.identity, app.private_string, self.home)
        return self

    def downloader(self, wire: Wire | None = None, **config: Any) -> tuple[MediaDownloader, Ear]:
        """Return a new downloader with its save dir set, and an ear for it."""
        made = MediaDownloader(clock=self.clock or self.house.clock)
        made.set_save_dir(self.save_dir)
        if wire is not None:
            config["http_proxy"] = wire.server.url
        made.set_downloader_config(DownloaderConfig(**config))
        self.downloaders.append(made)
        return made, Ear(made)

    def prepare(
        self, source: VidSts | VidAuth, wire: Wire | None = None
    ) -> tuple[MediaInfo, MediaDownloader, Ear]:
        """Prepare, and return what came of it."""
        downloader, ear = self.downloader(wire)
        downloader.prepare(source)
        return ear.wait_for("prepared"), downloader, ear

    def refusal(self, source: VidSts | VidAuth) -> ErrorInfo:
        """Prepare, and return why it was refused."""
        downloader, ear = self.downloader()
        downloader.prepare(source)
        info: ErrorInfo = ear.wait_for("error")
        assert ear.names == ["error"]
        return info

    def ready(
        self, source: VidSts | VidAuth, index: int = 0, wire: Wire | None = None
    ) -> tuple[MediaDownloader, Ear]:
        """Return a downloader that lacks nothing but its start, without a prepare."""
        downloader, ear = self.downloader(wire)
        downloader.select_item(index)
        downloader.update_source(source)
        return downloader, ear

    def download(
        self, source: VidSts | VidAuth, index: int = 0, wire: Wire | None = None
    ) -> tuple[Path, Ear]:
        """Download to the end, and return the finished file."""
        downloader, ear = self.ready(source, index, wire)
        downloader.start()
        ear.wait_for("completed")
        return type(self.folder)(downloader.get_file_path()), ear

    def staged(self) -> list[tuple[int, int]]:
        """Return which pieces are durable in the one job of this device."""
        (journal,) = self.save_dir.glob(".vseal/*/job.db")
        with contextlib.closing(sqlite3.connect(journal)) as database:
            return database.execute("SELECT sequence, number FROM piece ORDER BY 1, 2").fetchall()

    def close(self) -> None:
        for downloader in self.downloaders:
            downloader.release()
        key_service.uninstall()
