"""When a server that sends is too slow to be waited for.

A server that sends nothing is a stall, and easy to tell. One that drips bytes
never stalls, and never ends. What counts as dripping depends on the network: on
a poor one every transfer is slow, and giving them all up would only fetch the
same bytes again. So a transfer is measured against a floor that lies between two
numbers, and is a twentieth of the best that others reached a moment ago.
"""

from __future__ import annotations

from typing import Final

__all__ = ["HIGHEST_FLOOR", "LOWEST_FLOOR", "MEMORY_WINDOWS", "DripWatch", "floor"]

LOWEST_FLOOR: Final = 1 << 10
"""Bytes per second below which a transfer is given up on any network."""

HIGHEST_FLOOR: Final = 16 << 10
"""Bytes per second that are waited for on any network, however fast the others are."""

_SHARE: Final = 1 / 20
MEMORY_WINDOWS: Final = 2
"""For how many windows the best speed is remembered."""


def floor(best: float) -> float:
    """Return the bytes per second below which a transfer drips; ``best``: what others reached."""
    return max(LOWEST_FLOOR, min(HIGHEST_FLOOR, best * _SHARE))


class DripWatch:
    """The speeds of one fetcher's transfers, by windows of ``window`` seconds."""

    def __init__(self, window: float) -> None:
        """Know of no speed yet."""
        self.window = window
        self._best = 0.0
        self._best_at = float("-inf")

    def note(self, speed: float, now: float) -> None:
        """Remember that a transfer reached ``speed``, in bytes per second."""
        if speed >= self.best(now):
            self._best, self._best_at = speed, now

    def best(self, now: float) -> float:
        """Return the best speed of late; 0 when none is known."""
        return self._best if now - self._best_at <= MEMORY_WINDOWS * self.window else 0.0

    def is_dripping(self, size: int, seconds: float, now: float) -> bool:
        """Tell whether ``size`` bytes in a whole window of ``seconds`` are too few."""
        return seconds >= self.window and size / seconds < floor(self.best(now))
