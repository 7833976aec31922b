"""The time, as an argument.

Nothing but this module asks the machine what time it is. Rules take the time as
a number; objects that need it again and again take a ``Clock``.
"""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> float:
        """Return UTC seconds since 1970."""

    def monotonic(self) -> float:
        """Return seconds from an unknown start, which never go back."""


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> float:
        """Return UTC seconds since 1970."""
        return time.time()  # noqa: TID251 - the one place

    def monotonic(self) -> float:
        """Return seconds from an unknown start, which never go back."""
        return time.monotonic()
