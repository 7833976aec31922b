"""One pytest session that collects once, learns which test calls what, and forks per mutant.

A child switches one mutant on and runs the tests that call its function until one fails:
first those that failed for another mutant of the function, then quick ones. What a parent
has set up is torn down before, so a child sets up anew.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import sys
import time
import traceback
from collections import Counter, defaultdict
from dataclasses import KW_ONLY, asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from mutation import switch

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from mutation.make import Mutant

__all__ = ["Forks", "Verdict"]

KILLED, BROKEN = 1, 3
CPU_SECONDS = 5
"""On top of ten times what a test needs without a mutant."""
ADDRESS_SPACE = 6 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one mutant."""

    mutant: Mutant
    state: str
    """killed, survived, untested (no test calls it) or broken (the runner itself failed)."""
    by: str
    """The test that failed, or the signal that ended the child."""

    def record(self) -> dict[str, Any]:
        """Return what a file can keep."""
        return {**asdict(self.mutant), "state": self.state, "by": self.by}

    def __str__(self) -> str:
        """Return what a person wants to see of a survivor."""
        mutant = self.mutant
        where = f"{self.state} {mutant.name} {mutant.file}:{mutant.line}"
        return f"{where}\n  - {mutant.removed}\n  + {mutant.added}"


@dataclass(slots=True, eq=False)
class Forks:
    """The plugin. Give it to ``pytest.main``; it calls ``report`` for each mutant."""

    mutants: Iterable[Mutant]
    _: KW_ONLY
    near: str
    """Where the package's own tests are: they come first."""
    jobs: int
    dearest: float
    """CPU seconds that a test may need to be run at all."""
    report: Callable[[Verdict], None]
    known_cost: dict[str, float] = field(default_factory=dict)
    """By test, of the run before: what is too dear is not even looked at."""
    failed: bool = False
    unfit: list[str] = field(default_factory=list)
    """Tests that fail without any mutant."""
    imports: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """For each function that test modules call when they are imported: those modules."""
    _calls: dict[pytest.Item, set[str]] = field(default_factory=dict)
    _cost: dict[pytest.Item, float] = field(default_factory=dict)
    _shared: dict[Any, set[str]] = field(default_factory=lambda: defaultdict(set))
    _kills: Counter[tuple[str, pytest.Item]] = field(default_factory=Counter)

    def pytest_collection(self) -> None:
        """Few examples, always the same, before the first test module is read."""
        from hypothesis import HealthCheck, settings  # pytest wants to load it itself

        settings.register_profile(
            "mutants",
            deadline=None,
            derandomize=True,
            database=None,
            max_examples=25,
            suppress_health_check=list(HealthCheck),
        )
        settings.load_profile("mutants")

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, object, object]:
        """Note what a test module calls when it is imported."""
        switch.calls.clear()
        report = yield
        if isinstance(collector, pytest.Module):
            for place in switch.calls:
                self.imports[place].add(str(collector.path))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a failure."""
        self.failed = self.failed or report.failed

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, object, object]:
        """Note what a fixture calls: every test that uses it depends on that."""
        before = set(switch.calls)
        switch.calls.clear()
        try:
            return (yield)
        finally:
            self._shared[fixturedef] |= switch.calls
            switch.calls.update(before)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run everything once as it is, then the tests of each mutant in a child."""
        cheap = [i for i in session.items if self.known_cost.get(i.nodeid, 0.0) <= self.dearest]
        self._learn(cheap)
        session.config.pluginmanager.unregister(name="terminalreporter")
        gc.collect()
        gc.freeze()
        running: dict[int, tuple[Mutant, list[pytest.Item], int]] = {}
        try:
            for mutant in self.mutants:
                items = self._tests(mutant)
                if not items:
                    self.report(Verdict(mutant=mutant, state="untested", by=""))
                    continue
                while len(running) >= self.jobs:
                    self._reap(running)
                pid, pipe = self._fork(mutant, items)
                running[pid] = (mutant, items, pipe)
            while running:
                self._reap(running)
        finally:
            for pid in running:
                os.killpg(pid, 9)
        return True

    def _learn(self, items: list[pytest.Item]) -> None:
        for item, following in zip(items, [*items[1:], None], strict=True):
            switch.calls.clear()
            self.failed = False
            started = time.process_time()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            self._cost[item] = time.process_time() - started
            self.known_cost[item.nodeid] = self._cost[item]
            if self.failed:
                self.unfit.append(item.nodeid)
                continue
            self._calls[item] = set(switch.calls)
        for item, calls in self._calls.items():
            for definitions in item._fixtureinfo.name2fixturedefs.values():  # type: ignore[attr-defined]
                calls.update(*(self._shared[each] for each in definitions))

    def importers(self, place: str) -> list[str]:
        """Return the test modules that call a function when they are imported."""
        return sorted(self.imports.get(place, set()))

    def callers(self, place: str) -> list[str]:
        """Return the test modules that call a function at any time."""
        callers = {str(item.path) for item, calls in self._calls.items() if place in calls}
        return sorted(callers | self.imports.get(place, set()))

    def _tests(self, mutant: Mutant) -> list[pytest.Item]:
        found = [
            item
            for item, calls in self._calls.items()
            if mutant.place in calls and self._cost[item] <= self.dearest
        ]
        return sorted(
            found,
            key=lambda item: (
                not self._kills[mutant.place, item],
                self.near not in item.nodeid,
                self._cost[item] / max(1, self._kills[mutant.place, item]),
            ),
        )

    def _fork(self, mutant: Mutant, items: list[pytest.Item]) -> tuple[int, int]:
        readable, writable = os.pipe()
        sys.stdout.flush()
        pid = os.fork()
        if pid:
            os.close(writable)
            return pid, readable
        os.setpgid(0, 0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        spoken, nowhere = os.dup(2), os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        switch.activate(mutant.name)
        code = BROKEN
        try:
            code = self._try(items, writable)
        except BaseException:
            os.write(spoken, traceback.format_exc().encode())
            raise
        finally:
            os._exit(code)

    def _try(self, items: list[pytest.Item], told: int) -> int:
        self.failed = False
        switch.forget()
        for number, (item, following) in enumerate(zip(items, [*items[1:], None], strict=True)):
            used = resource.getrusage(resource.RUSAGE_SELF)
            limit = int(used.ru_utime + used.ru_stime + CPU_SECONDS + 10 * self._cost[item])
            resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
            os.write(told, number.to_bytes(4, "big"))
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                return KILLED
        return 0

    def _reap(self, running: dict[int, tuple[Mutant, list[pytest.Item], int]]) -> None:
        pid, status = os.wait()
        if pid not in running:
            return
        mutant, items, pipe = running.pop(pid)
        with open(pipe, "rb") as told:  # noqa: PTH123 - a descriptor
            last = told.read()[-4:]
        by = items[int.from_bytes(last, "big")].nodeid if last else ""
        if os.WIFSIGNALED(status):
            by = f"signal {os.WTERMSIG(status)} in {by}"
        code = os.waitstatus_to_exitcode(status)
        if code == KILLED and last:
            self._kills[mutant.place, items[int.from_bytes(last, "big")]] += 1
        state = "survived" if code == 0 else "broken" if code == BROKEN else "killed"
        self.report(Verdict(mutant=mutant, state=state, by=by if status else ""))
