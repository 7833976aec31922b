"""How often somebody may ask for what costs: token buckets.

A bucket holds a minute's worth of tokens and fills evenly. An action takes its
cost out of it, or nothing, and then the answer says when to come back. The rule
is pure; the buckets lie in this process's memory, so several processes each allow
their own share, and a restart fills them all.

Addresses are counted before a signature is checked, callers and apps behind it,
devices behind theirs: nobody can use up a bucket in somebody else's name. Behind
a proxy all requests come from one address; there the proxy has to count them.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from vodseal.errors import ThrottledError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodseal.clock import Clock
    from vodseal.service.settings import Settings

__all__ = ["COSTS", "Bucket", "Limits", "Scope", "take"]

COSTS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "AssumeRole": 1,
        "GetPlayInfo": 1,
        "GetVideoPlayAuth": 1,
        "GetEnrolmentChallenge": 5,
        "EnrollDevice": 5,
        "AcquireDownloadLicense": 5,
        "CheckInDevice": 5,
        "GenerateDownloadSecretKey": 100,
        "RegisterApp": 100,
        "ReissueApp": 100,
    }
)
"""What costs, in tokens: signatures and writes a few, Argon2id a hundred. The rest is free."""

_MINUTE: Final = 60.0
_MAX_BUCKETS: Final = 100_000


class Scope(StrEnum):
    """Who is counted. The value is the code of the refusal (wire 4)."""

    ADDRESS = "Throttling"
    USER = "Throttling.User"
    APP = "Throttling.Api"
    DEVICE = "Throttling.Device"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What was left at an instant."""

    tokens: float
    at: float


def take(bucket: Bucket | None, cost: int, *, per_minute: int, now: float) -> tuple[Bucket, float]:
    """Return the bucket at ``now``, and 0, or the seconds until ``cost`` can be taken.

    When it cannot be taken, nothing is. None is a full bucket. ``now`` comes from
    a clock that never goes back.
    """
    if bucket is None:
        tokens = float(per_minute)
    else:
        gained = (now - bucket.at) * per_minute / _MINUTE
        tokens = min(float(per_minute), bucket.tokens + gained)
    cost = min(cost, per_minute)  # else it could never be had
    if tokens < cost:
        return Bucket(tokens=tokens, at=now), (cost - tokens) * _MINUTE / per_minute
    return Bucket(tokens=tokens - cost, at=now), 0.0


class Limits:
    """The buckets of one process."""

    def __init__(self, per_minute: Mapping[Scope, int], clock: Clock) -> None:
        """``per_minute`` says how much each scope allows; 0 is no limit."""
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[tuple[Scope, str], Bucket] = OrderedDict()

    @classmethod
    def of(cls, settings: Settings, clock: Clock) -> Limits:
        """Return the limits that the settings name."""
        return cls(
            {
                Scope.ADDRESS: settings.rate_address,
                Scope.USER: settings.rate_user,
                Scope.APP: settings.rate_app,
                Scope.DEVICE: settings.rate_device,
            },
            clock,
        )

    def count(self, scope: Scope, name: str, action: str) -> None:
        """Take the cost of ``action`` from the bucket of ``name``.

        Raises:
            ThrottledError: There is not enough in it. Nothing was taken.
        """
        cost, per_minute = COSTS.get(action, 0), self._per_minute[scope]
        if not cost or not per_minute:
            return
        key = (scope, name)
        bucket = self._buckets.pop(key, None)
        now = self._clock.monotonic()
        self._buckets[key], wait = take(bucket, cost, per_minute=per_minute, now=now)
        if len(self._buckets) > _MAX_BUCKETS:
            self._buckets.popitem(last=False)  # who has not asked for the longest time
        if wait:
            raise ThrottledError(scope.value, retry_after=math.ceil(wait))
