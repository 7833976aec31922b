"""One job, killed: at the n-th call that changes the disk, or at a moment."""

from __future__ import annotations

import ctypes
import os
import random
import select
import shutil
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.scenario.frozen import descendants, kill_tree

from torture.aftermath import Aftermath, Expected, nothing, run_in_child
from torture.job import Place, in_child
from torture.tracer import Next, Tracer, time_limit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torture.calls import Call
    from torture.film import SpiedFilm
    from torture.job import Job

__all__ = ["Case", "Killer"]

_LIMIT: Final = 120
_PR_SET_CHILD_SUBREAPER: Final = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One kill and what came of it."""

    name: str
    was_killed: bool
    """False when the job ended before its time had come."""
    faults: list[str] = field(default_factory=list)
    again: int = 0
    """Segments fetched a second time."""


class Killer:
    """Kills one job again and again, on a disk of its own each time."""

    def __init__(
        self,
        folder: Path,
        job: Job,
        film: SpiedFilm,
        *,
        in_worker: Callable[[], None] = nothing,
    ) -> None:
        """Run the job once undisturbed, to know what it makes.

        Raises:
            AssertionError: It makes something else than the film.
        """
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
        self._folder = folder
        self._job = job
        self._film = film
        self._in_worker = in_worker
        self._number = 0
        place = self._fresh()
        started = time.monotonic()
        told = run_in_child(lambda: job.do(place, place.root.name))  # its time is the real one
        self.seconds = time.monotonic() - started
        assert told.went_well, told
        made = job.plaintext(job.final(place))
        self._expected = Expected(plaintext=made, scanner=film.scanner(made))
        assert film.is_whole(made)
        found = Aftermath(job=job, place=place, expected=self._expected).faults(place.root.name)
        assert not found, found
        self._remove(place)

    def calls(self) -> list[Call]:
        """Return every call that an undisturbed run makes and that changes something."""
        place, seen = self._fresh(), []

        def note(call: Call) -> Next:
            seen.append(call)
            return Next.GO

        self._trace(Tracer(place.root, note), place)
        self._remove(place)
        return seen

    def kill_at(self, number: int) -> Case:
        """Kill the process that is about to make the call of this number, from 1."""
        place, count = self._fresh(), 0

        def choose(_: Call) -> Next:
            nonlocal count
            count += 1
            return Next.KILL if count == number else Next.GO

        tracer = Tracer(place.root, choose)
        late = self._trace(tracer, place)
        call = tracer.killed
        name = f"call {number}"
        if call is not None:
            name += f": {call.name} {call.path.removeprefix(str(place.root))}"
        return self._look(place, name, was_killed=call is not None, late=late)

    def kill_after(self, seconds: float, who: str) -> Case:
        """Kill the job's process, its worker or both at once, after a time."""
        place = self._fresh()
        process = in_child(lambda: self._work(place, in_worker=None))
        moment = os.pidfd_open(process)
        was_killed = not select.select([moment], [], [], seconds)[0]
        os.close(moment)
        if was_killed:
            tree = descendants(process)
            if who == "both":
                kill_tree(process)
            else:
                os.kill(process if who == "job" else tree[-1], signal.SIGKILL)
        late = _wait_for_all()
        return self._look(place, f"{who} after {seconds:.4f} s", was_killed=was_killed, late=late)

    def kill_at_random(self, seed: int) -> Case:
        """Kill at a moment that ``seed`` chooses."""
        choice = random.Random(seed)
        return self.kill_after(
            choice.uniform(0, self.seconds), choice.choice(("job", "worker", "both"))
        )

    def _work(self, place: Place, in_worker: Callable[[], None] | None) -> None:
        """Do the job, and let nobody hear what it says: it is to be killed."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        self._job.do(place, place.root.name, in_worker=in_worker)

    def _trace(self, tracer: Tracer, place: Place) -> list[str]:
        try:
            with time_limit(_LIMIT):
                tracer.run(lambda: self._work(place, in_worker=self._in_worker))
        except TimeoutError:
            return ["it did not end after the kill"]
        return []

    def _look(self, place: Place, name: str, *, was_killed: bool, late: list[str]) -> Case:
        after = Aftermath(job=self._job, place=place, expected=self._expected)
        found = late + after.faults(place.root.name)
        if not found:
            self._remove(place)
        return Case(name=name, was_killed=was_killed, faults=found, again=after.again)

    def _fresh(self) -> Place:
        self._number += 1
        root = self._folder / f"{os.getpid()}-{self._number}"
        root.mkdir(parents=True)
        return Place(root=root)

    @staticmethod
    def _remove(place: Place) -> None:
        shutil.rmtree(place.root)


def _wait_for_all() -> list[str]:
    """Wait until every process of the run has ended; tell when one has not."""
    try:
        with time_limit(_LIMIT):
            while True:
                os.wait()
    except ChildProcessError:
        return []
    except TimeoutError:
        for process in descendants(os.getpid())[1:]:
            os.kill(process, signal.SIGKILL)
        return ["it did not end after the kill"]
