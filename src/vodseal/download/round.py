"""One attempt at a download: stage what is missing, and make the file beside it.

A task needs a second round only when the world changed under the first one: a
staged piece no longer opens, or the file is another one on the server.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final

from vodseal.download.check import unchecked_in
from vodseal.download.engine import End, Engine, EngineInput
from vodseal.download.facts import file_facts
from vodseal.download.files import (
    PART_SUFFIX,
    STAGE_FOLDER,
    final_name,
    final_path,
    remove_stage,
    save_folder,
)
from vodseal.download.head import FileHead
from vodseal.download.job import DownloadResult
from vodseal.download.journal import FileFacts, JobState
from vodseal.download.pace import Pace
from vodseal.download.plan import Meter, pieces_of
from vodseal.download.processing import Processing
from vodseal.download.sealing import SealingLine
from vodseal.download.staging import Staging
from vodseal.download.worker_link import BadPiece, Done, Failed, WorkOrder
from vodseal.errors import DownloadError

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.clock import Clock
    from vodseal.download.addresses import AddressBook
    from vodseal.download.fetch import Fetcher, FetcherConfig
    from vodseal.download.folder import Folder
    from vodseal.download.job import Identity, JobSpec
    from vodseal.download.journal import Journal
    from vodseal.download.plan import Piece
    from vodseal.download.retry import RetryPolicy
    from vodseal.download.telling import Teller

__all__ = ["Again", "Round", "RoundParts"]

_STEP: Final = 0.02


class Again(Enum):
    """The only value says that another round is needed."""

    NEEDED = "the world changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundParts:
    """What every round of a task works with."""

    identity: Identity
    job: JobSpec
    content_key: bytes = field(repr=False)
    should_stop: Callable[[], bool]
    fetcher: FetcherConfig
    policy: RetryPolicy
    clock: Clock
    make_fetcher: Callable[[FetcherConfig, Clock], Fetcher]
    book: AddressBook
    jitter: Callable[[], float]


class Round:
    """One attempt. Its caller holds the lock of the job folder."""

    def __init__(self, parts: RoundParts, folder: Folder, journal: Journal, teller: Teller) -> None:
        self._parts = parts
        self._folder = folder
        self._journal = journal
        self._teller = teller
        self._processing: Processing | None = None
        self._durable: set[int] = set()
        self._ready = 0
        self._pace = Pace(parts.clock)

    def run(self) -> DownloadResult | Again | None:
        """Return the finished download, whether to go again, or None when stopped.

        Raises:
            DownloadError: It cannot go on. Durable pieces are kept.
            OSError: The disk did not let it; the same.
            sqlite3.Error: The journal did not let it; the same.
        """
        facts = file_facts(self._parts, self._journal)
        if facts is None:
            return None
        pieces = pieces_of(self._parts.job, facts.total_size)
        with self._folder.subfolder(STAGE_FOLDER, create=True) as stage:
            staging = Staging(stage, self._parts.content_key, self._parts.job.download_id)
            try:
                return self._go(staging, pieces, facts)
            finally:
                if self._processing is not None:
                    self._processing.close()
                self._remove_part()

    def _go(
        self, staging: Staging, pieces: tuple[Piece, ...], facts: FileFacts
    ) -> DownloadResult | Again | None:
        staged = staging.recover(self._journal, pieces)
        meter = Meter(pieces, facts.total_size or self._parts.job.size)
        for position, piece in enumerate(pieces):
            if piece.key in staged:
                meter.add(piece, staged[piece.key].size)
                self._durable.add(position)
        self._advance(facts)
        missing = tuple(piece for piece in pieces if piece.key not in staged)
        received, announced = 0, True
        if missing:
            engine = self._engine(staging, missing, pieces, meter, facts)
            end = engine.run()
            received, announced = engine.received_bytes, engine.lengths_announced
            if end is End.CHANGED:
                self._journal.restart()
                return Again.NEEDED
            if end is End.STOPPED:
                return self._without_file(staging)
        self._journal.set_state(JobState.STAGED)
        self._teller.staged(meter)
        self._feed(hurry=True)
        if not self._wait_for_file():
            return self._without_file(staging)
        return self._finish(received, unchecked_in(self._parts.job, lengths_announced=announced))

    def _engine(
        self,
        staging: Staging,
        missing: tuple[Piece, ...],
        pieces: tuple[Piece, ...],
        meter: Meter,
        facts: FileFacts,
    ) -> Engine:
        parts = self._parts
        positions = {piece.key: position for position, piece in enumerate(pieces)}
        fetcher = parts.make_fetcher(parts.fetcher, parts.clock)

        def on_durable(piece: Piece) -> None:
            self._durable.add(positions[piece.key])
            self._advance(facts)

        def on_look() -> None:
            self._teller.downloading(meter, fetcher.received())
            self._feed(hurry=False)

        return Engine(
            EngineInput(
                pieces=missing,
                # A digest says more than a validator, and holds across servers.
                validator="" if parts.job.digest_algorithm is not None else facts.validator,
                connections=parts.fetcher.connections,
                most_connections=parts.fetcher.most_connections,
                policy=parts.policy,
            ),
            fetcher=fetcher,
            book=parts.book,
            line=SealingLine(staging, self._journal, parts.job.digest_algorithm, parts.clock),
            meter=meter,
            clock=parts.clock,
            jitter=parts.jitter,
            should_stop=lambda: parts.should_stop() or self._is_lost(),
            on_durable=on_durable,
            on_look=on_look,
        )

    def _advance(self, facts: FileFacts) -> None:
        """Count the pieces that follow without a gap; start the worker with the first."""
        while self._ready in self._durable:
            self._ready += 1
        if self._ready and self._processing is None:
            self._processing = Processing(self._order(facts))
        self._feed(hurry=False)

    def _feed(self, *, hurry: bool) -> None:
        """Tell the worker how many pieces there are, when the download leaves it time."""
        if self._processing is not None and (hurry or self._pace.leaves_time()):
            self._processing.notify(self._ready)

    def _order(self, facts: FileFacts) -> WorkOrder:
        parts = self._parts
        return WorkOrder(
            job=parts.job,
            content_key=parts.content_key,
            stage=str(self._folder.path / STAGE_FOLDER),
            save_dir=parts.identity.save_dir,
            part_name=final_name(parts.identity, secure=parts.job.secure) + PART_SUFFIX,
            total_size=facts.total_size,
            created_at=int(parts.clock.now()),
            sdk_version=_version(),
            parent=os.getpid(),
        )

    def _wait_for_file(self) -> bool:
        """Return whether the file was made; False when stopped, or when it cannot be."""
        processing = self._processing
        if processing is None:
            return False
        while not processing.ended.wait(_STEP):
            if self._parts.should_stop():
                return False
            self._teller.processing(processing.percent)
        return isinstance(processing.ending, Done)

    def _is_lost(self) -> bool:
        """Return whether the worker ended, although there is more to come."""
        return self._processing is not None and self._processing.ended.is_set()

    def _without_file(self, staging: Staging) -> Again | None:
        """Return None for a stop, Again for a piece to fetch again, or raise."""
        ending = self._processing.ending if self._processing is not None else None
        match ending:
            case BadPiece(sequence, number):
                staging.discard(self._journal, (sequence, number))
                return Again.NEEDED
            case Failed(code, message):
                raise DownloadError(code, message)
            case _:
                return None

    def _finish(self, received: int, unchecked: tuple[str, ...]) -> DownloadResult:
        """Give the file its name, then forget the job: each step harmless to repeat."""
        identity, secure = self._parts.identity, self._parts.job.secure
        name = final_name(identity, secure=secure)
        with save_folder(identity) as save:
            save.rename(name + PART_SUFFIX, name)
            save.sync()
            size = save.size(name) or 0
            head = _head_of(save, name) if secure else None
        self._journal.complete(head)
        remove_stage(self._folder)
        self._teller.processing(100)
        return DownloadResult(
            path=final_path(identity, secure=secure),
            size=size,
            received_bytes=received,
            unchecked=unchecked,
        )

    def _remove_part(self) -> None:
        name = final_name(self._parts.identity, secure=self._parts.job.secure)
        with contextlib.suppress(OSError), save_folder(self._parts.identity) as save:
            save.remove(name + PART_SUFFIX)


def _head_of(save: Folder, name: str) -> bytes:
    """Return what a repair of the sealed file will need (``FileHead``)."""
    handle = save.open_to_read(name)
    try:
        return FileHead.of_handle(handle).encode()
    finally:
        os.close(handle)


def _version() -> str:
    try:
        return version("vodseal")
    except PackageNotFoundError:  # run from a source tree that is not installed
        return ""
