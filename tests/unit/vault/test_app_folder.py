"""An app's folder is as its developer signed it, or it is refused."""

from __future__ import annotations

import hashlib
import os
import py_compile
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from vodseal.credential.fingerprint import AppIdentity
from vodseal.errors import AppIdentityError
from vodseal.vault.app_files import find_files, hash_files
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
TAG = sys.implementation.cache_tag


@pytest.fixture
def key(tmp_path: Path) -> Ed25519PrivateKey:
    return make_manifest_key(tmp_path / "developer.key")


@pytest.fixture
def folder(tmp_path: Path, key: Ed25519PrivateKey) -> Path:
    folder = tmp_path / "app"
    (folder / "lib" / "deep").mkdir(parents=True)
    (folder / "main.py").write_text("print('hello')")
    (folder / "lib" / "part.so").write_bytes(bytes(3_000_000))
    (folder / "lib" / "deep" / "empty").touch()
    (folder / "lib" / "link.so").symlink_to("part.so")
    (folder / "lib" / "old.pyc").write_bytes(b"compiled by hand")
    (folder / "broken.py").write_text("def (")
    sign_app_folder(folder, BUNDLE, key)
    return folder


def test_a_signed_folder_tells_its_identity(folder: Path, key: Ed25519PrivateKey) -> None:
    expected = AppIdentity.python(BUNDLE, key.public_key().public_bytes_raw())
    assert check_app_folder(folder) == expected


def test_the_manifest_lists_every_file(folder: Path, key: Ed25519PrivateKey) -> None:
    manifest = sign_app_folder(folder, BUNDLE, key)
    sizes = {path: entry.size for path, entry in manifest.files.items()}
    assert sizes.pop(f"__pycache__/main.{TAG}.pyc") > 16
    assert sizes == {
        "main.py": 14,
        "broken.py": 5,
        "lib/part.so": 3_000_000,
        "lib/old.pyc": 16,
        "lib/deep/empty": 0,
    }
    assert manifest.links == {"lib/link.so": "part.so"}


def test_signing_twice_signs_the_same(folder: Path, key: Ed25519PrivateKey) -> None:
    before = (folder / MANIFEST_NAME).read_bytes()
    sign_app_folder(folder, BUNDLE, key)
    assert (folder / MANIFEST_NAME).read_bytes() == before


def test_a_compiled_module_follows_its_source_and_names_no_machine(folder: Path) -> None:
    """PEP 552: bits 0 and 1 say that Python checks the hash of the source, not its date."""
    compiled = (folder / "__pycache__" / f"main.{TAG}.pyc").read_bytes()
    assert int.from_bytes(compiled[4:8], "little") == 0b11
    assert str(folder).encode() not in compiled


def test_python_finds_nothing_to_write(folder: Path, key: Ed25519PrivateKey) -> None:
    (folder / "main.py").write_text("import lib.part2\nprint(lib.part2.ANSWER)\n")
    (folder / "lib" / "part2.py").write_text("ANSWER = 42\n")
    sign_app_folder(folder, BUNDLE, key)
    environment = {name: value for name, value in os.environ.items() if "PYTHON" not in name}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, folder / "main.py"],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        assert done.stdout == "42\n"
        check_app_folder(folder)


def test_what_another_python_compiled_does_not_count(folder: Path) -> None:
    """The one that runs the app does not look at it; one that does signs anew."""
    cache = folder / "lib" / "__pycache__"
    cache.mkdir()
    for name in ("part.pypy311.pyc", "part.pypy311.opt-1.pyc"):
        (cache / name).write_bytes(b"made by another python")
        check_app_folder(folder)


@pytest.mark.parametrize(
    "name", [f"part.{TAG}.pyc", f"part.{TAG}.opt-2.pyc", "part.pyc", "part.py", "a.pypy311.so"]
)
def test_whatever_this_python_would_run_counts(folder: Path, name: str) -> None:
    cache = folder / "lib" / "__pycache__"
    cache.mkdir()
    (cache / name).write_bytes(b"slipped in")
    with pytest.raises(AppIdentityError) as caught:
        check_app_folder(folder)
    assert name in caught.value.message
    assert "app sign" in caught.value.remedy


