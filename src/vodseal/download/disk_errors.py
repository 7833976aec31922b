"""From what the system says about a disk to a number that an app can act on (B36)."""

from __future__ import annotations

import errno
import sqlite3
from typing import Final

from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError

__all__ = ["disk_error"]

_FULL: Final = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def disk_error(
    error: OSError | sqlite3.Error, code: ErrorCode = ErrorCode.WRITE_ERROR, deed: str = "write"
) -> DownloadError:
    """Return NO_SPACE for a full disk or quota, else ``code``; ``deed`` completes "could not"."""
    if isinstance(error, OSError):
        full, reason = error.errno in _FULL, error.strerror or type(error).__name__
    else:
        # Errors that Python raises by itself, as for a closed database, have no code.
        number = getattr(error, "sqlite_errorcode", 0)
        full = number == sqlite3.SQLITE_IOERR_SHMSIZE or number & 0xFF == sqlite3.SQLITE_FULL
        reason = str(error)
    if full:
        return DownloadError(ErrorCode.NO_SPACE, f"the disk is full: could not {deed}")
    return DownloadError(code, f"could not {deed}: {reason}")
