"""The clock and license table, ``clock_table.txt``: each line on a real vault and key store."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.unit.license.license_device import LicenseDevice

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = Path(__file__).with_name("clock_table.txt")
START = "2026-01-02T03:04:05Z"
UNITS = {"s": 1, "h": 3_600, "d": 86_400}
TERMS = {
    "begins": "not_before_in",
    "expires": "expires_in",
    "plays": "play_window",
    "offline": "max_offline",
}
OUTCOMES = {"holds", "expired", "contact", "set back", "restored", "missing", "revoked"}


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    terms: dict[str, int]
    steps: tuple[str, ...]
    refused: str
    outcome: str
    left: tuple[int | None, ...]
    """Of the license and of its play window; empty where the case is not about them."""


def seconds(text: str) -> int:
    return int(text[:-1]) * UNITS[text[-1]]


def read_terms(text: str) -> dict[str, int]:
    words = text.replace(",", "").split()
    if words == ["no", "limit"]:
        return {}
    return {TERMS[key]: seconds(span) for key, span in zip(words[::2], words[1::2], strict=True)}


def read_case(line: str) -> Case:
    name, terms, steps, told = line.split(" | ")
    refused, _, told = told.rpartition(", ")
    outcome = next(one for one in OUTCOMES if told.startswith(one))
    ends = told.removeprefix(outcome).split()
    return Case(
        name=name,
        terms=read_terms(terms),
        steps=() if steps == "-" else tuple(steps.split("; ")),
        refused=refused,
        outcome=outcome,
        left=tuple(None if end == "-" else seconds(end) for end in ends),
    )


def read_table() -> list[Case]:
    lines = TABLE.read_text(encoding="ascii").splitlines()
    return [read_case(line) for line in lines if line and not line.startswith("#")]


CASES = read_table()
NIGHTS = [case for case in CASES if any(step.endswith("Z") for step in case.steps)]
BY_NAME = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def run(case: Case, folder: Path) -> None:
    steps = list(case.steps)
    start = steps.pop(0) if steps and steps[0].endswith("Z") else START
    device = LicenseDevice(
        folder,
        start=datetime.fromisoformat(start).timestamp(),
        terms=case.terms,
        boot_times="bootless" not in steps,
    )
    for step in steps:
        do(device, step)
    outcome, remaining = device.outcome()
    assert (device.refused, outcome) == (case.refused, case.outcome)
    if case.left:
        assert remaining is not None
        assert (remaining.license_seconds, remaining.playback_seconds) == case.left


def do(device: LicenseDevice, step: str) -> None:
    match step.split():
        case ["bootless"]:
            pass
        case ["passes", span]:
            device.passes(seconds(span))
        case ["clock", span]:
            device.sets_clock(seconds(span))
        case ["renews", *terms]:
            device.renews(read_terms(" ".join(terms)))
        case ["restores", *what]:
            device.restores(*what)
        case words:
            getattr(device, "_".join(words))()


@BY_NAME
def test_case(case: Case, tmp_path: Path) -> None:
    run(case, tmp_path)


def test_the_table_is_whole() -> None:
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)
    assert len(NIGHTS) >= 4
    assert {case.outcome for case in CASES} == OUTCOMES


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the time zone of a process is POSIX's")
@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize("case", NIGHTS, ids=lambda case: case.name)
def test_the_time_zone_makes_no_difference(case: Case, tmp_path: Path) -> None:
    run(case, tmp_path)
