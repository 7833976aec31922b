"""How fast bytes may come in: a cap that several downloads share, changed while they run.

A token bucket. It fills at ``bytes_per_second`` and holds a tenth of a second of
that, so nothing is saved up for a burst. What is taken goes into debt by one
write of the network at most, and the debt is paid before anything more is
taken: over any time the total stays within the cap. A bucket may have a parent,
and then whoever takes from it takes from the parent as well: one download's own
cap under the cap of all.

Any thread may use it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from vodseal.clock import SystemClock
from vodseal.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vodseal.clock import Clock

__all__ = ["RateLimit"]

_HOLD_SECONDS: Final = 0.1
_LEAST_HOLD: Final = 16 << 10
"""One write of libcurl."""


class RateLimit:
    """A cap on bytes per second. Without one, nothing is counted."""

    def __init__(
        self,
        bytes_per_second: int | None = None,
        *,
        parent: RateLimit | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Begin with an empty bucket; None is no cap.

        Raises:
            MisuseError: The cap is not positive.
        """
        self.parent = parent
        """Whose cap holds as well; may be set at any time. The caller makes no circle."""
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._rate = _checked(bytes_per_second)
        self._balance = 0.0
        self._filled_at = self._clock.monotonic()

    @property
    def bytes_per_second(self) -> int | None:
        """The cap; None for none. Setting it takes effect at once, also on what is under way.

        Raises:
            MisuseError: The cap is not positive.
        """
        return self._rate

    @bytes_per_second.setter
    def bytes_per_second(self, rate: int | None) -> None:
        checked = _checked(rate)
        with self._lock:
            self._fill()
            self._balance = min(self._balance, 0.0)
            self._rate = checked

    @property
    def is_limited(self) -> bool:
        """Whether there is a cap, here or above."""
        return any(limit.bytes_per_second is not None for limit in self._chain())

    def admit(self, size: int) -> bool:
        """Take ``size`` bytes and tell so; False takes nothing, see ``pause``."""
        if self.pause() > 0:
            return False
        for limit in self._chain():
            limit._take(size)  # noqa: SLF001 - of the same class
        return True

    def pause(self) -> float:
        """Return the seconds until something may be taken; 0 when it may be now."""
        return max(limit._wait() for limit in self._chain())  # noqa: SLF001 - of the same class

    def _chain(self) -> Iterator[RateLimit]:
        limit: RateLimit | None = self
        while limit is not None:
            yield limit
            limit = limit.parent

    def _take(self, size: int) -> None:
        with self._lock:
            if self._rate is not None:
                self._fill()
                self._balance -= size

    def _wait(self) -> float:
        with self._lock:
            if self._rate is None:
                return 0.0
            self._fill()
            return max(0.0, (1.0 - self._balance) / self._rate)

    def _fill(self) -> None:
        now = self._clock.monotonic()
        if self._rate is not None:
            most = max(self._rate * _HOLD_SECONDS, _LEAST_HOLD)
            gained = (now - self._filled_at) * self._rate
            self._balance = min(most, self._balance + gained)
        self._filled_at = now


def _checked(rate: int | None) -> int | None:
    if rate is not None and rate <= 0:
        raise MisuseError("a cap is a positive number of bytes per second, or None for none")
    return rate
