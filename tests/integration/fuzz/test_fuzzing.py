"""Every fuzz target: its seeds and what was kept, and a short run of the fuzzer itself."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from fuzz.campaign import CORPUS, LIMITS, ROOT, TARGETS, environment
from tests.tools import require_module

if TYPE_CHECKING:
    from pathlib import Path

KEPT_BYTES = 1 << 20
RUNS = 300


def fuzzed(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    require_module("atheris")
    return subprocess.run(
        [
            sys.executable,
            str(ROOT / "fuzz" / "run.py"),
            f"--module={module}",
            "-seed=1",
            *arguments,
        ],
        capture_output=True,
        text=True,
        errors="replace",
        env=environment(),
        timeout=200,
        check=False,
    )


def test_there_is_a_target_for_each_format() -> None:
    assert len(TARGETS) >= 15


@pytest.mark.parametrize("target", TARGETS)
def test_seeds_and_what_was_kept_are_read(target: str) -> None:
    """And of each target's seeds one is taken at least, so that what lies behind is reached."""
    module = importlib.import_module(f"fuzz.targets.{target}")
    kept = [path.read_bytes() for path in sorted((CORPUS / target).glob("*"))]
    for data in kept:
        module.test_one(data)
    taken = [module.test_one(data) for data in module.seeds()]
    assert any(taken)


def test_what_is_kept_is_small() -> None:
    assert sum(path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()) < KEPT_BYTES


@pytest.mark.parametrize("target", TARGETS)
def test_a_short_run_finds_nothing(target: str, tmp_path: Path) -> None:
    module = importlib.import_module(f"fuzz.targets.{target}")
    for number, seed in enumerate(module.seeds()):
        (tmp_path / f"{number:04}").write_bytes(seed)
    limits = [*LIMITS, f"-runs={RUNS}", f"-artifact_prefix={tmp_path}/"]
    done = fuzzed(f"fuzz.targets.{target}", *limits, str(tmp_path))
    assert done.returncode == 0, done.stderr[-3000:]
    assert "stat::number_of_executed_units" in done.stderr


def test_a_mistake_is_found(tmp_path: Path) -> None:
    done = fuzzed("tests.integration.fuzz.planted", "-runs=100000", f"-artifact_prefix={tmp_path}/")
    assert done.returncode != 0
    assert "KeyError: 'planted'" in done.stdout + done.stderr
    assert [path.read_bytes()[:1] for path in tmp_path.glob("crash-*")] == [b"{"]
