"""Where things lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vodseal.vault.home import app_home, default_home

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_environment_names_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VODSEAL_HOME", str(tmp_path))
    assert default_home() == tmp_path


def test_without_it_the_platform_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VODSEAL_HOME", raising=False)
    assert default_home().is_absolute()
    assert default_home().name == "vodseal"


def test_an_app_has_a_folder_of_its_own(tmp_path: Path) -> None:
    assert app_home(tmp_path, bytes(range(32))) == tmp_path / "apps" / "0001020304050607"