def test_a_compiled_module_put_in_the_place_of_the_signed_one_is_refused(folder: Path) -> None:
    """With the date and size of its source it is what Python would run."""
    source = folder / "main.py"
    other = folder.parent / "main.py"
    other.write_text("print('gotcha')")
    compiled = folder / "__pycache__" / f"main.{TAG}.pyc"
    py_compile.compile(os.fspath(other), cfile=os.fspath(compiled), dfile="main.py")
    stamped = bytearray(compiled.read_bytes())
    stamped[8:12] = int(source.stat().st_mtime).to_bytes(4, "little")
    stamped[12:16] = source.stat().st_size.to_bytes(4, "little")
    compiled.write_bytes(stamped)
    done = subprocess.run(
        [sys.executable, "-c", "import main"],
        cwd=folder, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout == "gotcha\n"
    with pytest.raises(AppIdentityError) as caught:
        check_app_folder(folder)
    assert f"main.{TAG}.pyc" in caught.value.message


@pytest.mark.parametrize("target", ["/etc/hostname", "../outside", "deep", "gone", "link.so"])
def test_a_link_that_leads_to_no_file_of_the_app_is_not_signed(
    folder: Path, key: Ed25519PrivateKey, target: str
) -> None:
    (folder.parent / "outside").touch()
    before = (folder / MANIFEST_NAME).read_bytes()
    (folder / "lib" / "other.so").symlink_to(target)
    with pytest.raises(AppIdentityError) as caught:
        sign_app_folder(folder, BUNDLE, key)
    assert "lib/other.so" in caught.value.message
    assert caught.value.remedy
    assert (folder / MANIFEST_NAME).read_bytes() == before


def replace(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


def swap_folder(folder: Path) -> None:
    """The same files, reached by a link to a folder elsewhere."""
    (folder / "lib").rename(folder.parent / "elsewhere")
    (folder / "lib").symlink_to(folder.parent / "elsewhere")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda folder: (folder / "main.py").write_text("print('hullo')"), "main.py"),
        (lambda folder: (folder / "main.py").write_text("print('hello')\n"), "main.py"),
        (lambda folder: (folder / "lib" / "deep" / "empty").unlink(), "lib/deep/empty"),
        (lambda folder: (folder / "lib" / "new.py").touch(), "lib/new.py"),
        (lambda folder: (folder / "lib" / MANIFEST_NAME).touch(), f"lib/{MANIFEST_NAME}"),
        (lambda folder: (folder / "lib" / "part.so").write_bytes(bytes(2_999_999) + b"x"), "part.so"),
        (lambda folder: (folder / "lib" / "old.pyc").write_bytes(b"compiled by hanD"), "old.pyc"),
        (lambda folder: (folder / "__pycache__" / f"main.{TAG}.pyc").unlink(), "main"),
        (lambda folder: (folder / "link").symlink_to("main.py"), "link"),
        (lambda folder: (folder / "dir").symlink_to("lib"), "dir"),
        (lambda folder: replace(folder / "lib" / "link.so", "deep/empty"), "lib/link.so"),
        (lambda folder: replace(folder / "main.py", "broken.py"), "main.py"),
        (lambda folder: (folder / "lib" / "link.so").unlink(), "lib/link.so"),
        (swap_folder, "lib"),
        (lambda folder: os.mkfifo(folder / "pipe"), "pipe"),
    ],
    ids=[
        "altered", "longer", "missing", "added", "second manifest", "altered library",
        "altered bytecode", "missing bytecode", "link", "link dir", "link swapped", "file to link",
        "missing link", "folder to link", "pipe",
    ],
)  # fmt: skip
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


def test_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    """Between the look and the hash it became a link: it is not followed."""
    sizes = find_files(folder).sizes
    replace(folder / "main.py", "broken.py")
    with pytest.raises(AppIdentityError) as caught:
        hash_files(folder, sizes)
    assert "main.py" in caught.value.message


def test_many_files_are_each_hashed_once(tmp_path: Path) -> None:
    expected = {}
    for number in range(300):
        content = bytes([number % 256]) * (number * 997 % 40_000)
        (tmp_path / f"{number}").write_bytes(content)
        expected[f"{number}"] = hashlib.sha256(content).digest()
    assert hash_files(tmp_path, find_files(tmp_path).sizes) == expected
