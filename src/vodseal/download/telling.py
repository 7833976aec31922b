"""What a run tells its listener (client-surface B29).

Percents never go back within a run, not even when a piece has to be fetched
again; of the processing nothing is told before the download's 100; and a
percent or a byte count is told at most ten times a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from vodseal.clock import Clock
    from vodseal.download.job import JobListener
    from vodseal.download.plan import Meter

__all__ = ["Teller"]

_INTERVAL: Final = 0.1
_ALL: Final = 100


class Teller:
    """Stands before a listener for one run."""

    def __init__(self, listener: JobListener, clock: Clock) -> None:
        self._listener = listener
        self._clock = clock
        self._told_at = float("-inf")
        self._downloaded = -1
        self._processed = -1
        self._done = 0

    def downloading(self, meter: Meter, in_flight: int) -> None:
        """Tell how far the download is, when there is something new to tell."""
        self._done = max(self._done, meter.done + in_flight)
        now = self._clock.monotonic()
        if meter.percent > self._downloaded or now - self._told_at >= _INTERVAL:
            self._told_at = now
            self._tell(meter, meter.percent)

    def staged(self, meter: Meter) -> None:
        """Tell that every piece is here."""
        self._done = max(self._done, meter.done)
        if self._downloaded < _ALL:
            self._tell(meter, _ALL)
        self.processing(0)

    def processing(self, percent: int) -> None:
        """Tell how far the processing is, once for each percent."""
        if percent > self._processed:
            self._processed = percent
            self._listener.on_processing_progress(percent)

    def again(self, size: int) -> None:
        """Tell of a download that was finished before this run."""
        self._listener.on_download_progress(size, size, _ALL)
        self.processing(_ALL)

    def _tell(self, meter: Meter, percent: int) -> None:
        if self._downloaded == _ALL:
            return  # a piece is fetched again after the 100 was told
        self._downloaded = max(self._downloaded, percent)
        total = None if meter.total is None else max(meter.total, self._done)
        total = self._done if percent == _ALL else total
        self._listener.on_download_progress(self._done, total, self._downloaded)
