"""The mutants of a package, as mutmut makes them, in a copy of src under build/mutants."""

from __future__ import annotations

import ast
import difflib
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mutmut.mutation.file_mutation import mutate_file_contents

if TYPE_CHECKING:
    from mutmut.mutation.file_mutation import MutatedFile

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "mutants"
THEIRS = "from mutmut.mutation.trampoline import"
OURS = "from mutation.switch import"
MARK = "__mutmut"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change of one function."""

    name: str
    """Module and mangled name: what ``switch.activate`` takes."""
    file: str
    line: int
    """Of the source, where the change is."""
    removed: str
    added: str
    again: int = 0
    """How many mutants of this function before it read the same: its lines may repeat."""

    @property
    def place(self) -> str:
        """The function, as ``switch.calls`` names it."""
        return self.name[: self.name.rindex(MARK) + len(MARK)]

    @property
    def key(self) -> str:
        """What stays the same when other lines of the file change."""
        return f"{self.place}\n{self.removed}\n{self.added}\n{self.again}"


def make(package: str, into: Path, source: Path = ROOT / "src") -> list[Mutant]:
    """Write a copy of ``source`` with all mutants of ``package`` in it, and return them."""
    shutil.rmtree(into, ignore_errors=True)
    shutil.copytree(source, into, ignore=shutil.ignore_patterns("__pycache__"))
    mutants = []
    for path in sorted((into / "vodseal" / package).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        made = mutate_file_contents(str(path), text)
        if made.mutant_names:
            path.write_text(made.code.replace(THEIRS, OURS), encoding="utf-8")
            mutants += _mutants_of(path.relative_to(into), text, made)
    return mutants


def _mutants_of(path: Path, source: str, made: MutatedFile) -> list[Mutant]:
    lines = made.code.splitlines()
    starts = _starts(source)
    module = ".".join(path.with_suffix("").parts).removesuffix(".__init__")

    def text(name: str) -> list[str]:
        span = made.line_span_by_function_name[name]
        body = lines[span.start - 1 : span.end]
        return [line.replace(name, _plain(name)) for line in body]

    mutants = []
    alike: Counter[tuple[str, str, str]] = Counter()
    for name in made.mutant_names:
        origin = name[: name.rindex(MARK) + len(MARK)]
        line, removed, added = _change(text(f"{origin}_orig"), text(name))
        mutants.append(
            Mutant(
                name=f"{module}.{name}",
                file=str(path.relative_to("vodseal")),
                line=starts[origin.removesuffix(MARK)] + line,
                removed=removed,
                added=added,
                again=alike[origin, removed, added],
            )
        )
        alike[origin, removed, added] += 1
    return mutants


def _plain(name: str) -> str:
    """Return the name that a function has in the source."""
    mangled = name[: name.rindex(MARK)]
    return mangled.rpartition("ǁ")[2] if "ǁ" in mangled else mangled.removeprefix("x_")


def _change(before: list[str], after: list[str]) -> tuple[int, str, str]:
    """Return the first changed line, counted from the function's first, and both texts."""
    while before and not before[0].strip():
        before = before[1:]
    while after and not after[0].strip():
        after = after[1:]
    removed, added, first = [], [], None
    for kind, a, b, c, d in difflib.SequenceMatcher(None, before, after).get_opcodes():
        if kind != "equal":
            first = a if first is None else first
            removed += before[a:b]
            added += after[c:d]
    start = next(i for i, line in enumerate(before) if line.lstrip().startswith(("def ", "async ")))
    return (first or 0) - start, _joined(removed), _joined(added)


def _joined(lines: list[str]) -> str:
    return " ".join(line.strip() for line in lines)


def _starts(source: str) -> dict[str, int]:
    """Return the line of each function's ``def``, under mutmut's name for it."""
    found: dict[str, int] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found[f"x_{node.name}"] = node.lineno
        elif isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
                    found[f"xǁ{node.name}ǁ{each.name}"] = each.lineno
    return found
