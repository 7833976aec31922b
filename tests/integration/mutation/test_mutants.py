"""The runner of mutants: each kind of verdict on a planted package, and the page of survivors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mutation.explanations import PAGE, rows

ROOT = Path(__file__).resolve().parents[3]
Verdicts = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> tuple[Verdicts, list[str]]:
    tree = tmp_path_factory.mktemp("mutants") / "src"
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.mutation.attempt_planted", str(tree)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    verdicts, unfit = json.loads((tree / "verdicts.json").read_text())
    return {(each["removed"], each["added"]): each for each in verdicts}, unfit


@pytest.mark.parametrize(
    ("was", "becomes", "state"),
    [
        ("return one + other", "return one - other", "killed"),
        ("return number * 1", "return number / 1", "survived"),
        ("return number * 1", "return number * 2", "killed"),
        ("number -= 1", "number += 1", "killed"),  # it never ends
        ("return cls(number + 1)", "return cls(number - 1)", "killed"),  # seen through a fixture
        ("return number * 2", "return number * 3", "killed"),  # seen by another process alone
        ("return number + 5", "return number - 5", "killed"),  # seen by a new interpreter alone
        ("return number + 7", "return number - 7", "untested"),  # by no test that is fit
    ],
)
def test_each_kind_of_verdict(
    tried: tuple[Verdicts, list[str]], was: str, becomes: str, state: str
) -> None:
    assert tried[0][was, becomes]["state"] == state


def test_a_verdict_says_where_and_by_which_test(tried: tuple[Verdicts, list[str]]) -> None:
    verdict = tried[0]["return one + other", "return one - other"]
    assert (verdict["file"], verdict["line"]) == ("planted/rules.py", 7)
    assert verdict["by"].endswith("test_rules.py::test_add")


def test_tests_that_fail_without_a_mutant_are_told(tried: tuple[Verdicts, list[str]]) -> None:
    assert [each.rpartition("::")[2] for each in tried[1]] == [
        "test_what_fails_by_itself_kills_nothing"
    ]


def test_what_the_page_explains_stands_in_the_source() -> None:
    explained = list(rows(PAGE.read_text()))
    assert explained
    for file, was, _ in explained:
        text = " ".join((ROOT / "src/vodseal" / file).read_text().split())
        assert was in text, f"{file}: {was}"
