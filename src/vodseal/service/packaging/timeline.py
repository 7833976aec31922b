"""Make one line of time out of a source whose times jump.

Recordings that were joined byte by byte (MPEG transport and program streams)
begin anew in the middle. Every track jumps there, a little apart in the file;
all are moved by what the first one needs, so that they stay in step.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

__all__ = ["Timeline"]

_BACK_SECONDS: Final = 1.0
_AHEAD_SECONDS: Final = 10.0


@dataclass(slots=True)
class Timeline:
    """Moves times so that each track goes on where it was. Seconds throughout."""

    _latest: float = 0.0
    """What the last jump moved times by."""
    _moved: dict[int, float] = field(default_factory=dict)
    _ends: dict[int, float] = field(default_factory=dict)

    def shift(self, track: int, time: float, duration: float) -> float:
        """Return what to add to the times of a packet of ``track`` that is decoded at ``time``."""
        end = self._ends.get(track)
        if end is None:
            self._moved[track] = self._latest
        elif not self._continues(time + self._moved[track], end):
            if not self._continues(time + self._latest, end):
                self._latest = end - time
            self._moved[track] = self._latest
        self._ends[track] = time + self._moved[track] + duration
        return self._moved[track]

    @staticmethod
    def _continues(time: float, end: float) -> bool:
        return end - _BACK_SECONDS < time < end + _AHEAD_SECONDS
