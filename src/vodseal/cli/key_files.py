"""Files that hold a key: read, made, and never overwritten."""

from __future__ import annotations

import os
import secrets
import string
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from vodseal.cli.app_options import APP_KEY_VARIABLE
from vodseal.credential.decrypt_string import check_private_string
from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError
from vodseal.vault.private_files import make_private_folder, write_private_file

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["draw_app_key", "read_app_key", "read_manifest_key", "write_new_file"]

_LENGTH: Final = 32
_CLASSES: Final = (string.ascii_uppercase, string.ascii_lowercase, string.digits)


def read_app_key(file: Path | None) -> str | None:
    """Return the app's private string from ``file``, else from the environment, else None.

    Raises:
        OperatorError: ``INPUT_FILE_UNUSABLE``: the file cannot be read.
        CredentialError: The string breaks the rule for private strings.
    """
    if file is None:
        text = os.environ.get(APP_KEY_VARIABLE)
    else:
        try:
            text = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            message = f"{file} cannot be read"
            raise OperatorError(ErrorCode.INPUT_FILE_UNUSABLE, message) from error
    if text is not None:
        check_private_string(text)
    return text


def draw_app_key() -> str:
    """Return a fresh private string: 32 characters, 190 bits."""
    letters = "".join(_CLASSES)
    while True:
        text = "".join(secrets.choice(letters) for _ in range(_LENGTH))
        if all(set(text) & set(members) for members in _CLASSES):
            return text


def read_manifest_key(file: Path) -> bytes:
    """Return the public half of a manifest key; ``file`` holds the private or the public one, PEM.

    Raises:
        OperatorError: ``INPUT_FILE_UNUSABLE``: it holds neither.
    """
    key: object = None
    try:
        data = file.read_bytes()
        if b"PUBLIC KEY" in data:
            key = serialization.load_pem_public_key(data)
        else:
            key = serialization.load_pem_private_key(data, password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        message = f"{file} holds no manifest key"
        raise OperatorError(ErrorCode.INPUT_FILE_UNUSABLE, message) from error
    if isinstance(key, Ed25519PrivateKey):
        key = key.public_key()
    if not isinstance(key, Ed25519PublicKey):
        message = f"{file} holds a key of another kind; an Ed25519 key is needed"
        raise OperatorError(ErrorCode.INPUT_FILE_UNUSABLE, message)
    return key.public_bytes_raw()


def check_new(file: Path) -> None:
    """Check that ``file`` can be made.

    Raises:
        OperatorError: ``OUTPUT_FILE_UNUSABLE``: there is one already, or its
            folder cannot be made.
    """
    try:
        exists = file.exists()
        make_private_folder(file.absolute().parent)
    except OSError as error:
        message = f"{file}: {error.strerror}"
        raise OperatorError(ErrorCode.OUTPUT_FILE_UNUSABLE, message) from error
    if exists:
        raise OperatorError(
            ErrorCode.OUTPUT_FILE_UNUSABLE,
            f"{file} exists",
            remedy="Name another file: what was downloaded with the old one needs it still.",
        )


def write_new_file(file: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Write ``file``, which ``check_new`` found missing.

    Raises:
        OperatorError: ``OUTPUT_FILE_UNUSABLE``.
    """
    try:
        write_private_file(file, data, mode=mode)
    except OSError as error:
        message = f"{file}: {error.strerror}"
        raise OperatorError(ErrorCode.OUTPUT_FILE_UNUSABLE, message) from error
