"""The signed manifest of an app's folder: made, signed, checked (security.md 00.7, design 3.10).

A Python app is its bundle ID and the key of its manifest. The manifest lists
every file of the app with size and SHA-256, so that the security file opens only
next to the files that the developer signed. What is checked, in this order: the
manifest's signature, then that the folder holds these files and no others, each
of its size, then every hash, in several threads.

A change between the check and the use of a file by the same user is not seen
(security.md 2, row 16).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vodseal.credential.manifest import AppManifest, FileEntry, seal_manifest
from vodseal.errors import AppIdentityError
from vodseal.vault.app_files import compile_sources, find_files, hash_files, is_foreign_cache
from vodseal.vault.private_files import write_private_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

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
_MANIFEST_MODE: Final = 0o644
_SHOWN: Final = 3
_REMEDY: Final = "Install the app anew; its developer signs it again with `vodseal app sign`."
_COMPILED_REMEDY: Final = (
    "Run the app with the Python that it was signed with, or install it anew; its developer "
    "signs it with the Python that runs it: `vodseal app sign`."
)


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

    The modules in it are compiled first: sign with the Python that runs the app.

    Raises:
        AppIdentityError: The folder holds what cannot be signed, or cannot be
            read. The manifest that was there is as it was.
        CredentialError: The bundle ID is not one.
        OSError: A compiled module or the manifest could not be written.
    """
    compile_sources(folder)
    found = find_files(folder)
    sizes = {path: size for path, size in found.sizes.items() if path != MANIFEST_NAME}
    digests = hash_files(folder, sizes)
    files = {path: FileEntry(size=sizes[path], sha256=digests[path]) for path in sizes}
    signed = seal_manifest(bundle_id, files, key, links=found.links)
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
    found = find_files(folder)
    listed = manifest.files.keys() | manifest.links.keys()
    present = (found.sizes.keys() | found.links.keys()) - {MANIFEST_NAME}
    _refuse("added", (path for path in present - listed if not is_foreign_cache(path)))
    _refuse("missing", listed - present)
    _refuse("altered", (p for p, target in manifest.links.items() if found.links.get(p) != target))
    sizes = {path: entry.size for path, entry in manifest.files.items()}
    _refuse("altered", (path for path, size in sizes.items() if found.sizes.get(path) != size))
    digests = hash_files(folder, sizes)
    _refuse("altered", (p for p, entry in manifest.files.items() if digests[p] != entry.sha256))
    return manifest.identity


def _refuse(what: str, paths: Iterable[str]) -> None:
    guilty = sorted(paths)
    if not guilty:
        return
    names = ", ".join(guilty[:_SHOWN]) + (", ..." if len(guilty) > _SHOWN else "")
    compiled = all(path.endswith(".pyc") for path in guilty)
    raise AppIdentityError(
        f"files of the app were {what} after it was signed: {names}",
        remedy=_COMPILED_REMEDY if compiled else _REMEDY,
    )
