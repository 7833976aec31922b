"""Where each segment can be fetched now: several mirrors, and URLs that do not last.

A signed URL ends, often before a film has come through. So a piece's URL is
looked up when the piece is asked for, and all of them can be renewed meanwhile:
ahead of their end, when one is refused, when the app changed its source, and
when the server fails and another one could be asked. Whoever renews them does so
on a thread of this book's, one renewal at a time, while what is under way goes
on. Promises:

1. A URL that was refused is not asked for again before a renewal.
2. Renewals end: without a piece that gets through, there are two in a row at most.
3. What is not renewed fails as it would have failed without any of this.

All methods are called on one thread.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from vodseal.download.mirrors import MirrorChoice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vodseal.clock import Clock
    from vodseal.download.retry import Failure

__all__ = ["Address", "AddressBook", "Cause", "Renewer", "Urls"]

Urls: TypeAlias = "tuple[tuple[str, ...] | None, ...]"
"""For each mirror the URL of each segment; None for a mirror whose URLs are not known.

The number of mirrors stays the same for all of a run.
"""

_MOST_IN_VAIN: Final = 2
_MIRRORS_EVERY: Final = 60.0
"""Seconds between two attempts to learn the URLs on a mirror that does not answer."""


class Cause(Enum):
    """Why URLs are renewed."""

    DUE = "they end soon, or the source changed"
    REFUSED = "the server refused one"
    MIRROR = "a server fails, and the URLs on the others are not known"


class Renewer(Protocol):
    """Who knows where fresh URLs come from."""

    @property
    def is_due(self) -> bool:
        """Whether it is time for a renewal that nobody asked for. Asked often."""

    def renew(self, cause: Cause, *, again: bool) -> Urls | None:
        """Return fresh URLs of the same segments, or None when there are none.

        ``again`` says that the last renewal brought nothing through. Called on a
        thread of its own; ends soon after the run was told to stop.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a piece is asked for."""

    url: str = field(repr=False)
    mirror: int
    version: int


class AddressBook:
    """The addresses of one run. Close it: it may have a thread."""

    def __init__(self, urls: Urls, clock: Clock, renewer: Renewer | None = None) -> None:
        """Begin with ``urls``; one mirror's at least are known."""
        self._urls = urls
        self._clock = clock
        self._renewer = renewer
        self._choice = MirrorChoice(len(urls))
        self._version = 0
        self._in_vain = 0
        self._mirrors_at = float("-inf")
        self._thread: threading.Thread | None = None
        self._fresh: Urls | None = None
        self._cause = Cause.DUE

    def address(self, segment: int) -> Address:
        """Return where ``segment`` is asked for now."""
        known = tuple(urls is not None for urls in self._urls)
        mirror = self._choice.best(self._clock.monotonic(), known)
        urls: Sequence[str] = self._urls[mirror] or ()
        return Address(url=urls[segment], mirror=mirror, version=self._version)

    @property
    def is_waiting(self) -> bool:
        """Whether a refused URL is being renewed, so that asking for others is in vain."""
        return self._thread is not None and self._cause is Cause.REFUSED

    def succeed(self, address: Address) -> None:
        """Note that what ``address`` gave was right."""
        self._choice.succeed(address.mirror, self._clock.monotonic())
        if address.version == self._version:
            self._in_vain = 0

    def fail(self, address: Address, failure: Failure) -> None:
        """Note that it failed: where there are mirrors, this one is avoided for a while."""
        if len(self._urls) == 1:  # there is nobody else to ask
            return
        now = self._clock.monotonic()
        if address.version == self._version or not failure.is_refusal:
            self._choice.fail(address.mirror, now)
        if None in self._urls and now - self._mirrors_at >= _MIRRORS_EVERY:
            self._mirrors_at = now
            self._begin(Cause.MIRROR)

    def is_elsewhere(self, address: Address) -> bool:
        """Tell whether the next attempt goes to another server, or by a newer URL."""
        if address.version != self._version:
            return True
        now = self._clock.monotonic()
        return any(
            urls is not None
            and mirror != address.mirror
            and not self._choice.is_avoided(mirror, now)
            for mirror, urls in enumerate(self._urls)
        )

    def renews(self, address: Address) -> bool:
        """Tell whether to wait for a renewal, after ``address`` was refused; begin it."""
        if address.version != self._version or self.is_elsewhere(address):
            return False
        if not self.is_waiting:
            self._begin(Cause.REFUSED)
        return self._thread is not None

    def look(self) -> bool:
        """Begin what is due, take over what has come, and tell whether a renewal just ended."""
        thread = self._thread
        if thread is None:
            if self._renewer is not None and self._renewer.is_due:
                self._begin(Cause.DUE)
            return False
        if thread.is_alive():
            return False
        self.close()
        if self._fresh is not None:
            self._urls, self._fresh = self._fresh, None
            self._version += 1
        return True

    def close(self) -> None:
        """Wait for the thread. Harmless at any time."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _begin(self, cause: Cause) -> None:
        renewer = self._renewer
        if renewer is None or self._in_vain >= _MOST_IN_VAIN:
            return
        if self._thread is not None:
            self._cause = Cause.REFUSED if cause is Cause.REFUSED else self._cause
            return  # what is on its way will do
        again = self._in_vain > 0
        self._in_vain += cause is not Cause.DUE
        self._cause = cause

        def renew() -> None:
            self._fresh = renewer.renew(cause, again=again)

        self._thread = threading.Thread(target=renew, name="vodseal-renewal")
        self._thread.start()
