"""A media server that can be as bad as any: every fault once, twice or for ever."""

from __future__ import annotations

import re
import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from vodseal.testing.http_server import Answer, LoopbackServer, Received

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["FAULTS", "MediaServer"]

_RANGE = re.compile(r"bytes=(\d+)-(\d+)")
_LONGEST_WAIT = 30.0


def _flip(body: bytes) -> Answer:
    return Answer(body=body[:500] + bytes([body[500] ^ 4]) + body[501:])


FAULTS: Mapping[str, Callable[[bytes], Answer]] = {
    "404": lambda _: Answer(status=404),
    "403": lambda _: Answer(status=403, body=b"expired"),
    "500": lambda _: Answer(status=500),
    "503": lambda _: Answer(status=503, headers={"Retry-After": "0"}),
    "flipped bit": _flip,
    "cut body": lambda body: Answer(body=body[: len(body) // 2], announced=len(body)),
    "short body": lambda body: Answer(body=body[: len(body) // 2]),
    "long body": lambda body: Answer(body=body + b"more"),
    "empty body": lambda _: Answer(body=b""),
    "html": lambda _: Answer(body=b"<html>sign in</html>", headers={"Content-Type": "text/html"}),
    "reset": lambda _: Answer(hang_up=True),
    "redirect loop": lambda _: Answer(status=302, headers={"Location": "?again"}),
    "redirect to a file": lambda _: Answer(status=302, headers={"Location": "file:///etc/passwd"}),
}


@dataclass
class MediaServer:
    """Serves bytes by path, with ranges and strong ETags."""

    resources: dict[str, bytes] = field(repr=False)
    requests: Counter[str] = field(default_factory=Counter)
    """How often each path, with a space and its range if it has one, was asked for."""
    forbid_query: str = ""
    """Whoever asks with this query gets 403: it expired."""
    has_ranges: bool = True

    def __post_init__(self) -> None:
        self._scripts: dict[str, deque[Callable[[bytes], Answer]]] = {}
        self._gates: dict[str, threading.Event] = {}
        self._arrived = threading.Condition()
        self.web = LoopbackServer(self._respond)

    def __enter__(self) -> Self:
        self.web.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        for gate in self._gates.values():
            gate.set()
        self.web.__exit__(None, None, None)

    @property
    def url(self) -> str:
        return self.web.url

    def fail(self, path: str, fault: str, times: int = 1) -> None:
        """Let the next requests for ``path`` go wrong."""
        self._scripts.setdefault(path, deque()).extend([FAULTS[fault]] * times)

    def hold(self, *paths: str) -> threading.Event:
        """Answer nothing for ``paths`` until the event is set."""
        gate = threading.Event()
        self._gates.update(dict.fromkeys(paths, gate))
        return gate

    def wait_for(self, *paths: str) -> None:
        """Return when each of ``paths`` was asked for."""
        with self._arrived:
            assert self._arrived.wait_for(
                lambda: all(self.requests[path] for path in paths), _LONGEST_WAIT
            )

    def _respond(self, request: Received) -> Answer:
        path, _, query = request.target.partition("?")
        asked = _RANGE.fullmatch(request.headers.get("range", ""))
        name = path + (f" {asked[1]}-{asked[2]}" if asked else "")
        with self._arrived:
            self.requests[name] += 1
            self._arrived.notify_all()
        body = self.resources.get(path)
        if body is None:
            return Answer(status=404)
        if self.forbid_query and query == self.forbid_query:
            return Answer(status=403)
        script = self._scripts.get(path)
        fault = script.popleft() if script else None
        answer = self._whole_or_range(request, body, asked)
        if fault is not None:
            answer = fault(answer.body)
        if name in self._gates:
            self._gates[name].wait(_LONGEST_WAIT)
        return answer

    def _whole_or_range(
        self, request: Received, body: bytes, asked: re.Match[str] | None
    ) -> Answer:
        tag = f'"{hash(body)}"'
        condition = request.headers.get("if-range")
        if asked is None or not self.has_ranges or condition not in {None, tag}:
            return Answer(body=body, headers={"ETag": tag})
        start, end = int(asked[1]), min(int(asked[2]), len(body) - 1)
        if start >= len(body):
            return Answer(status=416, headers={"Content-Range": f"bytes */{len(body)}"})
        content_range = f"bytes {start}-{end}/{len(body)}"
        return Answer(
            status=206,
            body=body[start : end + 1],
            headers={"ETag": tag, "Content-Range": content_range},
        )
