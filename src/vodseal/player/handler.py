"""What the loopback player answers to one request.

A route is an exact string: nothing is decoded, joined or looked up on a disk,
so there is nothing to walk out of. Everything is answered with ``no-store``,
and nothing is logged, because a request line may hold the one-time token.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Final

from vodseal.errors import PlayError
from vodseal.player.byte_range import parse_range
from vodseal.player.page import POLICY, film_page, load_static, way_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodseal.clock import Clock
    from vodseal.player.gate import Gate
    from vodseal.player.session import FilmReader, PlaySession

__all__ = ["FilmHandler", "Visit"]

_BLOCK_SIZE: Final = 1 << 18
_CONNECTION_SECONDS: Final = 30.0
_HTML: Final = "text/html; charset=utf-8"
_JSON: Final = "application/json"
_GUARDS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Visit:
    """What handlers share, and what they tell of the visitor. Plain assignments: threads may."""

    def __init__(self, session: PlaySession, gate: Gate, clock: Clock) -> None:
        """Begin with nobody there."""
        self.session = session
        self.gate = gate
        self.clock = clock
        self.seen_at = clock.monotonic()
        self.left_at: float | None = None
        self.failure: PlayError | None = None

    def note_sign_of_life(self) -> None:
        """Somebody with a right to ask did ask."""
        self.seen_at = self.clock.monotonic()
        self.left_at = None


class FilmHandler(BaseHTTPRequestHandler):
    """One connection. What it shows is the server's ``visit``."""

    protocol_version = "HTTP/1.1"
    server_version = "vodseal"
    sys_version = ""
    timeout = _CONNECTION_SECONDS

    @property
    def visit(self) -> Visit:
        """What the server shows, and to whom."""
        return self.server.visit  # type: ignore[attr-defined, no-any-return]

    def do_GET(self) -> None:
        """Answer, or refuse."""
        gate = self.visit.gate
        if self.headers.get("Content-Length") or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            return self._refuse(HTTPStatus.BAD_REQUEST)
        if not gate.is_meant_for_us(self.headers):
            return self._refuse(HTTPStatus.FORBIDDEN)
        if not self.path.startswith(gate.root):
            return self._let_in()
        route = self.path[len(gate.root) :]
        if not gate.admits(self.headers, film=route == "film"):
            return self._refuse(HTTPStatus.FORBIDDEN)
        self.visit.note_sign_of_life()
        return self._answer(route)

    def do_HEAD(self) -> None:
        """Answer as to GET, without the body."""
        self.do_GET()

    def _let_in(self) -> None:
        visit = self.visit
        if self.command != "GET":
            return self._refuse(HTTPStatus.FORBIDDEN)
        cookie = visit.gate.exchange(self.path, self.headers, visit.clock.monotonic())
        if cookie is None:
            return self._refuse(HTTPStatus.FORBIDDEN)
        visit.note_sign_of_life()
        return self._send(way_in(visit.gate.root), _HTML, {"Set-Cookie": cookie})

    def _answer(self, route: str) -> None:
        if route == "film":
            return self._send_film()
        if route == "":
            return self._send(film_page(self.visit.session), _HTML)
        if route == "status":
            return self._send(_told(self.visit.failure), _JSON)
        if route == "closed":
            self.visit.left_at = self.visit.clock.monotonic()
        elif route != "alive":
            static = load_static(route)
            if static is None:
                return self._refuse(HTTPStatus.NOT_FOUND)
            return self._send(*static)
        return self._send(b"", _JSON)

    def _send_film(self) -> None:
        session = self.visit.session
        # RFC 9110, 14.2: a range counts for GET alone; and we never hand out a
        # validator, so whoever sends If-Range has it from elsewhere.
        asked = None if "If-Range" in self.headers else self.headers.get("Range")
        wanted = parse_range(asked, session.size) if self.command == "GET" else None
        part = range(session.size) if wanted is None else wanted
        headers = {"Accept-Ranges": "bytes"}
        if wanted is not None and not wanted:
            headers["Content-Range"] = f"bytes */{session.size}"
            return self._refuse(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers)
        status = HTTPStatus.OK
        if wanted is not None:
            status = HTTPStatus.PARTIAL_CONTENT
            headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{session.size}"
        try:
            with session.open_reader() as reader:
                self._stream(reader, part, status, headers)
        except PlayError as error:
            self.visit.failure = error
            self.close_connection = True
            if not self._headers_sent:
                self._send(_told(error), _JSON, status=HTTPStatus.INTERNAL_SERVER_ERROR)

    _headers_sent = False

    def _stream(
        self, reader: FilmReader, part: range, status: HTTPStatus, headers: Mapping[str, str]
    ) -> None:
        """Send ``part``; its first block is opened before anything is promised."""
        self._headers_sent = False
        reader.seek(part.start)
        block, left = memoryview(bytearray(_BLOCK_SIZE)), len(part)
        count = reader.readinto(block[:left]) or 0
        self._start(status, self.visit.session.content_type, left, headers)
        self._headers_sent = True
        while self.command == "GET" and count:
            self.wfile.write(block[:count])
            self.visit.seen_at = self.visit.clock.monotonic()
            left -= count
            count = reader.readinto(block[:left]) or 0

    def _send(
        self,
        body: bytes,
        kind: str,
        headers: Mapping[str, str] | None = None,
        *,
        status: HTTPStatus = HTTPStatus.OK,
    ) -> None:
        self._start(status, kind, len(body), headers or {})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _refuse(self, status: HTTPStatus, headers: Mapping[str, str] | None = None) -> None:
        self._send(f"{status.phrase}\n".encode(), "text/plain", headers, status=status)

    def _start(self, status: HTTPStatus, kind: str, size: int, more: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**_GUARDS, **more}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(size))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def send_error(self, code: int, *_: object) -> None:
        """Refuse other methods, and what is not HTTP, with no word of what was sent."""
        self.close_connection = True
        if code == HTTPStatus.NOT_IMPLEMENTED:
            return self._refuse(HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": "GET, HEAD"})
        return self._refuse(HTTPStatus(code))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is theirs
        """Log nothing."""


def _told(failure: PlayError | None) -> bytes:
    told = {"message": failure.message, "remedy": failure.remedy} if failure else {}
    return json.dumps(told).encode()
