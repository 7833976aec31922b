"""A server in front of the service that does one thing wrong, once or always.

It hands every request on as it came, so that the service makes its URLs with this
server's name. What it does wrong, it does to one segment, the playlist, the key,
or the answer of one action.
"""

from __future__ import annotations

import http.client
import ssl
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

from vodseal.testing.http_server import Answer, LoopbackServer, Received

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["FAULTS", "FaultServer"]

_HOP: Final = {"connection", "keep-alive", "transfer-encoding", "content-length"}
_NOWHERE: Final = f"http://{'a' * 64}.invalid/"
"""No resolver is asked for a name with a label this long."""


def _flipped(answer: Answer) -> Answer:
    is_text = answer.body[:1] in {b"#", b"{"}
    at = 0 if is_text else len(answer.body) // 2
    flipped = bytes([answer.body[at] ^ 4])
    return replace(answer, body=answer.body[:at] + flipped + answer.body[at + 1 :])


def _half(answer: Answer) -> bytes:
    return answer.body[: len(answer.body) // 2]


def _refusal(status: int, **headers: str) -> Callable[[Answer], Answer]:
    return lambda _: Answer(status=status, headers=headers, body=b"no")


_DRIPPED: Final = 1 << 20

FAULTS: Final[Mapping[str, Callable[[Answer], Answer]]] = {
    "bit flip": _flipped,
    "404": _refusal(404),
    "403, expired": _refusal(403),
    "500": _refusal(500),
    "503 with Retry-After": _refusal(503, **{"Retry-After": "0"}),
    "cut body": lambda answer: replace(answer, body=_half(answer), announced=len(answer.body)),
    "too long body": lambda answer: replace(answer, body=answer.body + b"more"),
    "wrong length": lambda answer: replace(answer, body=_half(answer)),
    "empty body": lambda answer: replace(answer, body=b""),
    "stall": lambda answer: replace(answer, after=threading.Event()),
    "slow loris": lambda answer: replace(answer, body=b"", announced=_DRIPPED, drips=True),
    "redirect loop": _refusal(302, Location="?again"),
    "HTML instead": lambda _: Answer(
        body=b"<html>sign in</html>", headers={"Content-Type": "text/html"}
    ),
    "reset": lambda answer: replace(answer, reset=True),
    "hang up": lambda _: Answer(hang_up=True),
    "DNS failure": _refusal(302, Location=_NOWHERE),
}
"""All but the TLS failure, which needs a second server."""


@dataclass
class FaultServer:
    """Stands before the service at ``endpoint``."""

    endpoint: str
    certificate: Path
    signs: bool = True
    """Whether the service has signed digests of the segments."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _fault: str = ""
    _place: str = ""
    _left: float = 0

    def __post_init__(self) -> None:
        self.server = LoopbackServer(self._respond)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        self.untrusted = LoopbackServer(lambda _: Answer(), tls=context)

    def __enter__(self) -> Self:
        self.server.__enter__()
        self.untrusted.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.__exit__(None, None, None)
        self.untrusted.__exit__(None, None, None)

    def plan(self, fault: str, place: str, *, always: bool) -> None:
        """Do ``fault`` to what ``place`` names from now on: to one request, or to each."""
        with self._lock:
            self._fault, self._place = fault, place
            self._left = float("inf") if always else 1

    def mend(self) -> None:
        """Do nothing wrong any more."""
        with self._lock:
            self._left = 0

    def _respond(self, request: Received) -> Answer:
        if not self.signs and request.query.get("Action") == "GetSegmentDigests":
            return Answer(status=404, body=b'{"Code":"NoSuchResource","Message":""}')
        answer = self._forward(request)
        with self._lock:
            wrong = _place_of(request) == self._place and self._left > 0
            self._left -= wrong
        if not wrong:
            return answer
        if self._fault == "TLS failure":
            return Answer(status=302, headers={"Location": f"{self.untrusted.url}/"})
        return FAULTS[self._fault](answer)

    def _forward(self, request: Received) -> Answer:
        headers = {name: value for name, value in request.headers.items() if name not in _HOP}
        connection = http.client.HTTPConnection(urlsplit(self.endpoint).netloc, timeout=60)
        try:
            connection.request(request.method, request.target, body=request.body, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
            return Answer(status=answer.status, headers=kept, body=body)
        finally:
            connection.close()


def _place_of(request: Received) -> str:
    path = urlsplit(request.target).path
    if request.method == "POST":
        return "action" if request.query.get("Action") == "GetPlayInfo" else ""
    if path == "/key":
        return "key"
    if path.endswith(".m3u8"):
        return "playlist"
    return "segment" if path.endswith(("00001.ts", "/1.ts")) else ""
