"""The generators write the vectors that are there, and know nothing of our code."""

from __future__ import annotations

import ast
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.vectors.cases import SPEC

if TYPE_CHECKING:
    from pathlib import Path

ROOT = SPEC.parent
FORMATS = sorted(path.parent.name for path in SPEC.glob("*/make.py") if path.parent.name != "rpc")
SOURCES = sorted(SPEC.rglob("*.py"))


def imported(text: str) -> set[str]:
    """The packages that a module imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(f"{'.' * node.level}{node.module or ''}")
    return {name.partition(".")[0] for name in found}


def test_there_is_a_generator_for_every_format() -> None:
    assert FORMATS == ["container", "credential", "license"]
    assert sum(len(list(folder.glob("vectors/*"))) for folder in SPEC.iterdir()) >= 150


@pytest.mark.parametrize("name", FORMATS)
def test_the_generator_still_writes_these_vectors(name: str) -> None:
    command = [sys.executable, "-m", f"spec.{name}.make", "--check"]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("vectors are what the generator writes\n")


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(SPEC)))
def test_the_generators_import_nothing_of_ours(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    assert imported(text) <= {"cryptography", "spec"} | sys.stdlib_module_names
    assert "importlib" not in imported(text)
    assert "__import__" not in text


def test_a_forbidden_import_would_be_seen() -> None:
    hidden = "def f():\n    from vodseal.container import keys\n    import vodseal.license.wrap\n"
    assert imported(hidden) == {"vodseal"}
    assert imported("from . import x\n") == {""}
