"""The house rules that can be measured. Each test lists every place that breaks its rule."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
MIGRATIONS = ROOT / "src/vodseal/service/database/migrations"
TEXTS = {path: path.read_text() for path in SOURCES}
TREES = {path: ast.parse(text) for path, text in TEXTS.items()}
HAND_WRITTEN = [path for path in SOURCES if not path.is_relative_to(MIGRATIONS)]
LONGEST_MODULE = 300
LONGEST_FUNCTION = 50
OUTSIDE_CLOCK = re.compile(r"\btime\.time\(|datetime\.now\(|datetime\.utcnow\(")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name(path: Path) -> str:
    return str(path.relative_to(ROOT / "src"))


def code_lines(function: Function) -> int:
    """Return how long a function is without its docstring, which a command's help may need."""
    first = function.body[0]
    documented = ast.get_docstring(function) is not None
    return (
        (function.end_lineno or 0)
        - function.lineno
        - ((first.end_lineno or 0) - first.lineno if documented else 0)
    )


def test_there_is_something_to_look_at() -> None:
    assert len(SOURCES) > 100


def test_modules_are_short() -> None:
    assert [name(p) for p, text in TEXTS.items() if len(text.splitlines()) > LONGEST_MODULE] == []


def test_modules_say_what_they_promise() -> None:
    assert [
        name(p) for p in HAND_WRITTEN if TEXTS[p].strip() and not ast.get_docstring(TREES[p])
    ] == []


def test_functions_are_short() -> None:
    too_long = [
        f"{name(path)}:{node.name}"
        for path in HAND_WRITTEN
        for node in ast.walk(TREES[path])
        if isinstance(node, Function) and code_lines(node) >= LONGEST_FUNCTION
    ]
    assert too_long == []


def test_exceptions_live_in_one_file() -> None:
    defined = [
        f"{name(path)}:{node.name}"
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any(re.search(r"(Error|Exception)$", ast.unparse(base)) for base in node.bases)
    ]
    assert {place.partition(":")[0] for place in defined} == {"vodseal/errors.py"}


def test_no_error_is_swallowed() -> None:
    swallowed = [
        f"{name(path)}:{node.lineno}"
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (len(node.body) == 1 and isinstance(node.body[0], ast.Pass)))
    ]
    assert swallowed == []


def test_json_is_read_in_one_place() -> None:
    """The one that also refuses what is nested too deeply to be read."""
    reading = [name(path) for path, text in TEXTS.items() if re.search(r"\bjson\.loads?\(", text)]
    assert reading == ["vodseal/rpc/codec.py"]


def test_only_the_clock_asks_for_the_time() -> None:
    asking = [name(p) for p, text in TEXTS.items() if OUTSIDE_CLOCK.search(text)]
    assert asking == ["vodseal/clock.py"]


def test_nothing_is_left_for_later() -> None:
    assert [name(p) for p, text in TEXTS.items() if UNFINISHED.search(text)] == []


def test_the_state_picture_is_the_table() -> None:
    from vodseal.download.states import to_mermaid

    assert to_mermaid() in (ROOT / "docs/explanation/downloads.md").read_text()


def test_no_lock_file_records_an_address() -> None:
    for pinned in ROOT.glob("constraints*.txt"):
        assert "://" not in pinned.read_text()


def test_the_page_of_behaviours_is_what_the_marks_say() -> None:
    import runpy

    script = runpy.run_path(str(ROOT / "scripts/behaviours"))
    assert script["page"]() == (ROOT / "docs/reference/behaviours.md").read_text()
