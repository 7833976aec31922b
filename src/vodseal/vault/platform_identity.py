"""Whether the operating system names an app as its manifest does (security.md 1.4).

One protocol, one way to ask: ``this_platform().vouches_for(folder, bundle_id)``.
Every answer is one that the app's own process gives about itself: it tells an
app that was installed from a copy of it that was not, and it stops nobody who
controls the process. ``docs/explanation/app-identity.md`` says what each can do.

Where this version cannot ask, it says so and vouches for nothing: a check that
was never run is not one.
"""

from __future__ import annotations

import configparser
import sys
from pathlib import Path
from typing import Final, Protocol

__all__ = ["CannotAsk", "Flatpak", "PlatformIdentity", "this_platform"]

_CANNOT: Final = {
    "darwin": "code signatures of macOS are not asked for by this version",
    "win32": "Authenticode signatures of Windows are not asked for by this version",
}


class PlatformIdentity(Protocol):
    """What the operating system can say of an app."""

    def vouches_for(self, folder: Path, bundle_id: str) -> bool:
        """Return whether the system has installed ``folder`` as the app ``bundle_id``."""

    def says(self) -> str:
        """Return one sentence on what it says or why it says nothing, for people."""


class Flatpak:
    """The app id that Flatpak has mounted over the sandbox (level 2 on Linux).

    ``/.flatpak-info`` is written by Flatpak outside of the sandbox and read-only
    inside. The app's files are the read-only mount ``/app``.
    """

    def __init__(self, info: Path = Path("/.flatpak-info"), app: Path = Path("/app")) -> None:
        self._info = info
        self._app = app

    def vouches_for(self, folder: Path, bundle_id: str) -> bool:
        """Return whether this is the sandbox of ``bundle_id``, and ``folder`` its own files."""
        return self._name() == bundle_id and folder.resolve().is_relative_to(self._app.resolve())

    def says(self) -> str:
        """Return the sandbox's app id, or that there is none."""
        name = self._name()
        return f"this is the Flatpak {name}" if name else "this is not inside of a Flatpak"

    def _name(self) -> str:
        parser = configparser.ConfigParser(interpolation=None, strict=True)
        try:
            parser.read_string(self._info.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, configparser.Error):
            return ""
        return parser.get("Application", "name", fallback="")


class CannotAsk:
    """A platform that has app identities which this version does not ask for."""

    def __init__(self, why: str) -> None:
        self._why = why

    def vouches_for(self, folder: Path, bundle_id: str) -> bool:
        """Return False."""
        del folder, bundle_id
        return False

    def says(self) -> str:
        """Return why it vouches for nothing."""
        return self._why


def this_platform() -> PlatformIdentity:
    """Return what can be asked on this machine."""
    why = _CANNOT.get(sys.platform)
    return CannotAsk(why) if why else Flatpak()
