"""The downloading phase: every piece fetched, checked, sealed and durable.

Promises, in order of weight:

1. ``run`` returns ``End.STAGED`` only when each piece of the plan is durable and
   was found to be what it should be.
2. A piece that is durable is not fetched again, also when URLs end or the source
   changes meanwhile: where a piece is asked for is looked up each time, in an
   ``AddressBook``. Ending early, for whatever
   reason, still commits every piece that had arrived as a whole.
3. It ends: stopped within a tenth of a second and the time to commit what is
   there, or with a named error after a bounded number of attempts (see
   ``retry``). It never waits without a timeout.
4. A kill costs at most one segment for each connection: a buffer is all that a
   connection has, and it is free again when its segment is on disk. So memory is
   bounded too, with fewer buffers where segments are large, and when sealing is
   slower than the network, the network waits.

One thread runs it; the sealing line has its own.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from vodseal.download.fetch import ReceiveBuffer, Reply, Request
from vodseal.download.plan import SEGMENT_LIMIT, Meter, Piece
from vodseal.download.pool import Pool, is_too_much
from vodseal.download.retry import Failure, RetryPolicy, Trouble, decide
from vodseal.download.sealing import Broken, Durable, Outcome, Refused, SealingLine, Written
from vodseal.errors import DownloadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vodseal.clock import Clock
    from vodseal.download.addresses import Address, AddressBook
    from vodseal.download.fetch import Fetcher

__all__ = ["End", "Engine", "EngineInput"]

_STEP: Final = 0.02
"""Seconds that one look at the network may take."""
_LOOK_EVERY: Final = 0.05
"""Seconds between two looks at the progress and at the wish to stop."""
_MEMORY_BUDGET: Final = 48 << 20
"""Bytes that all buffers together should hold."""
_LEAST_BUFFERS: Final = 2


class End(Enum):
    """How the downloading phase ended."""

    STAGED = "every piece is durable"
    STOPPED = "somebody asked to stop"
    CHANGED = "the file is another one on the server now"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineInput:
    """What a run works on."""

    pieces: tuple[Piece, ...]
    """Those that are not durable yet."""
    validator: str
    """The strong ETag of the one file; empty where there is none, or digests."""
    connections: int
    """With how many it starts."""
    most_connections: int = 0
    """How many it may come to; no more than at the start, when this is less."""
    policy: RetryPolicy


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A piece, and where it was asked for."""

    piece: Piece
    address: Address


class _Tries:
    """The failed attempts of one piece."""

    __slots__ = ("attempts", "mark", "renewals", "since_progress")

    def __init__(self) -> None:
        self.attempts = 0
        self.renewals = 0
        self.since_progress = 0
        self.mark = -1

    def count(self, mark: int) -> None:
        """Count one; ``mark`` grows with every piece that got through."""
        self.attempts += 1
        self.since_progress = 1 if mark != self.mark else self.since_progress + 1
        self.mark = mark


