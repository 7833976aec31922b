"""The tests of the planted package, under a name that the real suite does not collect."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from vodseal.planted import rules  # type: ignore[import-not-found]

TOLD_ON_IMPORT = rules.told(4)


def test_what_was_told_on_import() -> None:
    assert TOLD_ON_IMPORT == 9


def test_add() -> None:
    assert rules.add(2, 3) == 5


def test_same() -> None:
    assert rules.same(4) == 4


def test_count_down() -> None:
    assert rules.count_down(3) == 0


@pytest.fixture(scope="module")
def box() -> rules.Box:
    return rules.Box.of(1)


def test_what_a_fixture_called_is_first_asked_for_here(box: rules.Box) -> None:
    assert box is not None


def test_what_a_fixture_called_counts_for_later_tests_too(box: rules.Box) -> None:
    assert box.number == 2


def test_another_process_has_the_mutant_too() -> None:
    code = "from vodseal.planted import rules; print(rules.Box.doubled(4))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert rules.Box.doubled(0) == 0
    assert int(said) == 8


def test_what_fails_by_itself_kills_nothing() -> None:
    assert rules.nobody(1) < 0, os.getpid()
