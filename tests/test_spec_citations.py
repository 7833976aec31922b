"""What the code cites exists: every "SPEC <name> §n" names a section of spec/<name>/SPEC.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CITATION = re.compile(r"SPEC\s+(\w+)\s+§(\d+(?:\.\d+)*)")
BARE = re.compile(r"SPEC\s+§")
SECTION = re.compile(r"^#+ (\d+(?:\.\d+)*)\.? ", re.MULTILINE)
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def citations() -> list[tuple[str, str, str]]:
    return [
        (source.relative_to(ROOT).as_posix(), *found)
        for source in SOURCES
        for found in CITATION.findall(source.read_text(encoding="utf-8"))
    ]


def sections(name: str) -> set[str]:
    spec = ROOT / "spec" / name / "SPEC.md"
    return set(SECTION.findall(spec.read_text(encoding="utf-8"))) if spec.exists() else set()


def test_there_is_something_to_check() -> None:
    assert len(citations()) >= 20
    assert {"4", "6.1", "7.3"} <= sections("container")


@pytest.mark.parametrize(("source", "name", "section"), citations())
def test_every_cited_section_exists(source: str, name: str, section: str) -> None:
    assert section in sections(name), f"{source} cites SPEC {name} §{section}"


def test_every_citation_names_its_specification() -> None:
    guilty = [str(source) for source in SOURCES if BARE.search(source.read_text(encoding="utf-8"))]
    assert guilty == []
