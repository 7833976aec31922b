"""Whom a downloader tells what happens (client-surface 1.3).

Two forms, and an app may mix them: a function per event, as on Android, and one
delegate object, as on iOS, whose methods are all optional and get the downloader
as their first argument. The function is called first, then the delegate. Setting
one again replaces it; who listens is looked up when an event is delivered.
"""

from __future__ import annotations

import threading
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Event", "Listeners"]


class Event(StrEnum):
    """What a listener can hear. The values are the methods of a delegate."""

    PREPARED = "on_prepared"
    DOWNLOADING = "on_downloading_progress"
    PROCESSING = "on_processing_progress"
    COMPLETION = "on_completion"
    ERROR = "on_error"


class Listeners:
    """At most one function for each event, and at most one delegate."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._functions: dict[Event, Callable[..., object] | None] = {}
        self._delegate: object | None = None

    def set_function(self, event: Event, function: Callable[..., object] | None) -> None:
        """Put ``function`` in the place of the one before; None takes it away."""
        with self._lock:
            self._functions[event] = function

    def set_delegate(self, delegate: object | None) -> None:
        """Put ``delegate`` in the place of the one before; None takes it away."""
        with self._lock:
            self._delegate = delegate

    def tell(self, event: Event, sender: object, *values: object) -> None:
        """Call whoever listens to ``event`` now, on the caller's thread.

        The delegate hears of it even when the function raised; then the
        function's exception is raised.
        """
        with self._lock:
            function = self._functions.get(event)
            method: Callable[..., object] | None = getattr(self._delegate, event.value, None)
        try:
            if function is not None:
                function(*values)
        finally:
            if method is not None:
                method(sender, *values)
