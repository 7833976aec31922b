"""Some points of the long runs of ``scripts/torture``; docs/explanation/crashes.md has the figures."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from torture.tracer import NOT_HERE

_ROOT = Path(__file__).resolve().parents[3]
_PAGE = _ROOT / "docs/explanation/crashes.md"
_ROW = re.compile(r"^\| `((?!scripts/)[^`]+)` \|", re.MULTILINE)
_SYNCS = {"sync_file", "sync_folder", "sync", "_sync", "fsync", "fdatasync", "_new_name_in"}
_PLUMBING = {"sync_file", "sync_folder", "sync", "_sync", "_new_name_in"}
_NO_BARRIERS = {
    "outputs.FileSink._write",  # lets the disk begin early, so that the last sync is short
    "staging.Staging._name",  # Windows, where an open file cannot be renamed
}


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


def test_a_power_cut_at_any_moment_harms_nothing() -> None:
    code, said = torture(
        "power", "--quick", "--segments", "6", "--kind", "vault", "--kind", "first"
    )
    assert code == 0, said
    counts = [int(count) for count in re.findall(r"(\d+) distinct disks, 0 wrong", said)]
    assert len(counts) == 2, said
    assert sum(counts) > 60, said


@pytest.mark.slow
def test_each_barrier_is_missed_when_it_is_taken_out() -> None:
    code, said = torture("power", "--barriers", "--segments", "6")
    assert code == 0, said
    missed = set(re.findall(r"^missed: (.+)$", said, re.MULTILINE))
    assert missed == set(_ROW.findall(_PAGE.read_text())), "the table of barriers"


def test_each_sync_in_the_source_is_in_the_table() -> None:
    databases = {name for name in _ROW.findall(_PAGE.read_text()) if name.startswith("PRAGMA")}
    assert set(_barriers()) - _NO_BARRIERS == set(_ROW.findall(_PAGE.read_text())) - databases


def _barriers() -> list[str]:
    """Return the functions that ask for a sync; those that do so several times are numbered."""
    found: list[str] = []
    for package in ("container", "download", "vault"):
        for path in sorted((_ROOT / "src/vodseal" / package).glob("*.py")):
            for name, function in _functions(ast.parse(path.read_text()), path.stem):
                calls = [one for one in ast.walk(function) if _is_sync(one)]
                if function.name in _PLUMBING or not calls:
                    continue
                numbers = range(1, len(calls) + 1)
                found += [f"{name} {number}" for number in numbers] if len(calls) > 1 else [name]
    return found


def _functions(tree: ast.AST, above: str) -> list[tuple[str, ast.FunctionDef]]:
    found = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef):
            found.append((f"{above}.{node.name}", node))
        elif isinstance(node, ast.ClassDef):
            found += _functions(node, f"{above}.{node.name}")
    return found


def _is_sync(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else None
    return (name or getattr(node.func, "id", "")) in _SYNCS
