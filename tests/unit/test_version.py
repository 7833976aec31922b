"""One version, in the project file and in the code."""

from __future__ import annotations

import tomllib
from pathlib import Path

import vodseal
from vodseal.version import VERSION


def test_the_project_file_says_the_same() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert project["project"]["version"] == VERSION == vodseal.MediaDownloader.version()
