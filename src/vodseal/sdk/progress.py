"""From the engine's numbers to what a listener hears (B29).

Whole percent from 0 to 100, each at most once, never fewer than before; 100 of
the download before the first of the processing, 100 of both before completion.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Progress", "ProgressRelay"]

_ALL: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is."""

    downloading: int = 0
    """Percent."""

    processing: int = 0
    """Percent."""

    done_size: int = 0
    """Bytes that are here."""

    total_size: int | None = None
    """Bytes of the whole stream, when it is known."""


class ProgressRelay:
    """The engine's ``JobListener``. Called on one thread."""

    def __init__(
        self,
        *,
        on_downloading: Callable[[int], object],
        on_processing: Callable[[int], object],
        on_staged: Callable[[], object],
    ) -> None:
        """Take whom to tell. ``on_staged`` comes once, before the first processing percent."""
        self._on_downloading = on_downloading
        self._on_processing = on_processing
        self._on_staged = on_staged
        self._told_downloading = -1
        self._told_processing = -1
        self.latest = Progress()
        self.unchecked: tuple[str, ...] = ()
        """What could not be checked of what was fetched, in words."""

    def on_download_progress(self, done: int, total: int | None, percent: int) -> None:
        """Hear of bytes and percent; tell the percent when it has grown."""
        percent = min(max(percent, self._told_downloading, 0), _ALL)
        self.latest = replace(self.latest, downloading=percent, done_size=done, total_size=total)
        if percent > self._told_downloading:
            self._told_downloading = percent
            self._on_downloading(percent)

    def on_processing_progress(self, percent: int) -> None:
        """Hear of percent; tell it when it has grown."""
        if self._told_processing < 0:
            self.on_download_progress(self.latest.done_size, self.latest.total_size, _ALL)
            self._on_staged()
        percent = min(max(percent, self._told_processing, 0), _ALL)
        self.latest = replace(self.latest, processing=percent)
        if percent > self._told_processing:
            self._told_processing = percent
            self._on_processing(percent)

    def finish(self) -> None:
        """Bring both to 100, before completion is told."""
        self.on_processing_progress(_ALL)
