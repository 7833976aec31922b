"""When processing may work beside the download.

A network is mostly slower than the machine, and then the film is made while its
pieces arrive. Where it is not, both would want the same processors and the pipe
would wait for the film: then the film waits, until the last piece is staged.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.clock import Clock

__all__ = ["Pace"]

_WINDOW: Final = 0.2
"""Seconds between two measurements."""
_BUSY: Final = 0.5
"""Share of all processors from which on the download is left alone."""


class Pace:
    """Measures how much of the machine this process takes."""

    def __init__(
        self,
        clock: Clock,
        *,
        cpu_seconds: Callable[[], float] | None = None,
        cores: int | None = None,
    ) -> None:
        """Begin to measure; ``cpu_seconds`` returns what all threads have used."""
        self._clock = clock
        self._cpu_seconds = cpu_seconds or _cpu_seconds
        self._cores = cores or os.cpu_count() or 1
        self._at = clock.monotonic()
        self._used = self._cpu_seconds()
        self._has_time = True

    def leaves_time(self) -> bool:
        """Return whether there is time for something else, as last measured."""
        passed = self._clock.monotonic() - self._at
        if passed >= _WINDOW:
            used = self._cpu_seconds()
            self._has_time = used - self._used < _BUSY * self._cores * passed
            self._at += passed
            self._used = used
        return self._has_time


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system
