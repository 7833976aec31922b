"""How many connections a download uses at a time: as many as the network rewards.

It starts with a few. While one more step of connections makes all of them
together faster, it takes another one; when a step brought nothing, it is taken
back, and tried again later: networks change. A server that says that it is too
much, or refuses a connection, halves the number. Nothing is tried where the
machine is the limit and not the network.

No clock in here: times are arguments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from vodseal.download.retry import Trouble

if TYPE_CHECKING:
    from vodseal.download.retry import Failure

__all__ = ["Pool", "is_too_much"]

_WINDOW: Final = 2.0
"""Seconds over which the speed is measured."""
_STEP: Final = 2
_GAIN: Final = 1.1
"""A step has to make the whole so much faster."""
_SETTLED_SECONDS: Final = 30.0
_CALM_SECONDS: Final = 10.0
"""For how long the number stays low after a server said that it is too much."""
_FAST: Final = 64_000_000
"""Bytes per second from which on more connections are not what is lacking."""
_TOO_MUCH: Final = frozenset({429, 503})


def is_too_much(failure: Failure) -> bool:
    """Tell whether ``failure`` says that there are too many connections."""
    refused = failure.trouble is Trouble.CONNECT
    return refused or (failure.trouble is Trouble.STATUS and failure.status in _TOO_MUCH)


class Pool:
    """The number of connections of one download."""

    def __init__(self, start: int, most: int) -> None:
        """Begin with ``start``, and never use more than ``most``."""
        self.count = start
        self._start = start
        self._most = max(start, most)
        self._since: float | None = None
        self._received = 0
        self._before: float | None = None
        """The speed before the last step up; None when none is being tried."""
        self._settled_until = float("-inf")
        self._calm_until = float("-inf")

    def look(self, received: int, now: float) -> None:
        """Hear how many bytes have come in all, and change the number when it is time."""
        if self._since is None:
            self._since, self._received = now, received
            return
        seconds = now - self._since
        if seconds >= _WINDOW:
            speed = (received - self._received) / seconds
            self._since, self._received = now, received
            self._judge(speed, now)

    def shrink(self, now: float) -> None:
        """Halve the number, after ``is_too_much``; failures of one moment count once."""
        if now >= self._calm_until:
            self.count = max(1, self.count // 2)
            self._before = self._since = None
            self._calm_until = now + _CALM_SECONDS

    def _judge(self, speed: float, now: float) -> None:
        before, self._before = self._before, None
        if before is not None and speed < before * _GAIN:
            self.count = max(self._start, self.count - _STEP)
            self._settled_until = now + _SETTLED_SECONDS
        elif now < max(self._settled_until, self._calm_until):
            return
        elif self.count < self._start:
            self.count += 1
        elif self.count < self._most and 0 < speed < _FAST:
            self._before = speed
            self.count = min(self._most, self.count + _STEP)
