"""The real Secret Service of Debian, in a session bus of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.tools import require_tool

TELLER = Path(__file__).with_name("seed_teller.py")
UNLOCKED = (
    'printf secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null; exec "$@"'
)
LOCKED = 'gnome-keyring-daemon --start --components=secrets >/dev/null; exec "$@"'


class Session:
    """The sessions of one user, whose key store outlives each of them."""

    def __init__(self, home: Path) -> None:
        self.run_session = require_tool("dbus-run-session")
        require_tool("gnome-keyring-daemon")
        self.folder = home / "vodseal"
        runtime = home / "run"
        runtime.mkdir(parents=True, mode=0o700)
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name not in {"PYTHON_KEYRING_BACKEND", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY"}
        } | {
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(runtime),
            "XDG_DATA_HOME": str(home / "data"),
        }

    def tell(self, *wrapped: str) -> dict[str, Any]:
        done = subprocess.run(
            [*wrapped, sys.executable, TELLER, self.folder],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    def unlocked(self) -> dict[str, Any]:
        return self.tell(self.run_session, "--", "sh", "-c", UNLOCKED, "sh")

    def locked(self) -> dict[str, Any]:
        return self.tell(self.run_session, "--", "sh", "-c", LOCKED, "sh")


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path / "home")


def test_a_seed_in_the_secret_service_outlives_the_session(session: Session) -> None:
    first = session.unlocked()
    assert first["level"] == "system"
    assert session.unlocked() == first
    names = {path.name for path in session.folder.iterdir()}
    assert names == {"device.lock", "device.store"}


def test_outside_of_the_session_it_is_an_error_and_no_other_device(session: Session) -> None:
    first = session.unlocked()
    assert session.tell() == {"error": "KeyStoreError"}
    assert session.locked() == {"error": "KeyStoreError"}
    assert session.unlocked() == first


def test_a_copy_of_the_folder_is_nothing_without_the_key_store(
    session: Session, tmp_path: Path
) -> None:
    session.unlocked()
    other = Session(tmp_path / "other")
    other.folder.mkdir()
    for path in session.folder.iterdir():
        (other.folder / path.name).write_bytes(path.read_bytes())
    assert other.unlocked() == {"error": "KeyStoreError"}
