"""Which failures are tried again, how long after, and how often.

A pure function of what happened: no clock, no network, no randomness of its
own. Promises, in order of weight:

1. It ends. Every piece has a bound of attempts that nothing resets, and a pause
   has an upper bound too.
2. Progress forgives. Attempts that failed before the last piece got through,
   anywhere in the job, do not count against a piece whose trouble is the
   network: an outage is measured from the last thing that worked.
3. Another way is better than patience. Where a mirror has the piece too, or its
   URL was renewed since, the next attempt goes there at once; only the bound of
   all attempts counts it.
4. The number is honest. ``NET_ERROR`` says that the network or the server did
   not deliver. ``URL_CANNOT_REACH`` says that the URL answered, and with the
   wrong thing: a refusal (B38), or bytes that are not the ones that were signed
   or not media at all. ``ENCRYPT_ERROR`` is never used for a digest: nothing is
   wrong with any key, and a fresh URL is what may help.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Final

from vodseal.error_codes import ErrorCode

__all__ = ["Failure", "RetryPolicy", "Trouble", "Verdict", "decide"]


class Trouble(Enum):
    """What went wrong with one attempt."""

    CONNECT = "the server could not be reached"
    STALL = "the server stopped sending"
    SLOW = "the server sends next to nothing"
    CUT = "the connection broke"
    TLS = "the server's certificate was not accepted"
    STATUS = "the server refused"
    URL = "the URL cannot be fetched"
    REDIRECT = "the server redirected too often, or to another protocol"
    LENGTH = "the server sent another length than it announced"
    DIGEST = "the bytes are not the ones that were signed"
    STRUCTURE = "the bytes are not the media that they should be"
    TOO_LARGE = "the piece is larger than any segment may be"
    CHANGED = "the file changed on the server"
    NO_RANGES = "the server does not serve ranges of the file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One failed attempt."""

    trouble: Trouble
    status: int = 0
    """The HTTP status, for ``Trouble.STATUS``."""
    retry_after: float | None = None
    """Seconds that the server asked to wait."""

    @property
    def is_refusal(self) -> bool:
        """Whether the server knows the URL no more: signed URLs end so (B38)."""
        return self.trouble is Trouble.STATUS and not _is_network(self)

    @property
    def text(self) -> str:
        """Return it in words, without any URL."""
        return f"{self.trouble.value} ({self.status})" if self.status else self.trouble.value


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How patient a run is. Times are in seconds."""

    network_attempts: int = 6
    """Attempts since the last progress when the network is the trouble."""
    content_attempts: int = 3
    """Attempts of a piece whose bytes are wrong."""
    refusal_attempts: int = 2
    """Attempts of a piece that the server refuses; a refusal is rarely an accident."""
    renewals: int = 3
    """Times that a piece waits for fresh URLs, after a refusal."""
    total_attempts: int = 20
    """Attempts of a piece, whatever happens in between."""
    first_pause: float = 0.25
    """Before the second attempt; it doubles with each one after it."""
    longest_pause: float = 5.0
    longest_retry_after: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Try again after ``pause`` seconds, or, when that is None, give up with ``code``."""

    pause: float | None
    code: ErrorCode


_NETWORK: Final = {Trouble.CONNECT, Trouble.STALL, Trouble.SLOW, Trouble.CUT, Trouble.LENGTH}
_CONTENT: Final = {Trouble.DIGEST, Trouble.STRUCTURE}
_TRANSIENT_STATUS: Final = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
}


def decide(
    policy: RetryPolicy,
    failure: Failure,
    *,
    attempts: int,
    attempts_since_progress: int,
    elsewhere: bool = False,
    jitter: float = 0.0,
) -> Verdict:
    """Return what to do after ``attempts`` failed attempts of one piece.

    Args:
        policy: The patience.
        failure: How the last attempt failed.
        attempts: Failed attempts of the piece in all.
        attempts_since_progress: Those among them since any piece of the job got through.
        elsewhere: The next attempt asks another server, or by a newer URL.
        jitter: 0 to 1, at random: it takes up to half of a pause away, so that what
            failed together does not come back together. Never of ``Retry-After``.
    """
    network = _is_network(failure)
    code = _code(failure, network=network)
    counted = attempts_since_progress if network else attempts
    bound = policy.total_attempts if elsewhere else _bound(policy, failure, network=network)
    if attempts >= policy.total_attempts or counted >= bound:
        return Verdict(pause=None, code=code)
    if elsewhere:
        return Verdict(pause=0.0, code=code)
    pause = min(policy.longest_pause, policy.first_pause * 2.0 ** (counted - 1))
    pause *= 1.0 - jitter / 2
    if failure.retry_after is not None:
        pause = max(pause, min(policy.longest_retry_after, failure.retry_after))
    return Verdict(pause=pause, code=code)


def _is_network(failure: Failure) -> bool:
    if failure.trouble is Trouble.STATUS:
        server_fault = failure.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return server_fault or failure.status in _TRANSIENT_STATUS
    return failure.trouble in _NETWORK


def _bound(policy: RetryPolicy, failure: Failure, *, network: bool) -> int:
    if network:
        return policy.network_attempts
    if failure.trouble in _CONTENT:
        return policy.content_attempts
    return policy.refusal_attempts if failure.trouble is Trouble.STATUS else 1


def _code(failure: Failure, *, network: bool) -> ErrorCode:
    if network or failure.trouble is Trouble.TLS:
        return ErrorCode.NET_ERROR
    return ErrorCode.URL_CANNOT_REACH
