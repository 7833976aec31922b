"""The viewer's app: the vendor's own sequence of calls, against the public SDK."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vodseal import MediaDownloader, PrivateService
from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError
from vodseal.sdk.sources import source_from_json

if TYPE_CHECKING:
    from vodseal import ErrorInfo, MediaInfo
    from vodseal.clock import Clock
    from vodseal.demo.report import DemoReport

__all__ = ["Viewer"]

_LONGEST_SECONDS = 6 * 3600.0


class Viewer:
    """One download. As the downloader's delegate it keeps all that it hears."""

    def __init__(self, report: DemoReport, clock: Clock) -> None:
        """Nothing is fetched yet."""
        self._report = report
        self._clock = clock
        self._ended = threading.Event()
        self._error: ErrorInfo | None = None
        self._media: MediaInfo | None = None
        self._moments: dict[str, float] = {}
        self.percents: dict[str, list[int]] = {"download": [], "processing": []}
        self.path = Path()

    def download(self, vid: str, save_dir: Path, sources: tuple[Path, Path], app: Path) -> None:
        """Prepare with the first source file, start with the second, wait for the end.

        ``app`` is the folder of an app with its security file and private string
        beside it (``demo.operator.App``).

        Raises:
            OperatorError: CHECK_FAILED, with what the SDK said.
        """
        PrivateService.init_service(
            app.with_suffix(".dat"), app=app, app_key=app.with_suffix(".key")
        )
        first, second = (replace(source_from_json(file.read_text()), vid=vid) for file in sources)
        downloader = MediaDownloader()
        downloader.set_save_dir(str(save_dir))
        downloader.set_delegate(self)
        self._mark("prepare")
        downloader.prepare(first)
        self._wait("prepare")
        media = self._media
        if media is None or not media.tracks:
            raise OperatorError(ErrorCode.CHECK_FAILED, "prepare gave no tracks")
        names = ", ".join(
            f"{t.vod_definition} {t.vod_format} {t.vod_file_size / 1e6:.1f} MB"
            for t in media.tracks
        )
        self._report.check("prepare lists the tracks", ok=True, detail=names)
        best = max(media.tracks, key=lambda track: track.vod_file_size)
        downloader.select_item(best.index)
        downloader.update_source(second)
        self._report.sizes["download"] = self._report.sizes["processing"] = best.vod_file_size
        self._mark("download")
        downloader.start()
        self._wait("start")
        downloader.stop()
        downloader.release()

    def on_prepared(self, _downloader: object, media: MediaInfo) -> None:
        """Keep the tracks."""
        self._media = media
        self._done("prepare")
        self._ended.set()

    def on_downloading_progress(self, _downloader: object, percent: int) -> None:
        """Show the first bar."""
        self.percents["download"].append(percent)
        self._show("downloading", percent)
        if percent == 100:  # noqa: PLR2004 - per cent
            self._done("download")
            self._mark("processing")

    def on_processing_progress(self, _downloader: object, percent: int) -> None:
        """Show the second bar."""
        self.percents["processing"].append(percent)
        self._show("processing", percent)

    def on_completion(self, downloader: MediaDownloader) -> None:
        """Keep the path."""
        self._done("processing")
        self.path = Path(downloader.get_file_path() or "")
        self._ended.set()

    def on_error(self, _downloader: object, error: ErrorInfo) -> None:
        """Keep what the SDK said."""
        self._error = error
        self._ended.set()

    def _wait(self, what: str) -> None:
        if not self._ended.wait(_LONGEST_SECONDS):
            raise OperatorError(ErrorCode.CHECK_FAILED, f"{what} did not end")
        self._ended.clear()
        if self._error is not None:
            raise OperatorError(ErrorCode.CHECK_FAILED, f"{what}: {self._error}")

    def _mark(self, name: str) -> None:
        self._moments[name] = self._clock.monotonic()

    def _done(self, name: str) -> None:
        self._report.seconds.setdefault(name, self._clock.monotonic() - self._moments[name])

    def _show(self, phase: str, percent: int) -> None:
        total = self._report.sizes["download"]
        self._report.reporter.progress(phase, total * percent // 100, total)
