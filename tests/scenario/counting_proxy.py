"""An HTTP relay on loopback that counts what is asked for, and may hold it back.

It stands between a command and the service, so that a test knows which segments
and which upload parts went over the wire, and can stop a transfer in its middle
without a clock.
"""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urlsplit

__all__ = ["CountingProxy"]

_PATIENCE_SECONDS = 60.0


class CountingProxy:
    """Relays to ``upstream``. ``whole`` counts requests that were answered to the last byte."""

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream).netloc
        self.whole: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._held_part: str | None = None
        self._let_pass = 0
        self._held = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def hold(self, part: str, *, after: int) -> None:
        """Let ``after`` requests pass whose line contains ``part``, and hold the others."""
        with self._changed:
            self._held_part, self._let_pass = part, after

    def release(self) -> None:
        """Let everything pass."""
        with self._changed:
            self._held_part = None
            self._changed.notify_all()

    def wait_until_held(self, *, answered: int = 0) -> None:
        """Return when somebody is held, and so many others have been answered."""
        with self._changed:
            part = self._held_part or ""
            quiet = self._changed.wait_for(
                lambda: self._held and self._count(part) >= answered, _PATIENCE_SECONDS
            )
            assert quiet, self.whole

    def counted(self, part: str) -> Counter[str]:
        """Return the counts of the request lines that contain ``part``."""
        with self._changed:
            return Counter({line: n for line, n in self.whole.items() if part in line})

    def _count(self, part: str) -> int:
        return sum(count for line, count in self.whole.items() if part in line)

    def enter(self, line: str) -> None:
        """Let a request begin; wait while it is held."""
        with self._changed:
            if self._held_part is None or self._held_part not in line:
                return
            if self._let_pass:
                self._let_pass -= 1
                return
            self._held += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._held_part is None, _PATIENCE_SECONDS)
            self._held -= 1

    def leave(self, line: str) -> None:
        """Count a request that was answered."""
        with self._changed:
            self.whole[line] += 1
            self._changed.notify_all()


def _handler_of(proxy: CountingProxy) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - one class
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):  # whoever asked was killed
                super().handle()

        def relay(self) -> None:
            target = urlsplit(self.path)
            asked = self.headers.get("Range", "")
            kept = "&".join(p for p in target.query.split("&") if p.startswith("partNumber"))
            line = f"{self.command} {target.path}?{kept} {asked}".strip()
            proxy.enter(line)
            with contextlib.suppress(OSError, http.client.HTTPException):  # either side went away
                self.forward()
                proxy.leave(line)
                return
            self.close_connection = True

        def forward(self) -> None:
            upstream = http.client.HTTPConnection(proxy.upstream, timeout=60)
            try:
                upstream.putrequest(
                    self.command, self.path, skip_host=True, skip_accept_encoding=True
                )
                for name, value in self.headers.items():
                    upstream.putheader(name, value)
                upstream.endheaders()
                left = int(self.headers.get("Content-Length", 0))
                while left and (piece := self.rfile.read(min(left, 1 << 16))):
                    upstream.send(piece)
                    left -= len(piece)
                self.answer(upstream.getresponse())
            finally:
                upstream.close()

        def answer(self, response: http.client.HTTPResponse) -> None:
            body = response.read()
            self.send_response_only(response.status)
            for name, value in response.getheaders():
                if name.lower() not in {"transfer-encoding", "connection", "content-length"}:
                    self.send_header(name, value)
            length = response.getheader("Content-Length") if self.command == "HEAD" else len(body)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    for method in ("GET", "HEAD", "POST", "PUT"):
        setattr(Handler, f"do_{method}", Handler.relay)
    return Handler
