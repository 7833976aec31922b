"""What an attacker does with what they hold."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from vodseal.clock import BootTime
from vodseal.errors import PlayError
from vodseal.player.decode import decode_to_nowhere
from vodseal.player.session import open_sealed
from vodseal.vault import key_service

if TYPE_CHECKING:
    from pathlib import Path

    from tests.behaviours.house import App, House
    from tests.behaviours.phone import Phone

    from vodseal.clock import Clock

__all__ = ["UsersClock", "VaultBackup", "carry", "frames", "load_with", "refusal"]


def frames(path: Path, clock: Clock | None = None) -> int:
    """Play a film to its end, and return how many pictures it had."""
    with open_sealed(path, clock=clock) as session:
        return decode_to_nowhere(session).frames


def refusal(path: Path, clock: Clock | None = None) -> PlayError:
    """Return why a film does not play: not one picture of it was seen."""
    with pytest.raises(PlayError) as caught, open_sealed(path, clock=clock) as session:
        decode_to_nowhere(session)
    return caught.value


def carry(sealed: Path, away: Phone) -> Path:
    """Copy a sealed file to another device."""
    away.save_dir.mkdir(parents=True, exist_ok=True)
    return shutil.copyfile(sealed, away.save_dir / sealed.name)


class UsersClock:
    """The clock of a device: its wall clock is wherever its user has set it."""

    def __init__(self, house: House) -> None:
        self._truth = house.clock
        self._runs = 1
        self.off = 0.0

    def now(self) -> float:
        return self._truth.now() + self.off

    def monotonic(self) -> float:
        return self._truth.monotonic()

    def boot_time(self) -> BootTime | None:
        return BootTime(boot_id=f"run-{self._runs}", seconds=self._truth.monotonic())

    def reboot(self) -> None:
        self._runs += 1


def load_with(phone: Phone, app: App, clock: Clock) -> None:
    """Load the app's security file on a device with a clock of its own."""
    key_service.install(
        app.security_file, app.identity, app.private_string, phone.home, clock=clock
    )


class VaultBackup:
    """A copy of the vault's database, or of the whole folder with what else is there."""

    def __init__(self, where: Path, pattern: str = "vault.db*") -> None:
        self._folder = key_service.current().vault().folder
        self._where, self._pattern = where, pattern
        where.mkdir()
        for file in self._folder.glob(pattern):
            shutil.copy2(file, where)

    def put_back(self) -> None:
        for file in self._folder.glob(self._pattern):
            file.unlink()
        for file in self._where.iterdir():
            shutil.copy2(file, self._folder)
