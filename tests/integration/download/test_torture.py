"""Some points of the long runs of ``scripts/torture``; docs/explanation/crashes.md has the figures."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from torture.tracer import NOT_HERE

_ROOT = Path(__file__).resolve().parents[3]


def torture(what: str, *options: str) -> tuple[int, str]:
    """Return exit code and words of a run; skip loudly where nothing can be shown."""
    done = subprocess.run(
        [sys.executable, "-m", f"torture.{what}", *options],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == NOT_HERE:
        assert not os.environ.get("CI"), done.stderr
        pytest.skip(done.stderr.strip())
    return done.returncode, done.stdout + done.stderr


def test_a_kill_at_a_call_that_changes_the_disk_harms_nothing() -> None:
    code, said = torture("kills", "--segments", "24", "--points", "20")
    assert (code, re.findall(r"(\d+) kills, (\d+) ended before, (\d+) wrong", said)) == (
        0,
        [("20", "0", "0")],
    ), said


def test_a_kill_at_a_moment_harms_nothing() -> None:
    code, said = torture("kills", "--segments", "24", "--random", "8")
    assert code == 0, said
    assert ", 0 wrong" in said


def test_a_worker_that_writes_what_it_seals_is_found() -> None:
    code, said = torture("kills", "--segments", "24", "--points", "2", "--leak")
    assert code == 1, said
    assert re.search(r"after the crash: marker .* in .*/tmp/forgotten", said), said
