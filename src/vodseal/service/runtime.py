"""The running service: its context, and the parts that change while it runs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from vodseal.service.authn import Authenticator, Caller
    from vodseal.service.context import ServiceContext
    from vodseal.service.jobs.rotation import KeyRotator
    from vodseal.service.limits import Limits
    from vodseal.service.parameters import Parameters

__all__ = ["Call", "Runner", "Service", "Turns"]


class Runner(Protocol):
    """Runs the transcode tasks that wait in the database."""

    async def start(self) -> None:
        """Begin; tasks that were running when the service last ended begin again."""

    async def stop(self) -> None:
        """Stop at once; what was running begins again at the next start."""

    def notify(self) -> None:
        """Look for waiting tasks now."""

    async def cancel(self, video_ids: Sequence[str]) -> None:
        """End the work on videos whose rows are gone; return when nothing writes for them."""


class Turns:
    """A lock for each name, as long as somebody has it or waits for it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, name: str) -> asyncio.Lock:
        """Return the lock of ``name``."""
        return self._locks.setdefault(name, asyncio.Lock())


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What a request is answered with."""

    context: ServiceContext
    runner: Runner
    rotator: KeyRotator
    authenticator: Authenticator
    limits: Limits
    uploads: Path
    """Where upload parts lie until they are complete."""
    joins: Turns
    """One join of parts at a time for each upload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, authenticated and allowed."""

    action: str
    parameters: Parameters
    caller: Caller
    values: Mapping[str, str]
    now: float
    method: str = "POST"
    base_url: str
    """What the client reached us by, without a slash at the end."""
