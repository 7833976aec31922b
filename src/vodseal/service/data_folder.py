"""The data folder: one service at a time, with an identity and a place for everything.

``lock`` is held while a service runs, and the system drops it at a kill. ``id``
holds 32 hex digits, which name the master key file. ``service.db`` is all state,
``blobs/`` holds originals and streams, ``uploads/`` what is being uploaded,
``audit/`` the audit log.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError
from vodseal.vault.private_files import make_private_folder, write_private_file

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["DataFolder"]


class DataFolder:
    """A data folder that this process has locked until ``close``."""

    def __init__(self, path: Path, random: Callable[[int], bytes]) -> None:
        """Create it when it is missing, and lock it.

        Raises:
            OperatorError: Another service runs on it, or it cannot be written.
        """
        self.path = path
        self._handle = -1
        try:
            make_private_folder(path)
            self._handle = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._lock()
            self.id = self._identity(random)
            make_private_folder(self.uploads)
            make_private_folder(self.blobs)
        except OSError as error:
            self.close()
            raise self._refuse(str(error.strerror)) from error
        except OperatorError:
            self.close()
            raise

    @property
    def database(self) -> Path:
        """Return the database's file."""
        return self.path / "service.db"

    @property
    def blobs(self) -> Path:
        """Return the folder of blobs."""
        return self.path / "blobs"

    @property
    def uploads(self) -> Path:
        """Return the folder of uploads that go on."""
        return self.path / "uploads"

    @property
    def audit(self) -> Path:
        """Return the folder of the audit log, which makes it itself."""
        return self.path / "audit"

    def close(self) -> None:
        """Let another service use the folder. Closing twice is harmless."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

    def _lock(self) -> None:
        try:
            if sys.platform == "win32":
                msvcrt.locking(self._handle, msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            message = f"another service runs on {self.path}"
            raise OperatorError(ErrorCode.DATA_FOLDER_IN_USE, message) from error

    def _identity(self, random: Callable[[int], bytes]) -> str:
        file = self.path / "id"
        if not file.exists():
            write_private_file(file, random(16).hex().encode())
        text = file.read_text("ascii", errors="replace").strip()
        if re.fullmatch(r"[0-9a-f]{32}", text) is None:
            raise self._refuse("its file 'id' is damaged")
        return text

    def _refuse(self, reason: str) -> OperatorError:
        message = f"the data folder {self.path} cannot be used: {reason}"
        return OperatorError(ErrorCode.DATA_FOLDER_UNUSABLE, message)
