"""A clock that stands still until it is told to move."""

from __future__ import annotations

import threading
from typing import Final

from vodseal.clock import BootTime
from vodseal.errors import MisuseError

__all__ = ["DEFAULT_NOW", "FakeClock"]

DEFAULT_NOW: Final = 1_767_323_045.0
"""2026-01-02T03:04:05Z."""


class FakeClock:
    """A ``Clock`` for tests. Both times move together, unless the wall clock is set."""

    def __init__(self, now: float = DEFAULT_NOW) -> None:
        """Start at ``now``, UTC seconds; the monotonic time starts at zero."""
        self._lock = threading.Lock()
        self._now = now
        self._monotonic = 0.0
        self._booted_at = 0.0
        self._boots = 1

    def now(self) -> float:
        """Return UTC seconds since 1970."""
        with self._lock:
            return self._now

    def monotonic(self) -> float:
        """Return seconds since this clock was made."""
        with self._lock:
            return self._monotonic

    def boot_time(self) -> BootTime | None:
        """Return the seconds since this clock, or since it was rebooted."""
        with self._lock:
            return BootTime(
                boot_id=f"boot-{self._boots}", seconds=self._monotonic - self._booted_at
            )

    def reboot(self) -> None:
        """Start the machine anew, in no time."""
        with self._lock:
            self._boots += 1
            self._booted_at = self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            MisuseError: ``seconds`` is negative: see ``set_now``.
        """
        if seconds < 0:
            raise MisuseError("time passes forward; a user's clock is set by set_now()")
        with self._lock:
            self._now += seconds
            self._monotonic += seconds

    def set_now(self, now: float) -> None:
        """Set the wall clock, as a user may, also back. The monotonic time stays."""
        with self._lock:
            self._now = now
