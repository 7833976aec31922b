"""Small things over the network: playlists, keys, and what the server says about a file."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from vodseal.clock import SystemClock
from vodseal.download.curl_fetcher import CurlFetcher
from vodseal.download.fetch import FetcherConfig, ReceiveBuffer, Request
from vodseal.download.retry import RetryPolicy, decide
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.clock import Clock
    from vodseal.download.fetch import Fetcher, Reply

__all__ = ["HttpFetcher", "fetch_once"]

_STEP: Final = 0.05


def _never() -> bool:
    return False


class HttpFetcher:
    """Fetches small bodies, one after the other, as patiently as the engine."""

    def __init__(
        self,
        config: FetcherConfig,
        *,
        clock: Clock | None = None,
        should_stop: Callable[[], bool] = _never,
        policy: RetryPolicy | None = None,
    ) -> None:
        """Connect to nobody yet."""
        self._config = config
        self._clock = clock or SystemClock()
        self._should_stop = should_stop
        self._policy = policy or RetryPolicy()

    def get(self, url: str, *, limit: int) -> bytes:
        """Return the body, of at most ``limit`` bytes.

        Raises:
            DownloadError: The server refused, or sent more (URL_CANNOT_REACH),
                did not answer (NET_ERROR), or the caller stopped (INTERRUPTED).
        """
        fetcher = CurlFetcher(self._config, self._clock)
        try:
            reply = fetch_once(
                fetcher,
                Request(url=url, limit=limit),
                policy=self._policy,
                clock=self._clock,
                should_stop=self._should_stop,
            )
        finally:
            fetcher.close()
        if reply is None:
            raise DownloadError(ErrorCode.INTERRUPTED, "stopped")
        return bytes(reply.buffer.view)


def fetch_once(
    fetcher: Fetcher,
    request: Request,
    *,
    policy: RetryPolicy,
    clock: Clock,
    should_stop: Callable[[], bool],
) -> Reply | None:
    """Return the reply to one request, tried as often as ``policy`` allows; None when stopped.

    Raises:
        DownloadError: It failed too often (URL_CANNOT_REACH, NET_ERROR).
    """
    buffer, attempts, again_at = ReceiveBuffer(), 0, clock.monotonic()
    pause = threading.Event()
    busy = False
    while not should_stop():
        if not busy and clock.monotonic() >= again_at:
            fetcher.submit(request, buffer)
            busy = True
        if not busy:
            pause.wait(_STEP)
        for reply in fetcher.wait(_STEP):
            if reply.failure is None:
                return reply
            busy, attempts = False, attempts + 1
            verdict = decide(
                policy, reply.failure, attempts=attempts, attempts_since_progress=attempts
            )
            if verdict.pause is None:
                raise DownloadError(verdict.code, reply.failure.text)
            again_at = clock.monotonic() + verdict.pause
    return None
