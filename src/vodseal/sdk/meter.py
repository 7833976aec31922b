"""How fast it goes, and how long it will still take."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from vodseal.clock import Clock

__all__ = ["Meter"]

_WINDOW_SECONDS: Final = 5.0


class Meter:
    """Bytes over the last five seconds. What was done before it began does not count as speed."""

    def __init__(self, clock: Clock) -> None:
        """Begin with the first value that is measured, which may be that of an earlier run."""
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()

    def measure(
        self, done: int, total: int | None, percent: int | None = None
    ) -> dict[str, int | float | None]:
        """Return percent, bytes, bytes per second, and seconds left (None when unknown)."""
        now = self._clock.monotonic()
        self._seen.append((now, done))
        while len(self._seen) > 2 and self._seen[0][0] < now - _WINDOW_SECONDS:  # noqa: PLR2004
            self._seen.popleft()
        since, before = self._seen[0]
        speed = max(0.0, (done - before) / (now - since)) if now > since else 0.0
        if percent is None:
            percent = done * 100 // total if total else 0
        left = round((total - done) / speed, 1) if total is not None and speed > 0 else None
        return {"percent": percent, "bytes": done, "speed": round(speed), "eta": left}
