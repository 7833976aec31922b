"""Which of several servers a piece is asked from: the first that is not avoided.

A server that failed is avoided for a while, twice as long each time in a row,
and asked again then: an outage ends. Nothing here looks at bytes; that they are
the same on every mirror is what the digests show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["MirrorChoice"]

_FIRST_WHILE: Final = 30.0
_LONGEST_WHILE: Final = 300.0


@dataclass(slots=True)
class _Standing:
    failures: int = 0
    until: float = float("-inf")


class MirrorChoice:
    """How the mirrors of one download do. The first is the one that was named first."""

    def __init__(self, count: int) -> None:
        """Trust all ``count`` of them."""
        self._standings = [_Standing() for _ in range(count)]

    def best(self, now: float, known: tuple[bool, ...]) -> int:
        """Return the mirror to ask now; of all that are avoided, the one whose time ends first.

        ``known`` tells which have a URL at all; at least one has.
        """
        candidates = [number for number, is_known in enumerate(known) if is_known]
        return min(candidates, key=lambda number: max(0.0, self._standings[number].until - now))

    def is_avoided(self, mirror: int, now: float) -> bool:
        """Tell whether ``mirror`` failed a moment ago."""
        return now < self._standings[mirror].until

    def fail(self, mirror: int, now: float) -> None:
        """Avoid ``mirror`` for a while. Failing while it is avoided counts once."""
        standing = self._standings[mirror]
        if now >= standing.until:
            pause = min(_LONGEST_WHILE, _FIRST_WHILE * 2.0**standing.failures)
            standing.failures += 1
            standing.until = now + pause

    def succeed(self, mirror: int, now: float) -> None:
        """Forget old failures of ``mirror``. One that is avoided stays so for its while."""
        standing = self._standings[mirror]
        if now >= standing.until:
            standing.failures = 0
