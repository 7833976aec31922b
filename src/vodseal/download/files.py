"""The names of a download on disk, and how it is deleted.

    SAVE/<vid>_<format>_<index>.vseal            the sealed file (secure mode)
    SAVE/<vid>_<format>_<index>.mp4 | .mp3       the plain file (normal mode)
    SAVE/<the same>.part                         either, while it is being made
    SAVE/.vseal/<vid>_<format>_<index>/          the job: job.db, lock, stage/
    SAVE/.vseal/<the same>.mend/                 what a repair fetches, while it runs

All follows from the identity, so the place of a file is known before it is
there, two downloads never meet (B31, B32), and nothing stored holds an absolute
path. Whoever works on a download, or deletes it, holds its lock; the system
drops the lock when its holder dies.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vodseal.download.disk_errors import disk_error
from vodseal.download.folder import Folder
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, MisuseError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vodseal.download.job import Identity

__all__ = [
    "JOBS_FOLDER",
    "PART_SUFFIX",
    "STAGE_FOLDER",
    "delete_download",
    "final_name",
    "final_path",
    "find_job_folders",
    "job_folder",
    "locked",
    "mend_folder",
    "open_job_folder",
    "remove_mend",
    "remove_stage",
    "save_folder",
]

JOBS_FOLDER: Final = ".vseal"
STAGE_FOLDER: Final = "stage"
PART_SUFFIX: Final = ".part"

_LOCK: Final = "lock"
_SAVE_DIR_MODE: Final = 0o777


def final_name(identity: Identity, *, secure: bool) -> str:
    """Return the name of the finished file."""
    plain = "mp3" if identity.format == "mp3" else "mp4"
    return f"{identity.name}.{'vseal' if secure else plain}"


def final_path(identity: Identity, *, secure: bool) -> str:
    """Return the absolute path of the finished file, whether it is there or not."""
    return str(Path(identity.save_dir).absolute() / final_name(identity, secure=secure))


def job_folder(identity: Identity) -> Path:
    """Return the folder of a job, whether it is there or not."""
    return Path(identity.save_dir) / JOBS_FOLDER / identity.name


def open_job_folder(identity: Identity) -> Folder:
    """Open the folder of a job; make it, and the save dir, where they are missing (B13).

    Raises:
        DownloadError: A folder cannot be made or opened (CANNOT_CREATE_SAVE_DIR),
            for lack of space (NO_SPACE).
    """
    save_dir = Path(identity.save_dir)
    try:
        with (
            Folder.open(save_dir, create=True, mode=_SAVE_DIR_MODE, follow=True) as save,
            save.subfolder(JOBS_FOLDER, create=True) as jobs,
        ):
            return jobs.subfolder(identity.name, create=True)
    except OSError as error:
        raise disk_error(error, ErrorCode.CANNOT_CREATE_SAVE_DIR, "use the save dir") from error


def save_folder(identity: Identity) -> Folder:
    """Open the folder of the finished file; the app chose it, so it may be a link.

    Raises:
        OSError: It is not there, or not a folder.
    """
    return Folder.open(Path(identity.save_dir), follow=True)


def find_job_folders(save_dir: str, vid: str, index: int) -> list[str]:
    """Return the formats under which a video's track has a job folder here."""
    start, end = f"{vid}_", f"_{index}"
    try:
        names = sorted(path.name for path in (Path(save_dir) / JOBS_FOLDER).iterdir())
    except OSError:
        return []
    return [
        name.removeprefix(start).removesuffix(end)
        for name in names
        if name.startswith(start) and name.endswith(end) and len(name) > len(start) + len(end)
    ]


@contextlib.contextmanager
def locked(folder: Folder) -> Iterator[None]:
    """Hold the lock of a job folder.

    Raises:
        DownloadError: A live task holds it, here or in another process
            (CLEAN_WRONG_STATUS).
    """
    handle = folder.open_or_create(_LOCK)
    try:
        try:
            if sys.platform == "win32":
                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            msg = "another task is at work on this download"
            raise DownloadError(ErrorCode.CLEAN_WRONG_STATUS, msg) from error
        yield
    finally:
        os.close(handle)


def mend_folder(identity: Identity) -> Path:
    """Return the folder of a repair's own download, whether it is there or not."""
    return Path(identity.save_dir) / JOBS_FOLDER / f"{identity.name}.mend"


def remove_mend(identity: Identity) -> None:
    """Remove what a repair fetched. Doing it twice is harmless.

    Raises:
        OSError: Something stayed.
    """
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(mend_folder(identity))


def remove_stage(folder: Folder) -> None:
    """Remove the staged pieces of a job, finished or not. Doing it twice is harmless.

    Raises:
        OSError: Something stayed.
    """
    try:
        stage = folder.subfolder(STAGE_FOLDER)
    except FileNotFoundError:
        return
    with stage:
        for name in stage.names():
            stage.remove(name)
    folder.remove_subfolder(STAGE_FOLDER)


def delete_download(identity: Identity) -> None:
    """Delete the files of a download, finished or partial (B22-B24).

    Raises:
        DownloadError: There is nothing (FILE_NOT_EXIST), or a live task is at
            work on it (CLEAN_WRONG_STATUS): then nothing was deleted; or
            something could not be removed (WRITE_ERROR): then it can be called
            again.
    """
    try:
        remove_mend(identity)
        found = _delete_job(identity)
        with save_folder(identity) as save:
            for secure in (True, False):
                name = final_name(identity, secure=secure)
                found = save.remove(name) | save.remove(name + PART_SUFFIX) | found
    except FileNotFoundError:
        found = False
    except OSError as error:
        raise disk_error(error, ErrorCode.WRITE_ERROR, "delete the download") from error
    if not found:
        raise DownloadError(ErrorCode.FILE_NOT_EXIST, "nothing is stored under this identity")


def _delete_job(identity: Identity) -> bool:
    """Return whether there was a job folder; it and what was in it are gone."""
    jobs_path = Path(identity.save_dir) / JOBS_FOLDER
    try:
        jobs = Folder.open(jobs_path)
    except FileNotFoundError:
        return False
    with jobs:
        try:
            folder = jobs.subfolder(identity.name)
        except FileNotFoundError:
            return False
        with folder, locked(folder):
            remove_stage(folder)
            for name in folder.names():
                folder.remove(name)
        if not jobs.remove_subfolder(identity.name):
            raise MisuseError("the job folder holds something that is not ours")
    with contextlib.suppress(OSError):  # another download's jobs are in it
        jobs_path.rmdir()
    return True
