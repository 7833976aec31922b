"""Why a mutant that lives does not matter: the rows of docs/explanation/mutants.md.

A row names a file, the line as it is, the line as the mutant has it, and the reason.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["PAGE", "rows", "unexplained"]

PAGE = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "mutants.md"
ROW = re.compile(
    r"^\| `(?P<file>[\w/]+\.py)` \| `(?P<was>.+?)` \| `(?P<is>.+?)` \| (?P<why>.+) \|$"
)


def rows(text: str) -> Iterator[tuple[str, str, str]]:
    """Return file, line and changed line of each mutant that ``text`` explains."""
    for line in text.splitlines():
        found = ROW.match(line)
        if found:
            yield found["file"], _plain(found["was"]), _plain(found["is"])


def unexplained(records: Mapping[str, dict[str, str]]) -> list[dict[str, str]]:
    """Return the verdicts of those that live and have no row."""
    explained = set(rows(PAGE.read_text(encoding="utf-8")))
    return [
        each
        for each in records.values()
        if each["state"] != "killed"
        and (each["file"], _plain(each["removed"]), _plain(each["added"])) not in explained
    ]


def _plain(code: str) -> str:
    return re.sub(r"\s+", " ", code.replace(r"\|", "|")).strip()
