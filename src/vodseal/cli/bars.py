"""Progress bars: bytes, speed and time left, one bar for each phase."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["Bars"]

_REFRESH_PER_SECOND: Final = 8


class Bars:
    """The bars of one command. Without a stream, nothing is shown and rich is not loaded."""

    def __init__(self, stream: TextIO | None) -> None:
        """Draw on ``stream``, when it is a terminal."""
        self._progress: Progress | None = _make(stream) if stream else None
        self._tasks: dict[str, TaskID] = {}

    def update(self, phase: str, done: int, total: int | None) -> None:
        """Show ``done`` of ``total`` bytes of a phase; its bar appears with the first."""
        if self._progress is None:
            return
        if phase not in self._tasks:
            self._tasks[phase] = self._progress.add_task(phase, total=total)
        self._progress.update(self._tasks[phase], completed=done, total=total)

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()


def _make(stream: TextIO) -> Progress:
    from rich.console import Console  # noqa: PLC0415 - rich takes 0.2 s, most commands need none
    from rich.progress import (  # noqa: PLC0415 - as above
        BarColumn,
        DownloadColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    return Progress(
        TextColumn("{task.description:<12}"),
        BarColumn(),
        TaskProgressColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        console=Console(file=stream),
        refresh_per_second=_REFRESH_PER_SECOND,
    )
