"""A loopback relay that lets so many bytes through, and then holds the rest back.

It stands between a client and the service, so that a test looks at a download or
an upload that is certainly under way, without a clock.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

__all__ = ["Valve"]

_PIECE = 1 << 16
_PATIENCE_SECONDS = 60.0


class Valve:
    """Forwards connections to ``upstream``; counts what passes, either way."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._upstream = ("127.0.0.1", 0)
        self._changed = threading.Condition()
        self._passed = 0
        self._limit: int | None = None
        self._closed = False
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._spawn(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            sockets = list(self._sockets)
        with contextlib.suppress(OSError):  # it never listened, or is closed
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in sockets:
            _end(each)
        for thread in self._threads:
            thread.join(_PATIENCE_SECONDS)

    def lead_to(self, port: int) -> None:
        """Forward new connections to this port of loopback."""
        self._upstream = ("127.0.0.1", port)

    @contextmanager
    def holding_after(self, size: int) -> Iterator[None]:
        """Let ``size`` more bytes pass, and none after them until the block ends."""
        with self._changed:
            self._limit = self._passed + size
            self._changed.notify_all()
        try:
            yield
        finally:
            self.open()

    def wait_until_held(self) -> None:
        """Return when the limit is reached: somebody waits for more."""
        with self._changed:
            full = self._changed.wait_for(
                lambda: self._limit is not None and self._passed >= self._limit, _PATIENCE_SECONDS
            )
        assert full, f"only {self._passed} of {self._limit} bytes passed"

    def open(self) -> None:
        """Let everything through again."""
        with self._changed:
            self._limit = None
            self._changed.notify_all()

    def _spawn(self, run: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._upstream)
            except OSError:
                _end(client)
                continue
            with self._changed:
                self._sockets |= {client, server}
            self._spawn(self._pump, client, server)
            self._spawn(self._pump, server, client)

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):  # either side ended
            while piece := source.recv(_PIECE):
                self._pass(len(piece))
                target.sendall(piece)
        _end(source)
        _end(target)
        with self._changed:
            self._sockets -= {source, target}

    def _pass(self, size: int) -> None:
        """Wait for room, then count; a whole piece may go over the limit."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or self._limit is None or self._passed < self._limit
            )
            self._passed += size
            self._changed.notify_all()


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it was closed from the other side
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
