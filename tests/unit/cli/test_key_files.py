"""Private strings and manifest keys."""

from __future__ import annotations

import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from vodseal.cli.key_files import (
    check_new,
    draw_app_key,
    read_app_key,
    read_manifest_key,
    write_new_file,
)
from vodseal.credential.decrypt_string import check_private_string
from vodseal.error_codes import ErrorCode
from vodseal.errors import CredentialError, OperatorError

GOOD = "Abcdefghijklmno1"


@pytest.mark.behaviour("B46")
def test_a_drawn_string_keeps_the_rule_and_is_never_the_same() -> None:
    drawn = {draw_app_key() for _ in range(200)}
    assert len(drawn) == 200
    for text in drawn:
        check_private_string(text)


def test_the_file_goes_before_the_environment(tmp_path, monkeypatch) -> None:
    assert read_app_key(None) is None
    monkeypatch.setenv("VODSEAL_APP_KEY", GOOD)
    assert read_app_key(None) == GOOD
    file = tmp_path / "app.key"
    file.write_text(f"{GOOD[::-1]}\n")
    assert read_app_key(file) == GOOD[::-1]


@pytest.mark.behaviour("B46")
@pytest.mark.parametrize("text", ["short1A", "a" * 16, GOOD + "!", GOOD * 3])
def test_a_string_that_breaks_the_rule_is_refused_and_not_repeated(tmp_path, text) -> None:
    file = tmp_path / "app.key"
    file.write_text(text)
    with pytest.raises(CredentialError) as caught:
        read_app_key(file)
    assert text not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path) -> None:
    for file in (tmp_path / "none", tmp_path):
        with pytest.raises(OperatorError) as caught:
            read_app_key(file)
        assert caught.value.code is ErrorCode.INPUT_FILE_UNUSABLE


def test_either_half_of_a_manifest_key_will_do(tmp_path) -> None:
    key = Ed25519PrivateKey.generate()
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    assert read_manifest_key(private) == read_manifest_key(public)
    assert read_manifest_key(public) == key.public_key().public_bytes_raw()


def test_what_is_no_manifest_key_is_refused(tmp_path) -> None:
    other = tmp_path / "x25519.pem"
    other.write_bytes(
        X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("PUBLIC KEY")
    for file in (other, nonsense, tmp_path / "none"):
        with pytest.raises(OperatorError) as caught:
            read_manifest_key(file)
        assert caught.value.code is ErrorCode.INPUT_FILE_UNUSABLE


def test_no_file_is_overwritten(tmp_path) -> None:
    file = tmp_path / "deep/er/encryptedApp.dat"
    check_new(file)
    write_new_file(file, b"1")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(OperatorError) as caught:
        check_new(file)
    assert caught.value.code is ErrorCode.OUTPUT_FILE_UNUSABLE
    assert file.read_bytes() == b"1"
