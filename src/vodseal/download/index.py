"""Jobs by their place on disk: found, begun, read, without asking the network.

``JobStore`` is what a caller needs before it has a content key: the id that the
license is for, and whether there is anything to go on from (client-surface B25).
It takes the lock of a job only to begin one; a job that is being worked on can
be looked at.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Final

from vodseal.download.disk_errors import disk_error
from vodseal.download.files import (
    final_name,
    find_job_folders,
    job_folder,
    locked,
    open_job_folder,
    remove_stage,
    save_folder,
)
from vodseal.download.folder import Folder
from vodseal.download.job import Identity
from vodseal.download.journal import JobEntry, JobState, Journal
from vodseal.download.record import open_job
from vodseal.errors import MisuseError, UnsupportedVersionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.download.job import JobSpec

__all__ = ["JobStore", "has_final_file"]

_ID_SIZE: Final = 16
_DAMAGED: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class JobStore:
    """The job of one identity. Making one touches nothing on disk."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    @staticmethod
    def find(save_dir: str, vid: str, index: int) -> JobEntry | None:
        """Return the job of a video's track here, whatever its format; the latest of several."""
        found: list[tuple[float, JobEntry]] = []
        for name in find_job_folders(save_dir, vid, index):
            with contextlib.suppress(MisuseError):  # the folder of another vid
                identity = Identity(save_dir=save_dir, vid=vid, format=name, index=index)
                entry = JobStore(identity).entry()
                if entry is not None:
                    found.append((job_folder(identity).stat().st_mtime, entry))
        return max(found, key=lambda one: one[0])[1] if found else None

    def entry(self) -> JobEntry | None:
        """Return the job; None when there is none that can be gone on from.

        A completed job whose file is gone counts as none, and so does one whose
        journal is damaged.

        Raises:
            DownloadError: The journal is there and cannot be read (WRITE_ERROR).
            UnsupportedVersionError: It was written by a later version.
        """
        try:
            with (
                Folder.open(job_folder(self._identity)) as folder,
                Journal.open(folder, self._identity.save_dir) as journal,
            ):
                return self._usable(journal.entry())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, sqlite3.Error) as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
                return None
            raise disk_error(error, deed="read the download's journal") from error

    def create(self, *, secure: bool, random: Callable[[int], bytes]) -> JobEntry:
        """Return the job to go on with, or begin one under a new download id.

        A job of the other mode, a completed one without its file, and one whose
        journal is damaged give way to a new one, which starts at 0 (B24, B48).

        Raises:
            DownloadError: The save dir cannot be made or written
                (CANNOT_CREATE_SAVE_DIR, NO_SPACE, WRITE_ERROR), or a live task
                is at work on another mode of it (CLEAN_WRONG_STATUS).
        """
        entry = self.entry()
        if entry is not None and entry.secure == secure:
            return entry
        fresh = JobEntry(
            identity=self._identity,
            download_id=random(_ID_SIZE),
            secure=secure,
            state=JobState.DOWNLOADING,
        )
        self._begin(fresh)
        return fresh

    def begin_again(self, download_id: bytes) -> None:
        """Begin a sealed download anew under an id that there is a license for.

        What is finished keeps its name until the new file takes it.

        Raises:
            DownloadError: As ``create``.
        """
        entry = JobEntry(
            identity=self._identity,
            download_id=download_id,
            secure=True,
            state=JobState.DOWNLOADING,
        )
        self._begin(entry)

    def _begin(self, entry: JobEntry) -> None:
        with open_job_folder(self._identity) as folder, locked(folder):
            try:
                remove_stage(folder)
                Journal.remove(folder)
                with Journal.open(folder, self._identity.save_dir, create=True) as journal:
                    journal.begin(entry)
            except (OSError, sqlite3.Error) as error:
                raise disk_error(error, deed="begin the download") from error

    def head(self) -> bytes | None:
        """Return the copy of a finished file's head; None when there is none."""
        with (
            contextlib.suppress(OSError, sqlite3.Error, UnsupportedVersionError),
            Folder.open(job_folder(self._identity)) as folder,
            Journal.open(folder, self._identity.save_dir) as journal,
        ):
            return journal.head()
        return None

    def load_job(self, content_key: bytes) -> JobSpec | None:
        """Return the job as it was last run; None when it never was, or was completed.

        Raises:
            FormatError: The record does not open with this key.
            DownloadError: The journal cannot be read (WRITE_ERROR).
        """
        try:
            with (
                Folder.open(job_folder(self._identity)) as folder,
                Journal.open(folder, self._identity.save_dir) as journal,
            ):
                entry, sealed = journal.entry(), journal.record()
        except FileNotFoundError:
            return None
        except (OSError, sqlite3.Error) as error:
            raise disk_error(error, deed="read the download's journal") from error
        if entry is None or sealed is None:
            return None
        return open_job(sealed, content_key, entry.download_id)

    def _usable(self, entry: JobEntry | None) -> JobEntry | None:
        if entry is None or entry.identity != self._identity:
            return None
        if entry.state is JobState.COMPLETED and not has_final_file(entry):
            return None
        return entry


def has_final_file(entry: JobEntry) -> bool:
    """Return whether the finished file of a job has its name on disk."""
    with save_folder(entry.identity) as save:
        return save.size(final_name(entry.identity, secure=entry.secure)) is not None
