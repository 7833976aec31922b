"""A queue whose downloads go as the test says, looked at step by step."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vodseal.download.rate import RateLimit
from vodseal.sdk.manager.model import DownloadItem, Edit
from vodseal.sdk.manager.reconcile import QueueRules
from vodseal.sdk.manager.runner import QueueRunner
from vodseal.sdk.manager.runs import RunSettings
from vodseal.sdk.manager.store import QueueStore
from vodseal.testing.clock import FakeClock
from vodseal.testing.downloader import FakeDownloads

if TYPE_CHECKING:
    from pathlib import Path

    from vodseal.error_codes import ErrorCode
    from vodseal.testing.downloader import FakeDownloader

__all__ = ["PATIENCE", "Stepped"]

PATIENCE = 30.0


@dataclass
class Stepped:
    """A runner without its thread."""

    save_dir: Path
    rules: QueueRules = field(default_factory=QueueRules)
    free: int | None = None
    clock: FakeClock = field(default_factory=FakeClock)
    downloads: FakeDownloads = field(default_factory=FakeDownloads)

    def __post_init__(self) -> None:
        self.woken = threading.Event()
        self.begin()

    def begin(self) -> None:
        """Open the queue as a new process does."""
        self.store = QueueStore(self.save_dir)
        self.store.hold()
        self.settings = RunSettings(
            rules=self.rules,
            make_downloader=self.downloads.make,
            clock=self.clock,
            rate=RateLimit(clock=self.clock),
            free_size=lambda _: self.free,
        )
        self.runner = QueueRunner(self.store, self.settings, wake=self.woken.set)

    def kill(self) -> None:
        """End as a killed process: nothing is told to anybody, nothing more is stored."""
        for one in self.downloads.made:
            one.release()
        self.downloads.made.clear()
        self.store.close()

    def add(self, *vids: str, **more: Any) -> list[int]:
        return [
            self.store.add(DownloadItem(**{"id": 0, "vid": vid, "index": 0} | more))[0].id
            for vid in vids
        ]

    def ask(self, edit: Edit, *vids: str) -> None:
        self.store.ask(edit, [self.item(vid).id for vid in vids] if vids else None)

    def item(self, vid: str) -> DownloadItem:
        return next(one for one in self.runner.view() if one.vid == vid)

    def states(self) -> dict[str, str]:
        return {one.vid: one.state.value for one in self.runner.view()}

    def at_work(self, vid: str) -> FakeDownloader:
        return self.downloads.wait_for(vid)

    def complete(self, vid: str) -> None:
        self.woken.clear()
        self.at_work(vid).complete()
        assert self.woken.wait(PATIENCE)
        self.runner.step()

    def fail(self, vid: str, code: ErrorCode) -> None:
        self.woken.clear()
        self.at_work(vid).fail(code)
        assert self.woken.wait(PATIENCE)
        self.runner.step()
