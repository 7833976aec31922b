"""Ctrl-C, once and twice.

The first asks: what is under way is brought to a point from which the next run
goes on. The second ends the process at once; that loses nothing either, because
what counts is durable before it is told. SIGTERM counts as a Ctrl-C.
"""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, Final, Self

from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Interrupts"]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_AT_ONCE: Final = 1


class Interrupts:
    """Catches the signals while the ``with`` block runs, on the main thread."""

    def __init__(self, say: Callable[[str], object]) -> None:
        """``say`` tells a person that the first was heard."""
        self._say = say
        self._heard = threading.Event()
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def is_heard(self) -> bool:
        """Tell whether to stop."""
        return self._heard.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait, but not longer than until the first signal; tell whether it came."""
        return self._heard.wait(seconds)

    def check(self) -> None:
        """Raise when the first signal came.

        Raises:
            OperatorError: ``INTERRUPTED``.
        """
        if self._heard.is_set():
            raise OperatorError(ErrorCode.INTERRUPTED, "interrupted; what was done is kept")

    def _hear(self, *_: object) -> None:
        if self._heard.is_set():
            os._exit(_AT_ONCE)
        self._heard.set()
        self._say("stopping; another Ctrl-C ends it at once")
