"""A network without sockets: a ``Fetcher`` that serves what a test put into it.

It keeps the promises of the real one: a range is served as that range, no more
bytes than the limit and no fewer than announced are delivered, replies come in
the order in which transfers end. What goes wrong is scripted, one step for each
request; when the script of a resource is used up, it is served as it is.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vodseal.download.fetch import Reply
from vodseal.download.retry import Failure, Trouble

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from vodseal.download.fetch import ReceiveBuffer, Request
    from vodseal.testing.clock import FakeClock

__all__ = ["FakeFetcher", "Step"]

_NOT_FOUND: Final = Failure(trouble=Trouble.STATUS, status=404)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How one request fares. Without anything, it is served as it should be."""

    data: bytes | None = None
    """Bytes to serve in place of the right ones, whatever was asked for."""
    failure: Failure | None = None
    """How it fails."""
    after: threading.Event | None = None
    """It does not end before this is set."""
    stalled: bool = False
    """It never ends by itself."""


class FakeFetcher:
    """Serves resources by their URL without its query, since signed URLs change."""

    def __init__(self, resources: Mapping[str, bytes], clock: FakeClock) -> None:
        """``clock`` moves on while nothing happens, so that a pause takes no time."""
        self.resources = dict(resources)
        self.requests: list[Request] = []
        """Every request there was, in order."""
        self.validators: dict[str, str] = {}
        self.closed = False
        self._clock = clock
        self._scripts: dict[str, deque[Step]] = {}
        self._active: list[tuple[Request, ReceiveBuffer, Step]] = []

    def script(self, url: str, *steps: Step) -> None:
        """Decide how the next requests for ``url`` fare, one step each."""
        self._scripts.setdefault(url, deque()).extend(steps)

    def submit(self, request: Request, buffer: ReceiveBuffer) -> None:
        """Begin a transfer into ``buffer``."""
        self.requests.append(request)
        steps = self._scripts.get(_address(request))
        step = steps.popleft() if steps else Step()
        buffer.clear()
        self._active.append((request, buffer, step))

    def wait(self, timeout: float) -> list[Reply]:
        """Return the transfers that ended.

        When none has, wait up to ``timeout`` seconds for the first event that
        one waits for; without any, let the clock move on instead.
        """
        if self._active and not any(map(_is_due, self._active)):
            events = [step.after for _, _, step in self._active if step.after and not step.stalled]
            if not (events and events[0].wait(timeout)):
                self._clock.advance(max(0.0, timeout))
        due = [entry for entry in self._active if _is_due(entry)]
        self._active = [entry for entry in self._active if not _is_due(entry)]
        return [self._reply(*entry) for entry in due]

    def received(self) -> int:
        """Return the bytes that transfers under way have received: they come at the end."""
        return 0

    def close(self) -> None:
        """Give up all transfers."""
        self.closed = True
        self._active.clear()

    def _reply(self, request: Request, buffer: ReceiveBuffer, step: Step) -> Reply:
        url = _address(request)
        whole = self.resources.get(url)
        failure = step.failure or (_NOT_FOUND if whole is None and step.data is None else None)
        if failure is None:
            data = step.data if step.data is not None else _part(request, whole or b"")
            failure = _fill(request, buffer, data)
        return Reply(
            request=request,
            buffer=buffer,
            failure=failure,
            url=request.url,
            total_size=None if whole is None else len(whole),
            validator=self.validators.get(url, ""),
            length_announced=whole is not None,
        )


def _address(request: Request) -> str:
    return request.url.partition("?")[0]


def _is_due(entry: tuple[Request, ReceiveBuffer, Step]) -> bool:
    step = entry[2]
    return not step.stalled and (step.after is None or step.after.is_set())


def _part(request: Request, whole: bytes) -> bytes:
    if request.start is None:
        return whole
    return whole[request.start : request.start + (request.size or 0)]


def _fill(request: Request, buffer: ReceiveBuffer, data: bytes) -> Failure | None:
    buffer.append(data[: request.limit])
    if len(data) > request.limit:
        return Failure(trouble=Trouble.TOO_LARGE if request.size is None else Trouble.LENGTH)
    if request.size not in {None, len(data)}:
        return Failure(trouble=Trouble.LENGTH)
    return None
