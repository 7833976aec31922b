"""What the code cites exists: every "SPEC <name> §n" names a section of spec/<name>/SPEC.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CITATION = re.compile(r"SPEC\s+(\w+)\s+§(\d+(?:\.\d+)*)")
BARE = re.compile(r"SPEC\s+§")
SECTION = re.compile(r"^(?:#+ (\d+(?:\.\d+)*)\.?|(\d+(?:\.\d+)+)\.) ", re.MULTILINE)
FORMATS = ("container", "credential", "license")
REFERENCE = re.compile(
    rf"(?:\b({'|'.join(FORMATS)}|rpc)(?: document)?,? )?§(\d+(?:\.\d+)*)(?! there)"
)
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def citations() -> list[tuple[str, str, str]]:
    return [
        (source.relative_to(ROOT).as_posix(), *found)
        for source in SOURCES
        for found in CITATION.findall(source.read_text(encoding="utf-8"))
    ]


def text_of(name: str) -> str:
    spec = ROOT / "spec" / name / "SPEC.md"
    return spec.read_text(encoding="utf-8") if spec.exists() else ""


def numbers(name: str) -> list[str]:
    """The numbers of all sections and paragraphs, as they come."""
    return ["".join(found) for found in SECTION.findall(text_of(name))]


def sections(name: str) -> set[str]:
    return set(numbers(name))


def test_there_is_something_to_check() -> None:
    assert len(citations()) >= 20
    assert {"4", "6.1", "7.3"} <= sections("container")


@pytest.mark.parametrize(("source", "name", "section"), citations())
def test_every_cited_section_exists(source: str, name: str, section: str) -> None:
    assert section in sections(name), f"{source} cites SPEC {name} §{section}"


def test_every_citation_names_its_specification() -> None:
    guilty = [str(source) for source in SOURCES if BARE.search(source.read_text(encoding="utf-8"))]
    assert guilty == []


@pytest.mark.parametrize("name", FORMATS)
def test_every_rule_has_a_number(name: str) -> None:
    _, _, body = text_of(name).partition("\n## 1.")
    blocks = [block for block in body.split("\n\n") if "MUST" in block and block[:1] != "|"]
    assert len(blocks) >= 10
    assert [block for block in blocks if not SECTION.match(block)] == []


@pytest.mark.parametrize("name", FORMATS)
def test_numbers_rise_and_none_comes_twice(name: str) -> None:
    found = [tuple(map(int, number.split("."))) for number in numbers(name)]
    assert found == sorted(set(found))


@pytest.mark.parametrize("name", [*FORMATS, "rpc"])
def test_the_specifications_refer_to_what_is_there(name: str) -> None:
    found = [(other or name, number) for other, number in REFERENCE.findall(text_of(name))]
    assert len(found) >= 5
    assert [each for each in found if each[1] not in sections(each[0])] == []


@pytest.mark.parametrize("name", FORMATS)
def test_every_specification_tells_its_failures_and_limits(name: str) -> None:
    text = text_of(name)
    for word in ("*truncated*", "*unsupported*", "*wrong key*", "*tampered*", "*malformed*"):
        assert word in text, f"{name} does not say when something is {word}"
    assert "](../README.md)" in text
    assert "MUST NOT exceed" in text
