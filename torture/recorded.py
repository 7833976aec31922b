"""What is written down: jobs (a first run, one after a kill, normal mode, a single file), a
repair, a file sealed by itself, a vault.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from torture.aftermath import Aftermath, Expected
from torture.files import MendCheck, SealedCheck, mend, seal
from torture.job import DURABLE, Job, Place
from torture.power_cut import CutJob
from torture.recorder import Recorder, mark, tell_sites
from torture.vault import VaultCheck, use_vault
from vodseal.download.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from torture.calls import Call
    from torture.power_cut import Check
    from vodseal.download.journal import StagedPiece

__all__ = ["KINDS", "record_job"]

KINDS: Final = ("vault", "seal", "first", "resumed", "normal", "file", "mend")


@dataclass(frozen=True, kw_only=True)
class JobCheck:
    """Goes on with a job."""

    job: Job
    expected: Expected

    def faults(self, place: Place, promised: Collection[str]) -> list[str]:
        """Return what is wrong, before and after."""
        after = Aftermath(job=self.job, place=place, expected=self.expected, promised=promised)
        return after.faults(place.root.name)


def record_job(kind: str, folder: Path, job: Job, *, lazy: str = "") -> CutJob:
    """Return a job of this kind, written down, and how to look at what is left of it.

    ``lazy`` names a database that does not sync what it commits.

    Raises:
        AssertionError: It failed.
    """
    place = Place(root=folder / ("lazy" if lazy else "recorded"))
    place.root.mkdir()
    if kind in {"normal", "file"}:
        job = replace(job, secure=False, film=None if kind == "file" else job.film)
    recorder = Recorder(place.root)

    def work() -> None:
        tell_sites(place.root)
        if lazy:
            _commit_lazily(lazy)
        _carry_out(kind, job, place)

    if kind == "resumed":
        recorder.record(work, kill_before=_is_sync_of_piece)
    status = recorder.record(work)
    assert status == 0, status
    return CutJob(folder=folder, history=recorder.history(), check=_check_of(kind, job, place))


def _carry_out(kind: str, job: Job, place: Place) -> None:
    def promise(text: str) -> None:
        mark(place.root, text)

    match kind:
        case "vault":
            place.use()
            use_vault(place, promise)
        case "seal":
            seal(place, promise)
        case "mend":
            mend(job, place, promise)
        case _:
            _promise_pieces(job, place)
            job.do(place, "recorded", in_worker=lambda: tell_sites(place.root), promise=promise)


def _check_of(kind: str, job: Job, place: Place) -> Check:
    match kind:
        case "vault":
            return VaultCheck()
        case "seal":
            return SealedCheck()
        case "mend":
            return MendCheck(job=job, plaintext=job.plaintext(job.final(place)))
        case _:
            made = job.plaintext(job.final(place))
            return JobCheck(job=job, expected=Expected(plaintext=made))


def _is_sync_of_piece(call: Call) -> bool:
    """Return whether the first group of pieces is about to be made durable: all is written."""
    return call.name == "fdatasync" and call.path.endswith(".seg")


def _commit_lazily(database: str) -> None:
    """Let connections of this process to a database be ``synchronous = NORMAL``."""
    connect = sqlite3.connect

    class Lazy(sqlite3.Connection):
        def __init__(self, name: str | Path, **options: Any) -> None:
            super().__init__(name, **options)
            self._is_lazy = database in str(name)

        def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
            if self._is_lazy and "synchronous" in sql:
                sql = "PRAGMA synchronous = NORMAL"
            return super().execute(sql, *arguments)

    sqlite3.connect = partial(connect, factory=Lazy)  # type: ignore[assignment]


def _promise_pieces(job: Job, place: Place) -> None:
    """Let the journal give its word for each piece that it took."""
    add = Journal.add_pieces

    def add_pieces(journal: Journal, pieces: Iterable[StagedPiece]) -> None:
        rows = list(pieces)
        add(journal, rows)
        for row in rows:
            mark(place.root, f"{DURABLE} {job.names[row.sequence, row.number]}")

    Journal.add_pieces = add_pieces  # type: ignore[assignment, method-assign]
