"""The house rules that can be measured."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
MIGRATIONS = ROOT / "src/vodseal/service/database/migrations"
TREES = {path: ast.parse(path.read_text()) for path in SOURCES}
LONGEST_MODULE = 300
LONGEST_FUNCTION = 50
OUTSIDE_CLOCK = re.compile(r"\btime\.time\(|datetime\.now\(|datetime\.utcnow\(")

each_source = pytest.mark.parametrize(
    "path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src"))
)


def functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_there_is_something_to_look_at() -> None:
    assert len(SOURCES) > 50


@each_source
def test_a_module_is_short_and_documented(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_MODULE
    assert ast.get_docstring(TREES[path]) or path.is_relative_to(MIGRATIONS)


@each_source
def test_functions_are_short(path: Path) -> None:
    too_long = {
        f.name: f.end_lineno - f.lineno
        for f in functions(TREES[path])
        if f.end_lineno and f.end_lineno - f.lineno >= LONGEST_FUNCTION
    }
    assert path.is_relative_to(MIGRATIONS) or not too_long


@each_source
def test_exceptions_live_in_one_file(path: Path) -> None:
    defined = [
        n.name
        for n in ast.walk(TREES[path])
        if isinstance(n, ast.ClassDef)
        and any(re.search(r"(Error|Exception)$", ast.unparse(base)) for base in n.bases)
    ]
    assert path.name == "errors.py" or not defined


@each_source
def test_no_error_is_swallowed(path: Path) -> None:
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"bare except at line {node.lineno}"
            assert not (len(node.body) == 1 and isinstance(node.body[0], ast.Pass)), node.lineno


@each_source
def test_only_the_clock_asks_for_the_time(path: Path) -> None:
    assert path.name == "clock.py" or not OUTSIDE_CLOCK.search(path.read_text())


@each_source
def test_nothing_is_left_for_later(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\b(TODO|FIXME|XXX|NotImplementedError)\b", text)


def test_the_state_picture_is_the_table() -> None:
    from vodseal.download.states import to_mermaid

    page = (ROOT / "docs/explanation/downloads.md").read_text()
    assert to_mermaid() in page


def test_no_lock_file_records_an_address() -> None:
    assert "://" not in (ROOT / "constraints.txt").read_text()
