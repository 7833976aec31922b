"""What is written down: a first run, one that goes on after a kill, one in normal mode, a vault."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from torture.aftermath import Aftermath, Expected
from torture.job import DURABLE, Job, Place
from torture.power_cut import CutJob
from torture.recorder import Recorder, mark, tell_sites
from torture.vault import VaultCheck, use_vault
from vodseal.download.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from torture.calls import Call
    from vodseal.download.journal import StagedPiece

__all__ = ["KINDS", "record_job"]

KINDS: Final = ("first", "resumed", "normal", "vault")


@dataclass(frozen=True, kw_only=True)
class JobCheck:
    """Goes on with a job."""

    job: Job
    expected: Expected

    def faults(self, place: Place, promised: Collection[str]) -> list[str]:
        """Return what is wrong, before and after."""
        after = Aftermath(job=self.job, place=place, expected=self.expected, promised=promised)
        return after.faults(place.root.name)


def record_job(kind: str, folder: Path, job: Job, *, is_lazy: bool = False) -> CutJob:
    """Return a job of this kind, written down, and how to look at what is left of it.

    With ``is_lazy``, SQLite does not sync what it commits.

    Raises:
        AssertionError: It failed.
    """
    place = Place(root=folder / ("lazy" if is_lazy else "recorded"))
    place.root.mkdir()
    if kind == "normal":
        job = replace(job, secure=False)

    def work() -> None:
        tell_sites(place.root)
        if is_lazy:
            _commit_lazily()
        if kind == "vault":
            place.use()
            use_vault(place, lambda text: mark(place.root, text))
        else:
            _do(job, place)

    recorder = Recorder(place.root)
    if kind == "resumed":
        recorder.record(work, kill_before=_is_sync_of_piece)
    status = recorder.record(work)
    assert status == 0, status
    if kind == "vault":
        return CutJob(folder=folder, history=recorder.history(), check=VaultCheck())
    expected = Expected(plaintext=job.plaintext(job.final(place)))
    check = JobCheck(job=job, expected=expected)
    return CutJob(folder=folder, history=recorder.history(), check=check)


def _is_sync_of_piece(call: Call) -> bool:
    """Return whether the first group of pieces is about to be made durable: all is written."""
    return call.name == "fdatasync" and call.path.endswith(".seg")


def _commit_lazily() -> None:
    """Let every connection of this process be ``synchronous = NORMAL``, whatever it is told."""
    connect = sqlite3.connect

    class Lazy(sqlite3.Connection):
        def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
            if "synchronous" in sql:
                sql = "PRAGMA synchronous = NORMAL"
            return super().execute(sql, *arguments)

    sqlite3.connect = partial(connect, factory=Lazy)  # type: ignore[assignment]


def _do(job: Job, place: Place) -> None:
    _promise_pieces(job, place)
    job.do(
        place,
        "recorded",
        in_worker=lambda: tell_sites(place.root),
        promise=lambda text: mark(place.root, text),
    )


def _promise_pieces(job: Job, place: Place) -> None:
    """Let the journal give its word for each piece that it took."""
    add = Journal.add_pieces

    def add_pieces(journal: Journal, pieces: Iterable[StagedPiece]) -> None:
        rows = list(pieces)
        add(journal, rows)
        for row in rows:
            mark(place.root, f"{DURABLE} {job.names[row.sequence, row.number]}")

    Journal.add_pieces = add_pieces  # type: ignore[assignment, method-assign]
