"""The signed manifest of an app's folder: made, signed, checked (security.md 00.7, design 3.10).

A Python app is its bundle ID and the key of its manifest. The manifest lists
every file of the app with size and SHA-256, so that the security file opens only
next to the files that the developer signed. What is checked, in this order: the
manifest's signature, then that the folder holds these files and no others, then
every hash, in several threads.

``__pycache__`` and the manifest itself are left out: Python writes the one by
itself, and a file cannot hold its own hash. A symbolic link, a socket or a pipe
is refused: what it leads to is not under the signature.

A change between the check and the use of a file by the same user is not seen
(security.md 2, row 16).
"""

from __future__ import annotations

import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vodseal.credential.manifest import AppManifest, FileEntry, seal_manifest
from vodseal.errors import AppIdentityError
from vodseal.vault.private_files import write_private_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodseal.credential.fingerprint import AppIdentity

__all__ = [
    "MANIFEST_NAME",
    "check_app_folder",
    "load_manifest_key",
    "make_manifest_key",
    "read_manifest",
    "sign_app_folder",
]

MANIFEST_NAME: Final = "vodseal-app.manifest"
_SKIPPED_FOLDER: Final = "__pycache__"
_MAX_THREADS: Final = 8
_MANIFEST_MODE: Final = 0o644
_SHOWN: Final = 3


def make_manifest_key(path: Path) -> Ed25519PrivateKey:
    """Make the developer's key, mode 0600, and return it. It does not belong into the app.

    Raises:
        AppIdentityError: There is a file already; it was not touched.
        OSError: It could not be written.
    """
    if path.exists():
        raise AppIdentityError(
            f"{path} exists", remedy="Sign with the key that is there, or name another file."
        )
    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_private_file(path, text)
    return key


def load_manifest_key(path: Path) -> Ed25519PrivateKey:
    """Return the developer's key.

    Raises:
        AppIdentityError: The file cannot be read, or holds no such key.
    """
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise AppIdentityError(f"{path} holds no manifest key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise AppIdentityError(f"{path} holds a key of another kind; an Ed25519 key is needed")
    return key


def sign_app_folder(folder: Path, bundle_id: str, key: Ed25519PrivateKey) -> AppManifest:
    """Write the manifest of what ``folder`` holds now, and return it.

    Raises:
        AppIdentityError: The folder holds what cannot be signed, or cannot be
            read. The manifest that was there is as it was.
        CredentialError: The bundle ID is not one.
        OSError: The manifest could not be written.
    """
    files = _hash_all(folder, _walk(folder))
    signed = seal_manifest(bundle_id, files, key)
    write_private_file(folder / MANIFEST_NAME, signed, mode=_MANIFEST_MODE)
    return AppManifest.parse(signed)


def read_manifest(folder: Path) -> AppManifest:
    """Return the manifest in ``folder``, its signature checked, its files not.

    Raises:
        AppIdentityError: There is none, or its signature does not hold.
    """
    path = folder / MANIFEST_NAME
    try:
        return AppManifest.parse(path.read_bytes())
    except OSError as error:
        raise AppIdentityError(
            f"{path} cannot be read", remedy="Sign the app's folder with `vodseal app sign`."
        ) from error


def check_app_folder(folder: Path) -> AppIdentity:
    """Return the identity of the app in ``folder``, after checking every file of it.

    Raises:
        AppIdentityError: The manifest's signature does not hold, or a file is
            missing, added or altered; the message names the first few.
    """
    manifest = read_manifest(folder)
    paths = _walk(folder)
    _refuse("added", sorted(set(paths) - set(manifest.files)))
    _refuse("missing", sorted(set(manifest.files) - set(paths)))
    found = _hash_all(folder, paths)
    _refuse("altered", [path for path in paths if found[path] != manifest.files[path]])
    return manifest.identity


def _refuse(what: str, paths: list[str]) -> None:
    if paths:
        names = ", ".join(paths[:_SHOWN]) + (", ..." if len(paths) > _SHOWN else "")
        raise AppIdentityError(
            f"files of the app were {what} after it was signed: {names}",
            remedy="Install the app anew; its developer signs it again with `vodseal app sign`.",
        )


def _walk(folder: Path) -> list[str]:
    """Return the relative paths of all files, in order."""
    found: list[str] = []
    pending = [folder]
    while pending:
        current = pending.pop()
        try:
            entries = list(os.scandir(current))
        except OSError as error:
            raise AppIdentityError(f"{current} cannot be read") from error
        for entry in entries:
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode) and entry.name != _SKIPPED_FOLDER:
                pending.append(Path(entry.path))
            elif stat.S_ISREG(mode):
                found.append(Path(entry.path).relative_to(folder).as_posix())
            elif not stat.S_ISDIR(mode):
                raise AppIdentityError(
                    f"{entry.path} is a link or no plain file",
                    remedy="An app's folder holds plain files and folders only.",
                )
    return sorted(path for path in found if path != MANIFEST_NAME)


def _hash_all(folder: Path, paths: list[str]) -> Mapping[str, FileEntry]:
    threads = min(_MAX_THREADS, os.cpu_count() or 1)
    with ThreadPoolExecutor(threads, thread_name_prefix="vodseal-hash") as pool:
        return dict(zip(paths, pool.map(lambda path: _hash(folder / path), paths), strict=True))


def _hash(path: Path) -> FileEntry:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
            return FileEntry(size=file.tell(), sha256=digest)
    except OSError as error:
        raise AppIdentityError(f"{path} cannot be read") from error
