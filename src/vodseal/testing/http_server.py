"""A web server on loopback that answers as a test tells it, also badly.

It records what it received, so that a test can say what was on the wire. It can
wait for an event before it answers, announce more bytes than it sends, let them
drip, reset the connection, or hang up without a word. Nothing in it sleeps.
"""

from __future__ import annotations

import http.server
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from typing import Self

__all__ = ["Answer", "LoopbackServer", "Received"]

_DRIP_EVERY: Final = 0.02
_LONGEST_HOLD: Final = 30.0
"""Seconds after which a held answer is given up, so that no test hangs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request. Names of headers are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    peer: tuple[str, int] = ("", 0)
    """The client's end of the connection."""

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the query."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """The parameters of a form body."""
        return dict(parse_qsl(self.body.decode("latin-1"), keep_blank_values=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What to send back."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    announced: int | None = None
    """The Content-Length, when it is to be a lie."""
    after: threading.Event | None = None
    """Nothing is sent before this is set."""
    hang_up: bool = False
    """The connection is closed instead."""
    reset: bool = False
    """The connection is reset, halfway through the body."""
    drips: bool = False
    """The body comes byte by byte, without end."""


class LoopbackServer:
    """Listens on a free port of 127.0.0.1 while it is used as a context."""

    def __init__(
        self, respond: Callable[[Received], Answer], *, tls: ssl.SSLContext | None = None
    ) -> None:
        """``respond`` is called on one thread per connection."""
        self.received: list[Received] = []
        self.is_over = threading.Event()
        self._respond = respond
        self._scheme = "https" if tls else "http"
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.is_over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: Received) -> Answer:
        """Take note of ``request`` and return what to send back."""
        self.received.append(request)
        return self._respond(request)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    owner: LoopbackServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients of tests hang up on purpose."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def _serve(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        request = Received(
            method=self.command,
            target=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(size),
            peer=self.client_address,
        )
        answer = self.server.owner.answer(request)
        if answer.after is not None:
            answer.after.wait(_LONGEST_HOLD)
        if answer.hang_up:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        length = len(answer.body) if answer.announced is None else answer.announced
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if answer.drips:
            self._drip()
        elif answer.reset:
            self._reset(answer.body)
        elif self.command != "HEAD":
            self.wfile.write(answer.body)
        if answer.announced is not None:
            self.close_connection = True

    def _drip(self) -> None:
        self.close_connection = True
        while not self.server.owner.is_over.wait(_DRIP_EVERY):
            self.wfile.write(b"G")
            self.wfile.flush()

    def _reset(self, body: bytes) -> None:
        self.close_connection = True
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        no_goodbye = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_goodbye)
        self.connection.close()

    do_GET = do_HEAD = do_POST = do_PUT = _serve  # noqa: N815 - the base class's names
