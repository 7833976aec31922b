"""The app's security file, for the downloader and the player of this process.

As the vendor's: one call at app start, silent even for a bad file; what is wrong
with it is told by the first download (30010008) or playback (20030003) that
needs it (client-surface 1.4, B14, B18, B20). ``check`` tells it at once, for an
app that would rather know.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from vodseal.vault import key_service

if TYPE_CHECKING:
    from vodseal.credential.fingerprint import AppIdentity
    from vodseal.vault.key_service import AppKeySource

__all__ = ["PrivateService"]


class PrivateService:
    """One security file for the process; a second call replaces the first."""

    @staticmethod
    def init_service(
        security_file: str | os.PathLike[str] | bytes,
        *,
        app: str | os.PathLike[str] | AppIdentity | None = None,
        app_key: AppKeySource = None,
    ) -> None:
        """Load the app's security file, by path or by content.

        The app's own files are checked against their signed manifest here.

        Args:
            security_file: ``encryptedApp.dat``, its path or its bytes.
            app: The app's folder, or an identity that the platform vouches for;
                None for the folder of the main script.
            app_key: The app's private string, a ``Path`` of a file that holds it,
                or a function that returns it; None for a file that opens alone.
        """
        file = security_file if isinstance(security_file, bytes) else Path(security_file)
        folder = Path(app) if isinstance(app, str | os.PathLike) else app
        key_service.install(file, folder, app_key)

    @staticmethod
    def check() -> None:
        """Return when the loaded security file opens for this app.

        Raises:
            SecurityFileError: None is loaded, or it does not open for this app.
            AppIdentityError: The app's files are not as its developer signed them.
        """
        key_service.current().unlock()
