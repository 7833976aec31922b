"""Signing a Python app."""

from __future__ import annotations

import stat

import pytest

from vodseal.error_codes import ErrorCode
from vodseal.vault.app_folder import MANIFEST_NAME


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "cinema"
    (folder / "pkg").mkdir(parents=True)
    (folder / "main.py").write_text("print(1)\n")
    (folder / "pkg/more.py").write_text("x = 2\n")
    return folder


@pytest.fixture
def key(tmp_path):
    return tmp_path / "cinema.pem"


@pytest.fixture
def signed(vodseal, folder, key):
    return vodseal(
        "app", "init", folder, "--bundle-id", "org.example.cinema", "--manifest-key", key, "--json"
    )


def test_init_makes_a_private_key_and_signs(signed, folder, key) -> None:
    assert signed.status == 0
    assert signed.answer["files"] == 4  # two modules, and both compiled
    assert signed.answer["bundle_id"] == "org.example.cinema"
    assert len(str(signed.answer["fingerprint"])) == 64
    assert (folder / MANIFEST_NAME).is_file()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_signed_folder_checks(vodseal, signed, folder) -> None:
    said = vodseal("app", "check", folder, "--json")
    assert said.status == 0
    assert said.answer["fingerprint"] == signed.answer["fingerprint"]
    assert said.answer["identity_level"] == "1 (manifest)"
    assert said.answer["platform"]


@pytest.mark.parametrize("change", ["altered", "added", "missing"])
def test_a_changed_folder_does_not_check_until_it_is_signed_again(
    vodseal, signed, folder, key, change
) -> None:
    if change == "missing":
        (folder / "main.py").unlink()
    else:
        (folder / ("main.py" if change == "altered" else "new.py")).write_text("evil\n")
    said = vodseal("app", "check", folder, "--json")
    assert (said.status, said.answer["code"]) == (1, ErrorCode.APP_IDENTITY_INVALID)
    assert change in str(said.answer["message"])
    assert vodseal("app", "sign", folder, "--manifest-key", key).status == 0
    again = vodseal("app", "check", folder, "--json")
    assert again.answer["fingerprint"] == signed.answer["fingerprint"]


def test_without_a_word_the_key_lies_in_the_home(vodseal, folder, home) -> None:
    said = vodseal("app", "init", folder, "--bundle-id", "org.example.cinema", "--json")
    path = home / "manifest-keys/org.example.cinema.pem"
    assert said.answer["manifest_key"] == str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert vodseal("app", "sign", folder).status == 0


def test_a_key_inside_the_app_is_refused(vodseal, folder) -> None:
    inside = folder / "pkg/key.pem"
    said = vodseal("app", "init", folder, "--bundle-id", "a.b", "--manifest-key", inside, "--json")
    assert (said.status, said.answer["name"]) == (1, "OUTPUT_FILE_UNUSABLE")
    assert not inside.exists()
    assert not (folder / MANIFEST_NAME).exists()


def test_one_key_signs_several_apps(vodseal, signed, key, tmp_path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "main.py").write_text("print(2)\n")
    before = key.read_bytes()
    said = vodseal(
        "app", "init", other, "--bundle-id", "org.example.other", "--manifest-key", key, "--json"
    )
    assert said.status == 0
    assert key.read_bytes() == before
    assert said.answer["fingerprint"] != signed.answer["fingerprint"]


def test_another_key_does_not_sign_for_the_app(vodseal, signed, folder, tmp_path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    foreign = tmp_path / "foreign.pem"
    vodseal("app", "init", other, "--bundle-id", "org.example.other", "--manifest-key", foreign)
    before = (folder / MANIFEST_NAME).read_bytes()
    said = vodseal("app", "sign", folder, "--manifest-key", foreign, "--json")
    assert (said.status, said.answer["name"]) == (1, "APP_IDENTITY_INVALID")
    assert (folder / MANIFEST_NAME).read_bytes() == before


@pytest.mark.parametrize("name", ["../evil", "", "a b", "/etc/x"])
def test_a_bundle_id_that_is_none_makes_no_key(vodseal, folder, home, name) -> None:
    said = vodseal("app", "init", folder, "--bundle-id", name, "--json")
    assert said.status == 1
    assert not list(home.parent.rglob("*.pem"))


def test_a_missing_folder_is_named(vodseal, tmp_path) -> None:
    said = vodseal("app", "init", tmp_path / "nothing", "--bundle-id", "a.b", "--json")
    assert (said.status, said.answer["name"]) == (1, "INPUT_FILE_UNUSABLE")
    said = vodseal("app", "check", tmp_path / "nothing", "--json")
    assert (said.status, said.answer["name"]) == (1, "APP_IDENTITY_INVALID")
