"""A home of its own for every test of the command line."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from vodseal.cli.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass
class Said:
    """What a command said, and how it ended."""

    status: int
    out: str
    talk: str

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def answer(self) -> dict[str, object]:
        assert len(self.lines) == 1, self.out
        return self.lines[0]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in os.environ:
        if name.startswith("VODSEAL_"):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    monkeypatch.setenv("VODSEAL_HOME", str(home))
    return home


@pytest.fixture
def vodseal(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    def run(*arguments: object) -> Said:
        status = main([str(argument) for argument in arguments])
        out, talk = capsys.readouterr()
        return Said(status, out, talk)

    return run
