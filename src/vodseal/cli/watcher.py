"""Watches a downloader: its listeners become events and bars, its errors exceptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from vodseal.errors import DownloadError
from vodseal.sdk.meter import Meter

if TYPE_CHECKING:
    from vodseal.cli.bars import Bars
    from vodseal.cli.interrupts import Interrupts
    from vodseal.cli.terminal import Terminal
    from vodseal.clock import Clock
    from vodseal.media.tracks import MediaInfo
    from vodseal.sdk.downloader import MediaDownloader

__all__ = ["Watcher"]

_LOOK_SECONDS: Final = 0.1
_WHOLE: Final = 100


class Watcher:
    """The listeners of one downloader, and the wait for its runs, on the main thread."""

    def __init__(
        self,
        downloader: MediaDownloader,
        terminal: Terminal,
        bars: Bars,
        interrupts: Interrupts,
        clock: Clock,
    ) -> None:
        """Begin to listen."""
        self._downloader = downloader
        self._terminal = terminal
        self._bars = bars
        self._interrupts = interrupts
        self._meter = Meter(clock)
        downloader.set_on_progress_listener(self._on_downloading, self._on_processing)

    def tell_tracks(self, media: MediaInfo) -> None:
        """Tell what the video offers."""
        tracks = [
            {
                "index": track.index,
                "definition": track.vod_definition,
                "format": track.vod_format,
                "size": track.vod_file_size,
                "width": track.video_width,
                "height": track.video_height,
                "encrypt_type": track.encrypt_type,
            }
            for track in media.tracks
        ]
        self._terminal.event(
            "prepared",
            vid=media.video_id,
            title=media.title,
            duration=media.duration,
            tracks=tracks,
        )

    def wait(self) -> None:
        """Return when the run has ended well.

        Raises:
            DownloadError: It failed; the number is the listener's. What was
                fetched is kept.
            OperatorError: ``INTERRUPTED``: Ctrl-C. The run was stopped, and what
                was fetched is kept.
        """
        while not self._downloader.wait(_LOOK_SECONDS):
            self._show()
            if self._interrupts.is_heard():
                self._downloader.stop()
                self._interrupts.check()
        self._show()
        error = self._downloader.last_error
        if error is not None:
            raise DownloadError(
                error.code, error.message, remedy=error.remedy, request_id=error.request_id
            )

    def _show(self) -> None:
        progress = self._downloader.progress
        total = progress.total_size
        if progress.done_size or progress.downloading:
            self._bars.update("downloading", progress.done_size, total)
        if progress.processing:
            whole = total or progress.done_size
            self._bars.update("processing", whole * progress.processing // _WHOLE, whole)

    def _on_downloading(self, percent: int) -> None:
        progress = self._downloader.progress
        told = self._meter.measure(progress.done_size, progress.total_size, percent)
        self._terminal.event("downloading", **told)

    def _on_processing(self, percent: int) -> None:
        self._terminal.event("processing", percent=percent)
