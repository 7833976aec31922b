"""Move what was downloaded to another security file (client-surface B50).

An update of an app that ships a new security file calls this once, with both. Only
the licenses are moved: no sealed file is opened for writing, read in full or
changed. ``vault.rekey`` says what an interruption does: nothing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from vodseal.container.inspect import describe
from vodseal.vault.app_identity import ShownIdentity, identify
from vodseal.vault.key_service import KeyService, read_security_file
from vodseal.vault.rekey import rekey as move_licenses
from vodseal.vault.sealed_files import FileSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vodseal.credential.fingerprint import AppIdentity
    from vodseal.errors import VodsealError
    from vodseal.vault.key_service import AppKeySource

__all__ = ["RekeyLeft", "RekeyResult", "rekey"]

StrPath: TypeAlias = "str | os.PathLike[str]"
_ALL = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RekeyLeft:
    """A download that opens as before, with the old security file or not at all."""

    license_id: str
    path: str | None
    """Its file, when it was named."""

    error: VodsealError


@dataclass(frozen=True, slots=True, kw_only=True)
class RekeyResult:
    """What became of the downloads."""

    moved: int
    present: int
    """The new security file opened so many already."""

    left: tuple[RekeyLeft, ...]


def rekey(
    old: StrPath | bytes,
    new: StrPath | bytes,
    files: Iterable[StrPath] | None = None,
    *,
    old_app_key: AppKeySource = None,
    new_app_key: AppKeySource = None,
    app: StrPath | AppIdentity | None = None,
    on_progress: Callable[[int], object] | None = None,
) -> RekeyResult:
    """Move the licenses of downloads from one security file to another; durable on return.

    Args:
        old: The security file they were made with, its path or its bytes.
        new: The one that takes its place.
        files: The sealed files; None for everything that this device holds a license for.
        old_app_key: The private string of the old file, as for ``init_service``.
        new_app_key: That of the new one.
        app: The app's folder or identity, as for ``init_service``.
        on_progress: Is told how much is ready, in percent.

    Raises:
        SecurityFileError, AppIdentityError: One of the two does not open.
        MisuseError: They are the same.
        ContactNeededError: The licenses were put back from a backup.
        FormatError: One of ``files`` is no sealed file.
        OSError: A file or the store cannot be read or written. Nothing was moved.
    """
    paths = {} if files is None else {_license_id(path): os.fspath(path) for path in files}
    shown = identify(Path(app) if isinstance(app, str | os.PathLike) else app)
    former = _opened(old, old_app_key, shown)
    done = move_licenses(
        former,
        KeyService(_given(new), shown, new_app_key),
        None if files is None else list(paths),
        _percent(on_progress),
    )
    left = tuple(
        RekeyLeft(license_id=license_id.hex(), path=paths.get(license_id), error=error)
        for license_id, error in done.left.items()
    )
    return RekeyResult(moved=len(done.moved), present=len(done.present), left=left)


def _opened(old: StrPath | bytes, app_key: AppKeySource, shown: ShownIdentity) -> KeyService:
    """Return the old security file, which may name the app by an identity that it has no more."""
    file = _given(old)
    former = ShownIdentity(identity=read_security_file(file).identity, level=shown.level)
    return KeyService(file, former, app_key)


def _given(file: StrPath | bytes) -> Path | bytes:
    return file if isinstance(file, bytes) else Path(file)


def _license_id(path: StrPath) -> bytes:
    with FileSource(Path(path).resolve()) as source:
        return describe(source).header.download_id


def _percent(tell: Callable[[int], object] | None) -> Callable[[int, int], object]:
    """Return who tells a rise of the percentage, once each."""
    told = -1

    def progress(done: int, total: int) -> None:
        nonlocal told
        percent = done * _ALL // total
        if tell is not None and percent > told:
            told = percent
            tell(percent)

    return progress
