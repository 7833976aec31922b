"""What has to be true after a crash: at once, and after the job was run again.

Each promise that does not hold is one sentence; no sentence means that all do.
"""

from __future__ import annotations

import os
import signal
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from torture.film import CONTENT_KEY
from torture.job import BEGUN, COMPLETED, CONNECTIONS, DURABLE, KEPT, in_child
from torture.server import asked
from torture.tracer import time_limit
from vodseal.container.layout import MAGIC
from vodseal.download import JobStore
from vodseal.download.files import PART_SUFFIX, STAGE_FOLDER
from vodseal.download.folder import Folder
from vodseal.download.journal import JobState, Journal
from vodseal.errors import VodsealError
from vodseal.vault.store import NO_APP, Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from torture.job import Job, Place
    from vodseal.testing.leakscan import LeakScanner

__all__ = ["Aftermath", "Expected", "Told", "nothing", "run_in_child"]

_LIMIT: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an undisturbed run made, and how to know its content again."""

    plaintext: bytes
    scanner: LeakScanner | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How a process ended, and its last words."""

    status: int
    words: str

    @property
    def went_well(self) -> bool:
        """Return whether it ended with exit code 0."""
        return self.status == 0

    def __str__(self) -> str:
        last = self.words.strip().splitlines()[-1:] or [""]
        return f"{os.waitstatus_to_exitcode(self.status)} {last[0]}"


@dataclass(slots=True, kw_only=True)
class Aftermath:
    """Looks at the place where a run crashed, and runs the job again."""

    job: Job
    place: Place
    expected: Expected
    promised: Collection[str] = ()
    """What the run had given its word for."""
    again: int = field(init=False, default=0)
    """Segments that both runs asked for."""

    def faults(self, query: str) -> list[str]:
        """Return what is wrong; ``query`` is that of the run that crashed."""
        before = asked(self.job.base, query)
        found = self._leaks("after the crash")
        durable = self.durable()
        found += self._wrong_file("after the crash")
        found += self._half_file()
        found += self._broken_word()
        again = f"again-{query}"
        told = run_in_child(lambda: self.job.do(self.place, again, in_worker=nothing))
        if not told.went_well:
            return [*found, f"the next run ended with {told}"]
        after = asked(self.job.base, again)
        found += self._fetched_again(before, after, durable)
        found += self._fetched_against_word(after)
        if not self.job.final(self.place).exists():
            found.append("there is no file after the next run")
        found += self._wrong_file("after the next run")
        found += self._leaks("after the next run")
        return found + self.leftovers()

    def _broken_word(self) -> list[str]:
        """Return what was promised, and is not so before anything is put right."""
        found = []
        for text in sorted(self.promised):
            what, _, which = text.partition(" ")
            if what == BEGUN and not self._is_begun(which):
                found.append("a job that was begun is another one, or none")
            elif what == KEPT and self._kept(bytes.fromhex(which)) != CONTENT_KEY:
                found.append("a key that was kept is not there")
            elif what == COMPLETED and not self.job.final(self.place).exists():
                found.append("a file that was finished is not there")
        return found

    def _is_begun(self, download_id: str) -> bool:
        entry = JobStore(self.job.identity(self.place)).entry()
        return entry is not None and entry.download_id.hex() == download_id

    def _kept(self, download_id: bytes) -> bytes | None:
        try:
            return Vault(self.place.home, NO_APP).load_secret(download_id)
        except (VodsealError, OSError, sqlite3.Error):
            return None

    def _fetched_against_word(self, after: dict[str, int]) -> list[str]:
        """Return what was promised to be durable, or finished, and was fetched again."""
        if COMPLETED in self.promised and after:
            return ["a file that was finished was fetched again"]
        promised = {text.partition(" ")[2] for text in self.promised if text.startswith(DURABLE)}
        return [f"told to be durable, and fetched again: {one}" for one in promised & after.keys()]

    def durable(self) -> set[str] | None:
        """Return the paths of the pieces with a row; None when there is a finished job."""
        try:
            with (
                Folder.open(self.job.folder(self.place)) as folder,
                Journal.open(folder, str(self.place.save)) as journal,
            ):
                entry = journal.entry()
                if entry is not None and entry.state is JobState.COMPLETED:
                    return None
                return {self.job.names[row.sequence, row.number] for row in journal.pieces()}
        except (FileNotFoundError, sqlite3.DatabaseError):
            return set()

    def leftovers(self) -> list[str]:
        """Return what lies there after a finished run and should not."""
        wanted = {self.job.final(self.place).name, ".vseal"}
        names = {path.name for path in self.place.save.iterdir()} - wanted
        if (self.job.folder(self.place) / STAGE_FOLDER).exists():
            names.add(STAGE_FOLDER)
        names |= {path.name for path in (self.place.root / "tmp").iterdir()}
        names |= {path.name for path in self.place.home.rglob("*.new")}
        return [f"left behind: {name}" for name in sorted(names)]

    def _fetched_again(
        self, before: dict[str, int], after: dict[str, int], durable: set[str] | None
    ) -> list[str]:
        if durable is None:
            return [f"a finished job fetched {len(after)} segments"] if after else []
        found = [
            f"counted as durable, and fetched again: {name}" for name in durable & after.keys()
        ]
        self.again = len(set(self.job.names.values()) & before.keys() & after.keys())
        if self.again > CONNECTIONS:
            found.append(f"{self.again} segments fetched again on {CONNECTIONS} connections")
        return found

    def _wrong_file(self, when: str) -> list[str]:
        path = self.job.final(self.place)
        try:
            if not path.exists() or self.job.plaintext(path) == self.expected.plaintext:
                return []
        except VodsealError as error:
            return [f"{when}: the finished file does not open ({type(error).__name__})"]
        return [f"{when}: the finished file is another film"]

    def _half_file(self) -> list[str]:
        """Return whether a file under way has its header, and not all that comes before it."""
        final = self.job.final(self.place)
        part = final.with_name(final.name + PART_SUFFIX)
        if not self.job.secure or not part.exists() or not part.read_bytes().startswith(MAGIC):
            return []
        try:
            self.job.plaintext(part)
        except VodsealError as error:
            return [f"a file has its header and is not whole ({type(error).__name__})"]
        return []

    def _leaks(self, when: str) -> list[str]:
        if self.expected.scanner is None:
            return []
        return [f"{when}: {leak}" for leak in self.expected.scanner.scan(self.place.root)]


def run_in_child(work: Callable[[], None]) -> Told:
    """Do ``work`` in a process of its own; return how it ended."""
    said = os.memfd_create("said")

    def tell() -> None:
        os.dup2(said, 2)
        work()

    try:
        process = in_child(tell)
        try:
            with time_limit(_LIMIT):
                _, status = os.waitpid(process, 0)
        except TimeoutError:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            return Told(status=signal.SIGKILL, words="it did not end")
        return Told(status=status, words=read_all(said))
    finally:
        os.close(said)


def nothing() -> None:
    """Do nothing: the worker is as it is."""


def read_all(handle: int) -> str:
    """Return what was written to a file in memory."""
    return os.pread(handle, os.fstat(handle).st_size, 0).decode(errors="replace")