class Engine:
    """One downloading phase. Made for one ``run``."""

    def __init__(
        self,
        work: EngineInput,
        *,
        fetcher: Fetcher,
        book: AddressBook,
        line: SealingLine,
        meter: Meter,
        clock: Clock,
        jitter: Callable[[], float],
        should_stop: Callable[[], bool],
        on_durable: Callable[[Piece], None],
        on_look: Callable[[], None],
    ) -> None:
        """``on_durable`` hears of each piece, ``on_look`` is called many times a second.

        ``jitter`` gives numbers from 0 to 1 at random.
        """
        self._work = work
        self._fetcher = fetcher
        self._book = book
        self._line = line
        self._meter = meter
        self._clock = clock
        self._jitter = jitter
        self._should_stop = should_stop
        self._on_durable = on_durable
        self._on_look = on_look
        self._queue = deque(work.pieces)
        self._later: list[tuple[float, int, Piece]] = []
        self._refused: list[tuple[_Attempt, Failure]] = []
        """Those that wait for fresh URLs."""
        self._fetching: dict[Request, _Attempt] = {}
        self._asked: dict[tuple[int, int], Address] = {}
        """Where the pieces on the line came from."""
        self._pool = Pool(work.connections, work.most_connections)
        self._free: list[ReceiveBuffer] = []
        self._on_line = 0
        self._not_durable = len(work.pieces)
        self._progress = 0
        self._look_at = float("-inf")
        self._largest = 0
        self._tries: dict[tuple[int, int], _Tries] = {}
        self.lengths_announced = True
        self.received_bytes = 0

    def run(self) -> End:
        """Fetch and stage what is missing.

        Raises:
            DownloadError: The network, the server or the disk did not let it
                (NET_ERROR, URL_CANNOT_REACH, NO_SPACE, WRITE_ERROR). What is
                durable stays so.
        """
        try:
            end = self._loop()
        finally:
            self._fetcher.close()
            self._line.close()
            self._free.clear()  # processing needs the memory now
        return end

    def _loop(self) -> End:
        while self._not_durable:
            if self._look() and self._should_stop():
                return End.STOPPED
            self._submit()
            for reply in self._fetcher.wait(_STEP):
                if reply.failure is not None and reply.failure.trouble is Trouble.CHANGED:
                    return End.CHANGED
                self._take_reply(reply)
            idle = not self._fetching
            self._take_outcomes(self._line.outcomes(_STEP if idle else 0))
        return End.STAGED

    def _look(self) -> bool:
        """Look at the progress when it is time, and return whether it was."""
        now = self._clock.monotonic()
        if now < self._look_at:
            return False
        self._look_at = now + _LOOK_EVERY
        in_flight = self._fetcher.received()
        self._meter.look(in_flight)
        self._pool.look(self.received_bytes + in_flight, now)
        self._on_look()
        if self._book.look():
            attempts, self._refused = self._refused, []
            for attempt, failure in attempts:
                self._decide(attempt, failure)
        return True

    def _submit(self) -> None:
        now = self._clock.monotonic()
        while self._later and self._later[0][0] <= now:
            self._queue.appendleft(heapq.heappop(self._later)[2])
        while self._queue and self._has_room():
            piece = self._queue.popleft()
            address = self._book.address(piece.sequence)
            request = Request(
                url=address.url,
                limit=SEGMENT_LIMIT if piece.size is None else piece.size,
                start=piece.start,
                size=piece.size,
                validator=self._work.validator,
            )
            self._fetching[request] = _Attempt(piece, address)
            buffer = self._free.pop() if self._free else ReceiveBuffer()
            self._fetcher.submit(request, buffer)

    def _has_room(self) -> bool:
        if self._book.is_waiting:
            return False
        in_use = len(self._fetching) + self._on_line
        affordable = max(_LEAST_BUFFERS, _MEMORY_BUDGET // max(self._largest, 1))
        return in_use < min(affordable, self._pool.count)

    def _take_reply(self, reply: Reply) -> None:
        attempt = self._fetching.pop(reply.request)
        piece = attempt.piece
        self.received_bytes += reply.buffer.size
        self._largest = max(self._largest, reply.buffer.size)
        if reply.failure is not None:
            self._free.append(reply.buffer)
            self._fail(attempt, reply.failure)
            return
        self._asked[piece.key] = attempt.address
        self.lengths_announced &= reply.length_announced or piece.size is not None
        self._on_line += 1
        self._line.put(piece, reply.buffer)

    def _take_outcomes(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            match outcome:
                case Broken(error):
                    raise error
                case Durable(piece, size):
                    self._not_durable -= 1
                    self._meter.add(piece, size)
                    self._on_durable(piece)
                case Written(piece, buffer):
                    self._leave_line(buffer)
                    self._progress += 1
                    self._book.succeed(self._asked.pop(piece.key))
                case Refused(piece, buffer, trouble):
                    self._leave_line(buffer)
                    attempt = _Attempt(piece, self._asked.pop(piece.key))
                    self._fail(attempt, Failure(trouble=trouble))
        waiting = self._queue or self._later or self._refused or self._fetching or self._on_line
        if self._not_durable and not waiting:
            self._line.hurry()

    def _leave_line(self, buffer: ReceiveBuffer) -> None:
        self._on_line -= 1
        self._free.append(buffer)

    def _fail(self, attempt: _Attempt, failure: Failure) -> None:
        """Wait for fresh URLs, when a refusal is what they can heal; or decide at once."""
        self._book.fail(attempt.address, failure)
        tries = self._tries.setdefault(attempt.piece.key, _Tries())
        may_renew = failure.is_refusal and tries.renewals < self._work.policy.renewals
        if may_renew and self._book.renews(attempt.address):
            tries.renewals += 1
            self._refused.append((attempt, failure))
        else:
            self._decide(attempt, failure)

    def _decide(self, attempt: _Attempt, failure: Failure) -> None:
        piece = attempt.piece
        tries = self._tries[piece.key]
        tries.count(self._progress)
        elsewhere = self._book.is_elsewhere(attempt.address)
        if is_too_much(failure) and not elsewhere:
            self._pool.shrink(self._clock.monotonic())
        verdict = decide(
            self._work.policy,
            failure,
            attempts=tries.attempts,
            attempts_since_progress=tries.since_progress,
            elsewhere=elsewhere,
            jitter=self._jitter(),
        )
        if verdict.pause is None:
            count = f"{tries.attempts} attempts" if tries.attempts > 1 else "1 attempt"
            msg = f"segment {piece.sequence}: {failure.text}, after {count}"
            raise DownloadError(verdict.code, msg)
        when = self._clock.monotonic() + verdict.pause
        heapq.heappush(self._later, (when, piece.sequence << 32 | piece.number, piece))
