"""The master key file: JSON, mode 0600, never inside the data folder (SPEC keys §1.4).

Its members: ``format`` 1, ``id`` 16 hex digits, ``current`` the newest version's
number, and ``versions``, 64 hex digits by number. Versions that nothing needs
any more lie in a second file of the same form, ``<name>.archive``: keep it for as
long as a backup of the database may be restored that is older than they are.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError
from vodseal.rpc.codec import decode_json
from vodseal.vault.private_files import make_private_folder, write_private_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = [
    "MasterKey",
    "add_version",
    "archive_versions",
    "create_master_key",
    "load_master_key",
]

_FORMAT: Final = 1
_ID_SIZE: Final = 8
_KEY_SIZE: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterKey:
    """A master key, all versions of it."""

    id: bytes
    current: int
    versions: Mapping[int, bytes] = field(repr=False)


def create_master_key(path: Path, random: Callable[[int], bytes]) -> MasterKey:
    """Return a fresh master key that was written to ``path`` first, durably.

    Raises:
        OperatorError: The file cannot be written.
    """
    key = MasterKey(id=random(_ID_SIZE), current=1, versions={1: random(_KEY_SIZE)})
    _write(path, key)
    return key


def add_version(path: Path, key: MasterKey, random: Callable[[int], bytes]) -> MasterKey:
    """Return ``key`` with one version more, which is in its file, durably.

    Raises:
        OperatorError: The file cannot be written. It is as it was.
    """
    newest = max(key.versions) + 1
    versions = {**key.versions, newest: random(_KEY_SIZE)}
    rotated = MasterKey(id=key.id, current=newest, versions=versions)
    _write(path, rotated)
    return rotated


def archive_versions(path: Path, key: MasterKey) -> MasterKey:
    """Return ``key`` with its current version alone; the others are in the archive, durably.

    The archive is written first: a crash between leaves a version in both files.

    Raises:
        OperatorError: A file cannot be read or written.
    """
    if len(key.versions) == 1:
        return key
    archive = path.with_name(f"{path.name}.archive")
    former: Mapping[int, bytes] = {}
    if archive.exists():
        kept = load_master_key(archive)
        if kept.id != key.id:
            raise _refuse(f"{archive} is the archive of another master key")
        former = kept.versions
    _write(archive, MasterKey(id=key.id, current=key.current, versions={**former, **key.versions}))
    live = MasterKey(
        id=key.id, current=key.current, versions={key.current: key.versions[key.current]}
    )
    _write(path, live)
    return live


def load_master_key(path: Path) -> MasterKey:
    """Return the master key in ``path``.

    Raises:
        OperatorError: The file is missing, readable by others, or not a master key.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read()
    except OSError as error:
        raise _refuse(f"{path} cannot be read: {error.strerror}") from error
    if os.name != "nt" and mode & 0o077:
        remedy = f"Run: chmod 600 {path}"
        message = f"{path} can be read by other users"
        raise OperatorError(ErrorCode.MASTER_KEY_UNUSABLE, message, remedy=remedy)
    try:
        return _parse(text)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _refuse(f"{path} is not a master key file") from error


def _write(path: Path, key: MasterKey) -> None:
    document = {
        "format": _FORMAT,
        "id": key.id.hex(),
        "current": key.current,
        "versions": {str(number): secret.hex() for number, secret in key.versions.items()},
    }
    try:
        make_private_folder(path.parent)
        write_private_file(path, json.dumps(document).encode())
    except OSError as error:
        raise _refuse(f"{path} cannot be written: {error.strerror}") from error


def _parse(text: bytes) -> MasterKey:
    document = decode_json(text)
    versions = {int(name): bytes.fromhex(key) for name, key in document["versions"].items()}
    key = MasterKey(
        id=bytes.fromhex(document["id"]), current=int(document["current"]), versions=versions
    )
    sizes = {len(secret) for secret in versions.values()}
    if document["format"] != _FORMAT or len(key.id) != _ID_SIZE or sizes != {_KEY_SIZE}:
        raise ValueError("wrong format or size")
    if key.current not in versions:
        raise ValueError("the current version is missing")
    return key


def _refuse(message: str) -> OperatorError:
    return OperatorError(ErrorCode.MASTER_KEY_UNUSABLE, message)
