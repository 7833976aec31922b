"""An app shows who it is by its folder, by the system's word, or by neither."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vodseal.credential.fingerprint import AppIdentity
from vodseal.credential.requirements import IdentityLevel
from vodseal.errors import AppIdentityError
from vodseal.vault.app_folder import make_manifest_key, sign_app_folder
from vodseal.vault.app_identity import identify, own_folder
from vodseal.vault.platform_identity import CannotAsk, Flatpak, this_platform

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

BUNDLE = "org.example.cinema"
INFO = f"[Application]\nname={BUNDLE}\nruntime=runtime/org.example.Platform/x86_64/1\n"


@pytest.fixture
def key(tmp_path: Path) -> Ed25519PrivateKey:
    return make_manifest_key(tmp_path / "developer.key")


@pytest.fixture
def folder(tmp_path: Path, key: Ed25519PrivateKey) -> Path:
    folder = tmp_path / "installed" / "cinema"
    folder.mkdir(parents=True)
    (folder / "main.py").write_text("print('film')\n")
    sign_app_folder(folder, BUNDLE, key)
    return folder


def flatpak(folder: Path, info: str | bytes | None = INFO) -> Flatpak:
    place = folder.parent.parent / "flatpak-info"
    if isinstance(info, str):
        place.write_text(info)
    elif info is not None:
        place.write_bytes(info)
    return Flatpak(place, folder.parent)


def test_a_named_identity_is_taken_at_level_0() -> None:
    identity = AppIdentity.ios_bundle(BUNDLE)
    shown = identify(identity)
    assert (shown.identity, shown.level) == (identity, IdentityLevel.FILE)


def test_a_signed_folder_is_level_1(folder: Path, key: Ed25519PrivateKey) -> None:
    shown = identify(folder, CannotAsk("not here"))
    assert shown.identity == AppIdentity.python(BUNDLE, key.public_key().public_bytes_raw())
    assert shown.level is IdentityLevel.MANIFEST


def test_a_signed_folder_in_its_own_flatpak_is_level_2(folder: Path) -> None:
    assert identify(folder, flatpak(folder)).level is IdentityLevel.PLATFORM


@pytest.mark.parametrize(
    "info",
    [
        INFO.replace(BUNDLE, "org.example.other"),
        INFO.replace("[Application]", "[Runtime]"),
        INFO + "name=org.example.cinema\n",
        "nonsense",
        b"\xff\xfe",
        "",
        None,
    ],
    ids=["another app", "a runtime", "twice", "nonsense", "no text", "empty", "missing"],
)
def test_another_or_no_flatpak_leaves_it_at_level_1(folder: Path, info: str | bytes | None) -> None:
    assert identify(folder, flatpak(folder, info)).level is IdentityLevel.MANIFEST


def test_a_folder_beside_the_flatpak_s_own_files_is_level_1(folder: Path, tmp_path: Path) -> None:
    """What a user keeps in the sandbox's home was not installed by Flatpak."""
    platform = flatpak(folder)
    (tmp_path / "home").mkdir()
    moved = folder.rename(tmp_path / "home" / "cinema")
    assert identify(moved, platform).level is IdentityLevel.MANIFEST
    (tmp_path / "installed" / "link").symlink_to(moved)
    assert identify(tmp_path / "installed" / "link", platform).level is IdentityLevel.MANIFEST


def test_the_system_s_word_does_not_stand_in_for_the_files(folder: Path) -> None:
    (folder / "main.py").write_text("print('fake')\n")
    with pytest.raises(AppIdentityError):
        identify(folder, flatpak(folder))


def test_what_a_platform_says_is_for_people(folder: Path) -> None:
    assert BUNDLE in flatpak(folder).says()
    assert "not" in flatpak(folder, "").says()
    assert CannotAsk("not here").says() == "not here"


@pytest.mark.parametrize(
    ("system", "word"), [("linux", "Flatpak"), ("darwin", "macOS"), ("win32", "Windows")]
)
def test_each_system_has_one_who_answers(
    monkeypatch: pytest.MonkeyPatch, system: str, word: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    platform = this_platform()
    assert word in platform.says()
    assert not platform.vouches_for(Path("/app"), BUNDLE)


def script(monkeypatch: pytest.MonkeyPatch, path: Path | None) -> None:
    main = types.ModuleType("__main__")
    if path is not None:
        main.__file__ = str(path)
    monkeypatch.setitem(sys.modules, "__main__", main)


def test_without_a_folder_it_is_that_of_the_main_script(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(monkeypatch, folder / "main.py")
    assert own_folder() == folder
    assert identify(None, CannotAsk("")).level is IdentityLevel.MANIFEST


def test_a_main_script_beside_no_manifest_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (tmp_path / "main.py", None):
        script(monkeypatch, path)
        with pytest.raises(AppIdentityError) as caught:
            identify(None)
        assert "app sign" in caught.value.remedy


def frozen(monkeypatch: pytest.MonkeyPatch, program: Path, unpacked: Path | None) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(program))
    if unpacked is not None:
        monkeypatch.setattr(sys, "_MEIPASS", str(unpacked), raising=False)


@pytest.mark.parametrize("unpacked", ["_internal", ".", None])
def test_a_bundle_is_the_folder_of_its_program(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unpacked: str | None
) -> None:
    (tmp_path / "bin").mkdir()
    link = tmp_path / "bin" / "cinema"
    link.symlink_to(folder / "cinema")
    for program in (folder / "cinema", link):
        frozen(monkeypatch, program, folder / unpacked if unpacked else None)
        assert own_folder() == folder


def test_a_bundle_that_unpacks_itself_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen(monkeypatch, folder / "cinema", tmp_path / "_MEI123")
    with pytest.raises(AppIdentityError) as caught:
        identify(None)
    assert "--onedir" in caught.value.remedy


def test_an_unsigned_bundle_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frozen(monkeypatch, tmp_path / "cinema", tmp_path / "_internal")
    with pytest.raises(AppIdentityError) as caught:
        identify(None)
    assert str(tmp_path) in caught.value.message
