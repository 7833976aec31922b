"""``vodseal app``: the signed manifest of a Python app, with which it proves who it is.

The manifest key is the developer's. It does not belong into the app: whoever has
it can sign an altered app as the same one.
"""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - the parser looks at it
from typing import TYPE_CHECKING, Final

from cyclopts import App

from vodseal.cli.commands import group_help
from vodseal.cli.terminal import Json, Terminal
from vodseal.credential.fingerprint import AppIdentity
from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError
from vodseal.vault.app_folder import (
    MANIFEST_NAME,
    load_manifest_key,
    make_manifest_key,
    read_manifest,
    sign_app_folder,
)
from vodseal.vault.app_identity import identify
from vodseal.vault.home import default_home
from vodseal.vault.platform_identity import this_platform
from vodseal.vault.private_files import make_private_folder

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from vodseal.credential.manifest import AppManifest

__all__ = ["app"]

app: Final = App(
    name="app", help=group_help("app", "app init ./cinema --bundle-id org.example.cinema")
)


@app.command
def init(
    folder: Path, /, *, bundle_id: str, manifest_key: Path | None = None, json: Json = False
) -> None:
    """Make the manifest key of an app, and sign the app's folder for the first time.

    A key that is there already is used: one key may sign several apps.

    Example: vodseal app init ./cinema --bundle-id org.example.cinema
    --manifest-key cinema.pem

    Args:
        folder: The app's folder, as it is shipped.
        bundle_id: A name that no other app has.
        manifest_key: The key's file; one in VODSEAL_HOME when left out.
        json: Print one JSON object.
    """
    AppIdentity.python(bundle_id, bytes(32))  # checks the name before it names a file
    path = manifest_key or default_home() / "manifest-keys" / f"{bundle_id}.pem"
    _check(folder, path)
    key = load_manifest_key(path) if path.exists() else _make_key(path)
    manifest = _signed(folder, bundle_id, key)
    _tell(manifest, folder, as_json=json, manifest_key=str(path))


@app.command
def sign(folder: Path, /, *, manifest_key: Path | None = None, json: Json = False) -> None:
    """Sign an app's folder again, after its files have changed.

    Example: vodseal app sign ./cinema --manifest-key cinema.pem

    Args:
        folder: The app's folder, which holds a manifest already.
        manifest_key: The key's file; the one in VODSEAL_HOME when left out.
        json: Print one JSON object.
    """
    former = read_manifest(folder)
    path = manifest_key or default_home() / "manifest-keys" / f"{former.bundle_id}.pem"
    _check(folder, path)
    key = load_manifest_key(path)
    if key.public_key().public_bytes_raw() != former.public_key:
        raise OperatorError(
            ErrorCode.APP_IDENTITY_INVALID,
            f"{path} is not the key of this app's manifest",
            remedy="Sign with the key that the app was registered with: with another key "
            "it is another app. For that, run `vodseal app init`.",
        )
    manifest = _signed(folder, former.bundle_id, key)
    _tell(manifest, folder, as_json=json, manifest_key=str(path))


@app.command
def check(folder: Path, /, *, json: Json = False) -> None:
    """Check that an app's folder is as its developer signed it.

    Also tells which identity level an app that runs from it shows here, and what the
    operating system says of it.

    Example: vodseal app check ./cinema

    Args:
        folder: The app's folder.
        json: Print one JSON object.
    """
    platform = this_platform()
    shown = identify(folder, platform)
    level = f"{shown.level:d} ({shown.level.name.lower()})"
    manifest = read_manifest(folder)
    _tell(manifest, folder, as_json=json, identity_level=level, platform=platform.says())


def _check(folder: Path, key: Path) -> None:
    if not folder.is_dir():
        raise OperatorError(ErrorCode.INPUT_FILE_UNUSABLE, f"{folder}: there is no such folder")
    if key.resolve().is_relative_to(folder.resolve()):
        raise OperatorError(
            ErrorCode.OUTPUT_FILE_UNUSABLE,
            f"{key} lies in the app's folder, and would be shipped with it",
            remedy="Keep the manifest key outside of the app's folder.",
        )


def _make_key(path: Path) -> Ed25519PrivateKey:
    try:
        make_private_folder(path.absolute().parent)
        return make_manifest_key(path)
    except OSError as error:
        message = f"{path}: {error.strerror}"
        raise OperatorError(ErrorCode.OUTPUT_FILE_UNUSABLE, message) from error


def _signed(folder: Path, bundle_id: str, key: Ed25519PrivateKey) -> AppManifest:
    try:
        return sign_app_folder(folder, bundle_id, key)
    except OSError as error:
        message = f"{folder / MANIFEST_NAME}: {error.strerror}"
        raise OperatorError(ErrorCode.OUTPUT_FILE_UNUSABLE, message) from error


def _tell(manifest: AppManifest, folder: Path, *, as_json: bool, **more: object) -> None:
    Terminal(as_json=as_json).answer(
        {
            "bundle_id": manifest.bundle_id,
            "fingerprint": manifest.identity.fingerprint.hex(),
            "files": len(manifest.files),
            "manifest": str(folder / MANIFEST_NAME),
            **more,
        }
    )
