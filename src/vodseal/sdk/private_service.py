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

from vodseal.sdk.rekey import rekey
from vodseal.vault import key_service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vodseal.credential.fingerprint import AppIdentity
    from vodseal.sdk.rekey import RekeyResult
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
            app: The app's folder; None for the folder of the bundle or the main
                script. Or an identity to take as it is, at level 0.
            app_key: The app's private string, a ``Path`` of a file that holds it,
                or a function that returns it; None for a file that opens alone.
        """
        file = security_file if isinstance(security_file, bytes) else Path(security_file)
        folder = Path(app) if isinstance(app, str | os.PathLike) else app
        key_service.install(file, folder, app_key)

    @staticmethod
    def rekey(
        old: str | os.PathLike[str] | bytes,
        new: str | os.PathLike[str] | bytes,
        files: Iterable[str | os.PathLike[str]] | None = None,
        *,
        old_app_key: AppKeySource = None,
        new_app_key: AppKeySource = None,
        app: str | os.PathLike[str] | AppIdentity | None = None,
        on_progress: Callable[[int], object] | None = None,
    ) -> RekeyResult:
        """Move downloads from one security file to another; only the new one opens them then.

        For an update of an app that ships a new security file: call it before
        ``init_service``, and while nothing downloads. The sealed files stay as they
        are. An interruption at any moment harms nothing; call it again.

        Args:
            old: The security file they were made with, its path or its bytes.
            new: The one that takes its place.
            files: The sealed files; None for everything that was downloaded.
            old_app_key: The private string of the old file, as for ``init_service``.
            new_app_key: That of the new one.
            app: The app, as for ``init_service``.
            on_progress: Is told how much is ready, in percent.

        Raises:
            SecurityFileError, AppIdentityError: One of the two does not open.
            ContactNeededError: The licenses were put back from a backup.
            FormatError: One of ``files`` is no sealed file.
            OSError: Something cannot be read or written. Nothing was moved.
        """
        return rekey(
            old,
            new,
            files,
            old_app_key=old_app_key,
            new_app_key=new_app_key,
            app=app,
            on_progress=on_progress,
        )

    @staticmethod
    def check() -> None:
        """Return when the loaded security file opens for this app.

        Raises:
            SecurityFileError: None is loaded, or it does not open for this app.
            AppIdentityError: The app's files are not as its developer signed them.
        """
        key_service.current().unlock()
