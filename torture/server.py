"""The film's web server. It counts who asked for what.

It runs in the process that starts the others, since whoever forks jobs has to
have one thread. Each run asks with a query of its own, so a request that a
killed run left on the way is not counted for the run after it.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Final
from urllib.request import urlopen

from tests.integration.download.media_server import MediaServer

from vodseal.testing.http_server import Answer

if TYPE_CHECKING:
    from vodseal.testing.http_server import Received

__all__ = ["CountingServer", "asked"]

_ASKED: Final = "/asked"


class CountingServer(MediaServer):
    """A media server that tells what it was asked for, by query."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._by_query: dict[str, Counter[str]] = {}

    def _respond(self, request: Received) -> Answer:
        path, _, query = request.target.partition("?")
        with self._arrived:
            self.web.received.clear()
            if path == _ASKED:
                return Answer(body=json.dumps(self._by_query.pop(query, {})).encode())
            bounds = request.headers.get("range", "").removeprefix("bytes=")
            self._by_query.setdefault(query, Counter())[f"{path} {bounds}".strip()] += 1
        return super()._respond(request)


def asked(base: str, query: str) -> dict[str, int]:
    """Return how often each path, with its range, was asked for under a query; forget it."""
    with urlopen(f"{base}{_ASKED}?{query}") as answer:
        found: dict[str, int] = json.load(answer)
    return found
