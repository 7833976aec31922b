"""From received bytes to durable pieces: check and seal on some threads, commit on one.

The line takes a full buffer and gives it back when its piece is sealed and
written, or refused. Groups become durable at four pieces, 32 MiB or one second,
whichever comes first, and at once when nothing more is to come. How many pieces
are on the line at a time is bounded by the caller's buffers.

A thread that meets an error reports it and ends; the caller ends the run.
Closing the line still commits what is written, so a stop loses no whole piece.
"""

from __future__ import annotations

import os
import queue
import sqlite3
import threading
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from vodseal.container.cobblestone import BLOCK_ROOM
from vodseal.download.check import find_fault, has_wrong_length
from vodseal.download.disk_errors import disk_error
from vodseal.download.retry import Trouble
from vodseal.download.staging import WrittenPiece
from vodseal.errors import VodsealError

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.clock import Clock
    from vodseal.download.fetch import ReceiveBuffer
    from vodseal.download.journal import Journal
    from vodseal.download.plan import Piece
    from vodseal.download.staging import Staging

__all__ = ["Broken", "Durable", "Outcome", "Refused", "SealingLine", "Written"]

_GROUP_COUNT: Final = 4
_GROUP_SIZE: Final = 32 << 20
_GROUP_SECONDS: Final = 1.0
_MAX_SEALERS: Final = 4
_PADDING: Final = 16


class _Signal(Enum):
    HURRY = "commit now"


_HURRY: Final = _Signal.HURRY


@dataclass(frozen=True, slots=True)
class Refused:
    """A piece is not what it should be. Its buffer is free."""

    piece: Piece
    buffer: ReceiveBuffer
    trouble: Trouble


@dataclass(frozen=True, slots=True)
class Written:
    """A piece is sealed and has its name. Its buffer is free."""

    piece: Piece
    buffer: ReceiveBuffer


@dataclass(frozen=True, slots=True)
class Durable:
    """A piece will be there after any crash."""

    piece: Piece
    size: int


@dataclass(frozen=True, slots=True)
class Broken:
    """Something cannot go on. What is durable stays so."""

    error: VodsealError


Outcome: TypeAlias = Refused | Written | Durable | Broken
_Received: TypeAlias = "tuple[Piece, ReceiveBuffer]"


class SealingLine:
    """Some threads that seal, and one that commits. Close it, whatever happens."""

    def __init__(
        self, staging: Staging, journal: Journal, algorithm: int | None, clock: Clock
    ) -> None:
        """Start the threads. The journal belongs to the line until ``close`` returns."""
        self._staging = staging
        self._journal = journal
        self._algorithm = algorithm
        self._clock = clock
        self._received: queue.SimpleQueue[_Received | None] = queue.SimpleQueue()
        self._written: queue.SimpleQueue[WrittenPiece | _Signal | None] = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._since = clock.monotonic()
        self._sealers = [
            threading.Thread(target=self._guard, args=(self._seal_all,), name="vodseal-seal")
            for _ in range(min(_MAX_SEALERS, os.cpu_count() or 1))
        ]
        self._committer = threading.Thread(
            target=self._guard, args=(self._commit_all,), name="vodseal-commit"
        )
        for thread in (*self._sealers, self._committer):
            thread.start()

    def put(self, piece: Piece, buffer: ReceiveBuffer) -> None:
        """Hand over a piece; ``buffer`` belongs to the line until an outcome names it."""
        self._received.put((piece, buffer))

    def outcomes(self, timeout: float) -> list[Outcome]:
        """Return what happened; wait up to ``timeout`` seconds for the first."""
        found: list[Outcome] = []
        try:
            found.append(
                self._outcomes.get(timeout=timeout) if timeout > 0 else self._outcomes.get_nowait()
            )
            while True:
                found.append(self._outcomes.get_nowait())
        except queue.Empty:
            return found

    def hurry(self) -> None:
        """Commit what is written without waiting for more: nothing is to come."""
        self._written.put(_HURRY)

    def close(self) -> None:
        """Seal and commit what is on the line, and end the threads."""
        for _ in self._sealers:
            self._received.put(None)
        for thread in self._sealers:
            thread.join()
        self._written.put(None)
        self._committer.join()
        while not self._written.empty():  # the committer broke
            left = self._written.get()
            self._staging.abandon([left] if isinstance(left, WrittenPiece) else [])

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except VodsealError as error:
            self._outcomes.put(Broken(error))
        except (OSError, sqlite3.Error) as error:
            self._outcomes.put(Broken(disk_error(error, deed="stage a piece")))

    def _seal_all(self) -> None:
        room, opened = bytearray(BLOCK_ROOM), bytearray()
        while (received := self._received.get()) is not None:
            piece, buffer = received
            if self._algorithm is None and len(opened) < buffer.size + _PADDING:
                opened = bytearray(buffer.size + (buffer.size >> 3) + _PADDING)
            trouble = self._trouble(piece, buffer.view, opened)
            written = None
            if trouble is None:
                written = self._staging.seal(piece, buffer.view, room, self._algorithm)
            if written is None:
                self._outcomes.put(Refused(piece, buffer, trouble or Trouble.DIGEST))
                continue
            self._written.put(written)
            self._outcomes.put(Written(piece, buffer))

    def _trouble(self, piece: Piece, data: memoryview, room: bytearray) -> Trouble | None:
        """Return what shows before the piece is sealed; a signed digest shows after it."""
        if self._algorithm is None:
            return find_fault(piece, data, None, memoryview(room))
        return Trouble.LENGTH if has_wrong_length(piece, data) else None

    def _commit_all(self) -> None:
        group: list[WrittenPiece] = []
        try:
            while (written := self._next(group)) is not None:
                if isinstance(written, WrittenPiece):
                    group.append(written)
                if group and self._is_due(group, written):
                    self._commit(group)
            if group:
                self._commit(group)
        finally:
            self._staging.abandon(group)

    def _next(self, group: list[WrittenPiece]) -> WrittenPiece | _Signal | None:
        if not group:
            self._since = self._clock.monotonic()
            return self._written.get()
        rest = _GROUP_SECONDS - (self._clock.monotonic() - self._since)
        try:
            return self._written.get(timeout=max(0.0, rest))
        except queue.Empty:
            return _HURRY

    def _is_due(self, group: list[WrittenPiece], latest: WrittenPiece | _Signal) -> bool:
        size = sum(written.row.size for written in group)
        return latest is _HURRY or len(group) >= _GROUP_COUNT or size >= _GROUP_SIZE

    def _commit(self, group: list[WrittenPiece]) -> None:
        done, group[:] = list(group), []
        self._staging.commit(self._journal, done)
        for written in done:
            self._outcomes.put(Durable(written.piece, written.row.size))
