"""Counts the attacks of a run, and says at its end how many there were and how many survived."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from tests.tamper.golden import World

from vodseal.errors import VodsealError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _pytest.terminal import TerminalReporter


class Attacks:
    """Every altered thing goes through ``on``; a test says at its end how many it meant to try."""

    def __init__(self) -> None:
        self.count = 0
        self.survivors: list[object] = []

    def on(self, read: Callable[[bytes], object], altered: bytes, name: object) -> None:
        """Give a reader an altered thing. Only our errors may come out of it."""
        self.count += 1
        try:
            read(altered)
        except VodsealError:
            return
        self.survivors.append(name)

    def check(self, count: int) -> None:
        """Nothing survived, of as many attacks as the test can count for itself."""
        assert self.survivors == []
        assert self.count == count
        assert count > 0


@pytest.fixture
def attacks(record_property: Callable[[str, object], None]) -> Iterator[Attacks]:
    made = Attacks()
    yield made
    record_property("attacks", made.count)
    record_property("survivors", len(made.survivors))


@pytest.fixture(scope="session")
def world() -> World:
    return World()


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    total: Counter[str] = Counter()
    for report in terminalreporter.getreports(""):
        if report.when == "teardown":
            total.update({k: v for k, v in report.user_properties if k in {"attacks", "survivors"}})
    if total:
        terminalreporter.section("tampering")
        terminalreporter.line(f"{total['attacks']:,} attacks, {total['survivors']:,} survivors")
