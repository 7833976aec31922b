"""Show a film in a browser, or in any player that takes a URL, without writing it anywhere.

A server of one film for one viewer, on 127.0.0.1 and a port that the system
picks. ``gate`` decides who may ask, ``handler`` answers.

It ends by itself: some seconds after the page was closed, some minutes after
the last sign of life, and two minutes after it was started if nobody came. The
page gives a sign every ten seconds; a browser slows that down to one a minute
for a page in the background, so the patience is longer.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import threading
from socketserver import ThreadingTCPServer
from typing import TYPE_CHECKING, Final

from vodseal.clock import SystemClock
from vodseal.player.gate import TOKEN_SECONDS, Gate
from vodseal.player.handler import FilmHandler, Visit

if TYPE_CHECKING:
    from typing import Self

    from vodseal.clock import Clock
    from vodseal.errors import PlayError
    from vodseal.player.session import PlaySession

__all__ = ["CLOSED_SECONDS", "IDLE_SECONDS", "LoopbackPlayer"]

IDLE_SECONDS: Final = 180.0
CLOSED_SECONDS: Final = 5.0
"""A page that is loaded again says first that it was closed."""

_POLL_SECONDS: Final = 0.25
_MOST_CONNECTIONS: Final = 32


class LoopbackPlayer:
    """Serves one session until ``stop``, or until nobody watches. The session stays open."""

    def __init__(
        self, session: PlaySession, *, clock: Clock | None = None, until_stopped: bool = False
    ) -> None:
        """Take a port and draw the secrets; nobody is answered before ``start``.

        Args:
            session: The film.
            clock: Decides when nobody watches any more.
            until_stopped: Go on however quiet it is: whoever watches is known
                to be there by other means.

        Raises:
            OSError: There is no free port on 127.0.0.1.
        """
        self._clock = clock or SystemClock()
        self._until_stopped = until_stopped
        self._stopped = threading.Event()
        self._server = _Server()
        now = self._clock.monotonic()
        self._gate = Gate(self._server.port, draw=_draw, opened_at=now)
        self._visit = self._server.visit = Visit(session, self._gate, self._clock)
        self._thread = threading.Thread(target=self._run, name="vodseal-loopback")

    @property
    def url(self) -> str:
        """The address that lets one browser in, once. A secret until it was used."""
        return self._gate.origin + self._gate.entry

    @property
    def film_url(self) -> str:
        """The film itself, for a player that sends ``authorization``."""
        return f"{self._gate.origin}{self._gate.root}film"

    @property
    def authorization(self) -> str:
        """The ``Authorization`` header for ``film_url``. A secret."""
        return self._gate.authorization

    @property
    def failure(self) -> PlayError | None:
        """What kept the film from being read, if anything did."""
        return self._visit.failure

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def wait(self) -> None:
        """Return when nobody watches any more, or when it was stopped."""
        self._thread.join()

    def stop(self) -> None:
        """Cut every connection and return when all is quiet. Stopping twice is harmless."""
        self._stopped.set()
        if self._thread.ident is None:
            return self._server.server_close()
        with contextlib.suppress(OSError):  # some systems only wake up at the next poll
            self._server.socket.shutdown(socket.SHUT_RDWR)
        return self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def is_watched(self) -> bool:
        """Tell whether there is still somebody to answer to."""
        if self._until_stopped:
            return True
        now, visit = self._clock.monotonic(), self._visit
        if visit.left_at is not None:
            return now - visit.left_at <= CLOSED_SECONDS
        patience = IDLE_SECONDS if self._gate.is_entered else TOKEN_SECONDS
        return now - visit.seen_at <= patience

    def _run(self) -> None:
        try:
            while not self._stopped.is_set() and self.is_watched():
                self._server.handle_request()
        finally:
            self._server.hang_up()
            self._server.server_close()


def _draw() -> str:
    return secrets.token_urlsafe(32)


class _Server(ThreadingTCPServer):
    """A thread for each connection, all of which end with the server."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 16
    timeout = _POLL_SECONDS
    visit: Visit

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), FilmHandler)
        self.port: Final[int] = self.socket.getsockname()[1]
        self._live: set[socket.socket] = set()
        self._lock = threading.Lock()

    def verify_request(self, *_: object) -> bool:
        """Take no more connections than one viewer can need."""
        with self._lock:
            return len(self._live) < _MOST_CONNECTIONS

    def process_request(self, request: socket.socket, client_address: str) -> None:  # type: ignore[override]
        """Remember the connection before its thread begins, so that none escapes ``hang_up``."""
        with self._lock:
            self._live.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        """Forget the connection: its thread is done with it."""
        with self._lock:
            self._live.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Cut every connection, so that its thread ends."""
        with self._lock:
            for connection in self._live:
                with contextlib.suppress(OSError):  # it went first
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: object) -> None:
        """Say nothing of a viewer who hung up; a failure of the film is kept in the visit."""
