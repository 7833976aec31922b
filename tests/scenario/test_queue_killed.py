"""A short run of ``scripts/torture queue``; docs/explanation/queue.md has the figures of a long one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_a_queue_whose_process_is_killed_completes_each_once() -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "torture.queue", "--tasks", "4", "--kills", "3"),
            *("--seed", "7"),
        ],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"4 tasks, \d kills, .*, 0 wrong", done.stdout), done.stdout
