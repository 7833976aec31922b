"""The license of a film while it plays (SPEC license §5.4).

It is asked for when a film begins to play, which is durable before the first byte is
handed out, and every 60 seconds while it is read. A film that nobody reads plays
from what its player holds already, and needs no license for that.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from vodseal.clock import Clock

__all__ = ["ContentKeys", "LicenseWatch"]

_CHECK_SECONDS: Final = 60.0


class ContentKeys(Protocol):
    """Who knows the content keys: the key service of this process."""

    def open_content_key(self, download_id: bytes, now: float) -> bytes:
        """Return the content key of one download, when app, device and license allow it."""

    def note_play(self, download_id: bytes, now: float) -> object:
        """Note, durably, that the film plays; raise when its license does not allow it now."""


class LicenseWatch:
    """One for all readers of a session, on whatever threads they are."""

    def __init__(self, keys: ContentKeys, download_id: bytes, clock: Clock) -> None:
        self._keys = keys
        self._download_id = download_id
        self._clock = clock
        self._lock = threading.Lock()
        self._asked_at: float | None = None

    def ask(self) -> None:
        """Return when the film may be played now.

        Raises:
            VodsealError: The license does not allow it, or cannot be read.
            OSError: The vault cannot be read or written.
        """
        with self._lock:
            now = self._clock.monotonic()
            if self._asked_at is None or now - self._asked_at >= _CHECK_SECONDS:
                self._keys.note_play(self._download_id, self._clock.now())
                self._asked_at = now
