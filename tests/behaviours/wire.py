"""The wire between a downloader and the service, with a hand on it.

A forward proxy on loopback. It notes every request, and for the media requests
that a test names it waits, refuses or hangs up; some actions it answers itself.
"""

from __future__ import annotations

import http.client
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from vodseal.testing.http_server import Answer, LoopbackServer, Received

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Wire", "forward", "is_segment"]

PATIENCE = 60.0
_HOP = {"connection", "proxy-connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(slots=True)
class Wire:
    """A proxy. ``server.url`` is what a downloader's ``http_proxy`` is set to."""

    on_media: Callable[[Received], Answer | None] | None = None
    """Answers in the service's place, or waits; None lets the request pass."""

    on_action: dict[str, Callable[[Received], Answer]] = field(default_factory=dict)
    """Answers to actions in the service's place."""

    server: LoopbackServer = field(init=False)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _passed: list[str] = field(default_factory=list)
    _valve: threading.Event = field(default_factory=threading.Event)
    _allowed: int | None = None

    def __post_init__(self) -> None:
        self.server = LoopbackServer(self._respond)
        self._valve.set()

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        self.release()
        self.server.__exit__(None, None, None)

    @property
    def requests(self) -> list[Received]:
        return list(self.server.received)

    @property
    def segments(self) -> list[str]:
        """The paths of media that were asked for, playlists left out, in order."""
        return [path for path in map(_path, self.server.received) if is_segment(path)]

    @property
    def passed(self) -> list[str]:
        """The paths of segments whose bytes the service gave."""
        with self._changed:
            return list(self._passed)

    def forget(self) -> None:
        """Begin to note anew."""
        self.server.received.clear()
        with self._changed:
            self._passed.clear()

    def hold_after(self, count: int) -> None:
        """Let ``count`` segments pass, and make the others wait for ``release``."""
        self._allowed = count
        self._valve.clear()

    def release(self) -> None:
        """Let everything pass."""
        self._allowed = None
        self._valve.set()

    def cut(self) -> None:
        """Hang up on every request from now on, whatever it is."""
        self.on_media = lambda _: Answer(hang_up=True)
        self.release()

    def mend(self) -> None:
        """Let everything pass as it is."""
        self.on_media = None

    def wait_for_segments(self, count: int) -> None:
        """Wait until ``count`` segments have passed."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._passed) >= count, PATIENCE)

    def _respond(self, request: Received) -> Answer:
        path = _path(request)
        if request.method == "GET" and self.on_media is not None:
            answer = self.on_media(request)
            if answer is not None:
                return answer
        if request.method == "POST" and request.query.get("Action") in self.on_action:
            return self.on_action[request.query["Action"]](request)
        if is_segment(path):
            with self._changed:
                held = self._allowed is not None and len(self._passed) >= self._allowed
                if not held:
                    self._passed.append(path)
                    self._changed.notify_all()
            if held:
                self._valve.wait(PATIENCE)
        return forward(request)


def _path(request: Received) -> str:
    return urlsplit(request.target).path


def is_segment(path: str) -> bool:
    """Return whether a path is that of media, playlists left out."""
    return path.startswith("/media/") and not path.endswith(".m3u8")


def forward(request: Received) -> Answer:
    """Return what the service answers to a request that came to a proxy."""
    parts = urlsplit(request.target)
    headers = {name: value for name, value in request.headers.items() if name not in _HOP}
    connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
    try:
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request(request.method, target, body=request.body, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
        return Answer(status=answer.status, headers=kept, body=body)
    finally:
        connection.close()
