"""An app's folder is as its developer signed it, or it is refused."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from vodseal.credential.fingerprint import AppIdentity
from vodseal.errors import AppIdentityError
from vodseal.vault.app_folder import (
    MANIFEST_NAME,
    check_app_folder,
    load_manifest_key,
    make_manifest_key,
    sign_app_folder,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

BUNDLE = "com.example.player"


@pytest.fixture
def key(tmp_path: Path) -> Ed25519PrivateKey:
    return make_manifest_key(tmp_path / "developer.key")


@pytest.fixture
def folder(tmp_path: Path, key: Ed25519PrivateKey) -> Path:
    folder = tmp_path / "app"
    (folder / "lib" / "deep").mkdir(parents=True)
    (folder / "main.py").write_text("print('hello')")
    (folder / "lib" / "part.py").write_bytes(bytes(3_000_000))
    (folder / "lib" / "deep" / "empty").touch()
    sign_app_folder(folder, BUNDLE, key)
    return folder


def test_a_signed_folder_tells_its_identity(folder: Path, key: Ed25519PrivateKey) -> None:
    expected = AppIdentity.python(BUNDLE, key.public_key().public_bytes_raw())
    assert check_app_folder(folder) == expected


def test_the_manifest_lists_every_file(folder: Path, key: Ed25519PrivateKey) -> None:
    files = sign_app_folder(folder, BUNDLE, key).files
    assert {path: entry.size for path, entry in files.items()} == {
        "main.py": 14,
        "lib/part.py": 3_000_000,
        "lib/deep/empty": 0,
    }


def test_pythons_cache_does_not_count(folder: Path) -> None:
    cache = folder / "lib" / "__pycache__"
    cache.mkdir()
    (cache / "part.pyc").write_bytes(b"made by python")
    check_app_folder(folder)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda folder: (folder / "main.py").write_text("print('hullo')"), "main.py"),
        (lambda folder: (folder / "main.py").write_text("print('hello')\n"), "main.py"),
        (lambda folder: (folder / "lib" / "deep" / "empty").unlink(), "lib/deep/empty"),
        (lambda folder: (folder / "lib" / "new.py").touch(), "lib/new.py"),
        (lambda folder: (folder / "lib" / MANIFEST_NAME).touch(), f"lib/{MANIFEST_NAME}"),
        (lambda folder: (folder / "link").symlink_to("main.py"), "link"),
        (lambda folder: (folder / "dir").symlink_to("lib"), "dir"),
        (lambda folder: os.mkfifo(folder / "pipe"), "pipe"),
    ],
    ids=["altered", "longer", "missing", "added", "second manifest", "link", "link dir", "pipe"],
)
def test_a_change_is_refused_by_name(
    folder: Path, change: Callable[[Path], object], named: str
) -> None:
    change(folder)
    with pytest.raises(AppIdentityError) as caught:
        check_app_folder(folder)
    assert named in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize("at", [20, 60, -1])
def test_an_altered_manifest_is_refused(folder: Path, at: int) -> None:
    manifest = bytearray((folder / MANIFEST_NAME).read_bytes())
    manifest[at] ^= 1
    (folder / MANIFEST_NAME).write_bytes(manifest)
    with pytest.raises(AppIdentityError):
        check_app_folder(folder)


def test_an_unsigned_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AppIdentityError) as caught:
        check_app_folder(tmp_path)
    assert "app sign" in caught.value.remedy


def test_another_developers_key_makes_another_app(folder: Path, tmp_path: Path) -> None:
    before = check_app_folder(folder)
    sign_app_folder(folder, BUNDLE, make_manifest_key(tmp_path / "other.key"))
    assert check_app_folder(folder) != before


def test_the_manifest_key_is_this_users_alone_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "developer.key"
    key = make_manifest_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(AppIdentityError):
        make_manifest_key(path)
    assert load_manifest_key(path).private_bytes_raw() == key.private_bytes_raw()


def test_what_is_no_manifest_key_is_refused(tmp_path: Path) -> None:
    other = X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    for content in (b"", b"nonsense", other):
        (tmp_path / "key").write_bytes(content)
        with pytest.raises(AppIdentityError):
            load_manifest_key(tmp_path / "key")
    with pytest.raises(AppIdentityError):
        load_manifest_key(tmp_path / "missing")
