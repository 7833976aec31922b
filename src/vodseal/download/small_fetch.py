"""Small things over the network: playlists, keys, and what the server says about a file."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from vodseal.clock import SystemClock
from vodseal.download.addresses import AddressBook
from vodseal.download.curl_fetcher import CurlFetcher
from vodseal.download.fetch import FetcherConfig, ReceiveBuffer, Request
from vodseal.download.retry import RetryPolicy, decide
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, MediaRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.clock import Clock
    from vodseal.download.addresses import Address
    from vodseal.download.fetch import Fetcher, Reply
    from vodseal.download.retry import Failure

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
                AddressBook(((url,),), self._clock),
                lambda url: Request(url=url, limit=limit),
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
    book: AddressBook,
    request_for: Callable[[str], Request],
    *,
    policy: RetryPolicy,
    clock: Clock,
    should_stop: Callable[[], bool],
) -> Reply | None:
    """Return the reply for the book's one segment, tried as ``policy`` says; None when stopped.

    Raises:
        MediaRefusedError: The server refused the URL, and no fresh one helped.
        DownloadError: It failed too often (URL_CANNOT_REACH, NET_ERROR).
    """
    pause, tries = threading.Event(), _Tries(book, policy, clock)
    while not should_stop():
        address = tries.address()
        if address is None:
            pause.wait(_STEP)
            continue
        reply = _reply(fetcher, request_for(address.url), should_stop)
        if reply is None:
            return None
        if reply.failure is None:
            book.succeed(address)
            return reply
        tries.fail(address, reply.failure)
    return None


def _reply(fetcher: Fetcher, request: Request, should_stop: Callable[[], bool]) -> Reply | None:
    fetcher.submit(request, ReceiveBuffer())
    while not should_stop():
        for reply in fetcher.wait(_STEP):
            return reply
    return None


class _Tries:
    """The failed attempts of one request, and when and where the next one is made."""

    def __init__(self, book: AddressBook, policy: RetryPolicy, clock: Clock) -> None:
        self._book = book
        self._policy = policy
        self._clock = clock
        self._again_at = clock.monotonic()
        self._attempts = 0
        self._renewals = 0
        self._refused: tuple[Address, Failure] | None = None

    def address(self) -> Address | None:
        """Return where to ask now; None while it is to wait. Raises as ``fetch_once``."""
        if self._refused is not None:
            if not self._book.look():
                return None
            refused, self._refused = self._refused, None
            self._decide(*refused)
        if self._clock.monotonic() < self._again_at:
            return None
        return self._book.address(0)

    def fail(self, address: Address, failure: Failure) -> None:
        """Wait for a fresh URL, when a refusal is what it can heal; or decide at once."""
        self._book.fail(address, failure)
        may_renew = failure.is_refusal and self._renewals < self._policy.renewals
        if may_renew and self._book.renews(address):
            self._renewals += 1
            self._refused = address, failure
        else:
            self._decide(address, failure)

    def _decide(self, address: Address, failure: Failure) -> None:
        self._attempts += 1
        verdict = decide(
            self._policy,
            failure,
            attempts=self._attempts,
            attempts_since_progress=self._attempts,
            elsewhere=self._book.is_elsewhere(address),
        )
        if verdict.pause is None:
            kind = MediaRefusedError if failure.is_refusal else DownloadError
            raise kind(verdict.code, failure.text)
        self._again_at = self._clock.monotonic() + verdict.pause
