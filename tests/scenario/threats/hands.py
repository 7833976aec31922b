"""What an attacker does with what they hold."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from vodseal.errors import PlayError
from vodseal.player.decode import decode_to_nowhere
from vodseal.player.session import open_sealed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.behaviours.phone import Phone

__all__ = ["carry", "frames", "refusal"]


def frames(path: Path) -> int:
    """Play a film to its end, and return how many pictures it had."""
    with open_sealed(path) as session:
        return decode_to_nowhere(session).frames


def refusal(path: Path) -> PlayError:
    """Return why a film does not play: not one picture of it was seen."""
    with pytest.raises(PlayError) as caught, open_sealed(path) as session:
        decode_to_nowhere(session)
    return caught.value


def carry(sealed: Path, away: Phone) -> Path:
    """Copy a sealed file to another device."""
    away.save_dir.mkdir(parents=True, exist_ok=True)
    return shutil.copyfile(sealed, away.save_dir / sealed.name)
