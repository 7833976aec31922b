"""From what the system says about a disk to a number that an app can act on (B36)."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from typing import Final

from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError

__all__ = ["disk_error"]

_SOME_SPACE: Final = 1 << 20
"""More than the small file takes that SQLite does not say it of."""
_FULL: Final = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def disk_error(
    error: OSError | sqlite3.Error,
    code: ErrorCode = ErrorCode.WRITE_ERROR,
    deed: str = "write",
    folder: str = "",
) -> DownloadError:
    """Return NO_SPACE for a full disk or quota, else ``code``; ``deed`` completes "could not".

    SQLite does not always say which of both it was: then ``folder`` is looked at.
    """
    if isinstance(error, OSError):
        full, reason = error.errno in _FULL, error.strerror or type(error).__name__
    else:
        # Errors that Python raises by itself, as for a closed database, have no code.
        number = getattr(error, "sqlite_errorcode", 0)
        unsaid = number == sqlite3.SQLITE_IOERR_SHMSIZE
        full = number & 0xFF == sqlite3.SQLITE_FULL or (unsaid and not _has_space(folder))
        reason = str(error)
    if full:
        return DownloadError(ErrorCode.NO_SPACE, f"the disk is full: could not {deed}")
    return DownloadError(code, f"could not {deed}: {reason}")


def _has_space(folder: str) -> bool:
    try:
        return bool(folder) and shutil.disk_usage(folder).free >= _SOME_SPACE
    except OSError:
        return False
