"""The time, as an argument.

Nothing but this module asks the machine what time it is. Rules take the time as
a number; objects that need it again and again take a ``Clock``.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Protocol

__all__ = ["BootTime", "Clock", "SystemClock"]

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class BootTime:
    """How long this machine runs, sleep included, and which of its runs this is."""

    boot_id: str
    seconds: float


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> float:
        """Return UTC seconds since 1970."""

    def monotonic(self) -> float:
        """Return seconds from an unknown start, which never go back."""

    def boot_time(self) -> BootTime | None:
        """Return how long the machine runs; None where the system does not say which run it is."""


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> float:
        """Return UTC seconds since 1970."""
        return time.time()  # noqa: TID251 - the one place

    def monotonic(self) -> float:
        """Return seconds from an unknown start, which never go back."""
        return time.monotonic()

    def boot_time(self) -> BootTime | None:
        """Return the seconds since the machine started, sleep included.

        Linux alone has both this clock and an id of the run that any user may read.
        Elsewhere None: what needs it then goes by the wall clock and its high-water
        mark alone.
        """
        boot_id = _boot_id()
        if sys.platform != "linux" or not boot_id:
            return None
        return BootTime(boot_id=boot_id, seconds=time.clock_gettime(time.CLOCK_BOOTTIME))


@cache
def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
