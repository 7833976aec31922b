"""Refuse a request that is too old, or that was seen before (wire 2, SPEC rpc §3).

A nonce is remembered until its request could no longer be accepted for its
time: a request dated 15 minutes ahead stays fresh for 30. One without a
``Timestamp``, as players send it, has only its nonce and its credential's end.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from vodseal.errors import RpcError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["WINDOW_SECONDS", "NonceWindow", "UsedNonce", "format_time", "parse_time"]

WINDOW_SECONDS: Final = 15 * 60
_TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
_MAX_NONCE_LENGTH: Final = 256
_MAX_NONCES_PER_CALLER: Final = 200_000


def format_time(instant: float) -> str:
    """Return UTC seconds as ``yyyy-MM-ddTHH:mm:ssZ``."""
    return datetime.fromtimestamp(instant, UTC).strftime(_TIME_FORMAT)


def parse_time(text: str) -> float:
    """Return the UTC seconds of ``yyyy-MM-ddTHH:mm:ssZ``.

    Raises:
        RpcError: ``InvalidTimeStamp.Format``.
    """
    try:
        return datetime.strptime(text, _TIME_FORMAT).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise RpcError("InvalidTimeStamp.Format") from None


class UsedNonce(NamedTuple):
    """A nonce that was used. They sort by their end."""

    end: float
    """Until when it has to be remembered."""

    caller: str
    digest: str
    """SHA-256 of the nonce, hexadecimal."""


class NonceWindow:
    """The nonces that were used and could still be replayed."""

    def __init__(
        self,
        used: Iterable[UsedNonce] = (),
        *,
        not_before: float = 0.0,
        max_per_caller: int = _MAX_NONCES_PER_CALLER,
    ) -> None:
        """Start with what another window remembered.

        Args:
            used: What ``remembered`` returned before.
            not_before: Requests that say an earlier second are refused: whether
                their nonces were used is not known.
            max_per_caller: Bounds the memory that one caller can take.
        """
        self._max_per_caller = max_per_caller
        self._not_before = int(not_before)
        self._ends: list[UsedNonce] = sorted(used)
        self._used = {(one.caller, one.digest) for one in self._ends}
        self._counts = Counter(one.caller for one in self._ends)

    def __len__(self) -> int:
        return len(self._used)

    def use(self, caller: str, nonce: str, timestamp: str | None, now: float) -> None:
        """Take note of a request. ``caller`` is the id of the key that signed it.

        Call this after the signature was checked: a forged request must not be
        able to use up a nonce.

        Raises:
            RpcError: ``MissingSignatureNonce``, ``InvalidParameter.SignatureNonce``,
                ``InvalidTimeStamp.*``, ``SignatureNonceUsed``, ``Throttling.User``.
                Nothing was noted.
        """
        if not nonce:
            raise RpcError("MissingSignatureNonce")
        if len(nonce) > _MAX_NONCE_LENGTH:
            raise RpcError("InvalidParameter.SignatureNonce")
        end = now + WINDOW_SECONDS
        if timestamp:
            signed_at = parse_time(timestamp)
            if abs(signed_at - now) > WINDOW_SECONDS or signed_at < self._not_before:
                raise RpcError("InvalidTimeStamp.Expired")
            end = max(end, signed_at + WINDOW_SECONDS)
        self._forget(now)
        digest = hashlib.sha256(nonce.encode("utf-8", "replace")).hexdigest()
        if (caller, digest) in self._used:
            raise RpcError("SignatureNonceUsed")
        if self._counts[caller] >= self._max_per_caller:
            raise RpcError("Throttling.User")
        self._used.add((caller, digest))
        self._counts[caller] += 1
        heapq.heappush(self._ends, UsedNonce(end, caller, digest))

    def remembered(self, now: float) -> list[UsedNonce]:
        """Return what has to outlive this window."""
        self._forget(now)
        return list(self._ends)

    def _forget(self, now: float) -> None:
        while self._ends and self._ends[0].end < now:
            _, caller, digest = heapq.heappop(self._ends)
            self._used.discard((caller, digest))
            self._counts[caller] -= 1
            if not self._counts[caller]:
                del self._counts[caller]
