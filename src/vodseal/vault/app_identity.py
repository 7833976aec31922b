"""Which app this process is, and what stands behind that (security.md 1.4).

``identify`` is asked once, when the security file is loaded and before any key is
opened: it checks the manifest of the app's folder there and then (level 1), and
asks the operating system (level 2). An identity that the caller names without a
folder is taken as it is, at level 0: that of the vendor's own kinds, which only
their platforms can prove.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vodseal.credential.fingerprint import AppIdentity
from vodseal.credential.requirements import IdentityLevel
from vodseal.errors import AppIdentityError
from vodseal.vault.app_folder import MANIFEST_NAME, check_app_folder
from vodseal.vault.platform_identity import this_platform

if TYPE_CHECKING:
    from vodseal.vault.platform_identity import PlatformIdentity

__all__ = ["ShownIdentity", "identify", "own_folder"]

_UNKNOWN: Final = "it is not known which app this is"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownIdentity:
    """An app, and how it has shown that it is that one."""

    identity: AppIdentity
    level: IdentityLevel


def identify(
    app: Path | AppIdentity | ShownIdentity | None, platform: PlatformIdentity | None = None
) -> ShownIdentity:
    """Return the app that this process is.

    Args:
        app: Its folder; None for the folder that this process runs from; or an
            identity to take as it is, or one that was shown already.
        platform: What the operating system says; asked of this machine when None.

    Raises:
        AppIdentityError: The folder is not as its developer signed it, or it is
            not known which one it is.
    """
    if isinstance(app, ShownIdentity):
        return app
    if isinstance(app, AppIdentity):
        return ShownIdentity(identity=app, level=IdentityLevel.FILE)
    folder = own_folder() if app is None else app
    identity = check_app_folder(folder)
    vouched = (platform or this_platform()).vouches_for(folder, identity.text)
    level = IdentityLevel.PLATFORM if vouched else IdentityLevel.MANIFEST
    return ShownIdentity(identity=identity, level=level)


def own_folder() -> Path:
    """Return the folder of the app that runs in this process: a bundle's, or the main script's.

    Raises:
        AppIdentityError: There is none, or no manifest lies in it.
    """
    folder = _bundle_folder() if getattr(sys, "frozen", False) else _script_folder()
    if folder is None or not (folder / MANIFEST_NAME).is_file():
        raise AppIdentityError(
            _UNKNOWN if folder is None else f"{_UNKNOWN}: {folder} is not signed",
            remedy="Sign the app's folder with `vodseal app sign`, and give another folder than "
            "that of the main script to init_service().",
        )
    return folder


def _script_folder() -> Path | None:
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    return Path(script).resolve().parent if script else None


def _bundle_folder() -> Path:
    """Return the folder of a one-folder bundle, which the program lies in (PyInstaller)."""
    folder = Path(sys.executable).resolve().parent
    unpacked = Path(getattr(sys, "_MEIPASS", folder)).resolve()
    if not unpacked.is_relative_to(folder):
        raise AppIdentityError(
            f"the app runs from {unpacked}, outside of the folder that could be signed",
            remedy="Build a one-folder bundle (pyinstaller --onedir) and sign its folder: "
            "a one-file bundle unpacks itself to where nothing is signed.",
        )
    return folder
