"""Where a user's keys and licenses lie.

One folder per user, ``VODSEAL_HOME`` or the platform's own place for data of an
application. In it, ``apps/<fingerprint>/`` holds what belongs to one app.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import platformdirs

__all__ = ["HOME_VARIABLE", "app_home", "default_home"]

HOME_VARIABLE: Final = "VODSEAL_HOME"
_FINGERPRINT_DIGITS: Final = 16


def default_home() -> Path:
    """Return the folder that ``VODSEAL_HOME`` names, else the platform's own."""
    named = os.environ.get(HOME_VARIABLE)
    return Path(named) if named else platformdirs.user_data_path("vodseal")


def app_home(home: Path, fingerprint: bytes) -> Path:
    """Return the folder of one app, named after the head of its fingerprint."""
    return home / "apps" / fingerprint.hex()[:_FINGERPRINT_DIGITS]
