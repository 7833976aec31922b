"""A download on disk: whether a key opens it, and how it is deleted with its keys.

Deleting takes the files first and the license or staging key after them, so a
crash in between leaves a key without a file, never a file that nobody opens.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from vodseal.container.header import Header
from vodseal.container.layout import HEADER_SIZE
from vodseal.download.files import delete_download, final_path
from vodseal.download.index import JobStore
from vodseal.download.job import Identity
from vodseal.download.journal import JobState
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, FormatError, MisuseError, VodsealError
from vodseal.vault import key_service
from vodseal.vault.home import default_home
from vodseal.vault.sealed_files import FileSource
from vodseal.vault.store import NO_APP, Vault

if TYPE_CHECKING:
    from vodseal.download.journal import JobEntry
    from vodseal.vault.key_service import KeyService

__all__ = ["DeleteResult", "delete_by_identity", "discard", "opens_with"]

_log = logging.getLogger(__name__)


class DeleteResult(IntEnum):
    """What a deletion answers. 11 and 12 are the vendor's; the rest follow their pattern."""

    OK = 0
    NOT_EXIST = 10
    """30010010: nothing is stored under this identity."""
    INVALID_PARAM = 11
    """30010011: the arguments name no download."""
    WRONG_STATUS = 12
    """30010012: a live task is at work on it; stop it first."""
    FAILED = 13
    """3001000E: the files could not be removed; the log says why."""

    @property
    def code(self) -> ErrorCode | None:
        """Return the error number; None for ``OK``."""
        return _CODES.get(self)


_CODES = {
    DeleteResult.NOT_EXIST: ErrorCode.FILE_NOT_EXIST,
    DeleteResult.INVALID_PARAM: ErrorCode.CLEAN_INVALID_PARAM,
    DeleteResult.WRONG_STATUS: ErrorCode.CLEAN_WRONG_STATUS,
    DeleteResult.FAILED: ErrorCode.WRITE_ERROR,
}


def opens_with(entry: JobEntry, key: bytes) -> bool:
    """Tell whether what is on disk was made under ``key``, and is whole as far as its head tells.

    Raises:
        DownloadError: It could not be read.
        OSError: As above.
    """
    try:
        if entry.state is not JobState.COMPLETED:
            JobStore(entry.identity).load_job(key)
        elif entry.secure:
            with FileSource(Path(final_path(entry.identity, secure=True))) as source:
                head = bytearray(HEADER_SIZE)
                source.read_into(0, memoryview(head))
                Header.open(bytes(head), key, file_size=source.size)
    except FormatError:
        return False
    return True


def discard(entry: JobEntry, keys: KeyService | None, home: Path) -> None:
    """Delete the files of a job, then what the vault keeps for it.

    Raises:
        DownloadError: A file could not be removed, or a live task is at work on it.
    """
    delete_download(entry.identity)
    _forget_keys(entry, keys, home)


def delete_by_identity(save_dir: str, vid: str, format: str, index: int) -> DeleteResult:  # noqa: A002 - the vendor's name
    """Delete a finished or partial file, and its key. Never raises, whatever it is given (B23)."""
    try:
        identity = _identity(save_dir, vid, format, index)
        entry = JobStore(identity).entry()
        delete_download(identity)
    except MisuseError:
        return DeleteResult.INVALID_PARAM
    except DownloadError as error:
        return _result(error)
    except Exception:  # noqa: BLE001 - the call answers with a number
        _log.exception("A download could not be deleted")
        return DeleteResult.FAILED
    if entry is not None:
        keys = key_service.installed()
        _forget_keys(entry, keys, keys.home if keys else default_home())
    return DeleteResult.OK


def _identity(save_dir: object, vid: object, format_name: object, index: object) -> Identity:
    texts = all(isinstance(value, str) for value in (save_dir, vid, format_name))
    if not texts or not isinstance(index, int) or isinstance(index, bool):
        raise MisuseError("save dir, vid and format are texts, and the index is a number")
    return Identity(
        save_dir=str(save_dir), vid=str(vid), format=str(format_name).lower(), index=index
    )


def _result(error: DownloadError) -> DeleteResult:
    known = (result for result, code in _CODES.items() if code is error.code)
    result = next(known, DeleteResult.FAILED)
    if result is DeleteResult.FAILED:
        _log.error("A download could not be deleted: %s", error.message)
    return result


def _forget_keys(entry: JobEntry, keys: KeyService | None, home: Path) -> None:
    """Forget a download's key. Its files are gone, so a vault that is closed is no error."""
    with contextlib.suppress(OSError, sqlite3.Error, VodsealError):
        if not entry.secure:
            Vault(home, NO_APP).delete_secret(entry.download_id)
        elif keys is not None:
            _release(keys, entry.download_id)


def _release(keys: KeyService, download_id: bytes) -> None:
    """Give the license up with the file, so that its place is free; a bad one is just deleted."""
    try:
        keys.licenses().book.release(keys.licenses().held(download_id), keys.clock.now())
    except VodsealError:
        keys.vault().delete_license(download_id)
