from __future__ import annotations

import hashlib

import pytest

from vodseal.credential.fingerprint import AppIdentity, AppKind
from vodseal.errors import CredentialError

SHA1 = "5A:69:3F:0C:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00"


def test_the_stored_numbers_of_kinds() -> None:
    assert {kind.label: int(kind) for kind in AppKind} == {
        "android-sha1": 1,
        "ios-bundle": 2,
        "windows-serial": 3,
        "python": 4,
    }


def test_the_fingerprint_is_the_specification_s() -> None:
    identity = AppIdentity.ios_bundle("com.example.player")
    hashed = b"vodseal1/app\0" + b"\2" + b"\0\x12" + b"com.example.player"
    assert identity.fingerprint == hashlib.sha256(hashed).digest()
    python = AppIdentity.python("com.example.player", b"k" * 32)
    hashed = b"vodseal1/app\0\4\0\x33com.example.player\0" + b"k" * 32
    assert python.fingerprint == hashlib.sha256(hashed).digest()
    assert python.text == "com.example.player"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (AppIdentity.android_sha1(SHA1), AppIdentity.android_sha1(f" {SHA1.lower()}\n")),
        (AppIdentity.windows_serial("0A 1B:2c"), AppIdentity.windows_serial("0a1b2c")),
        (AppIdentity.windows_serial("0A:1B:2C"), AppIdentity.windows_serial("0a1b2c")),
        (AppIdentity.ios_bundle(" com.example "), AppIdentity.ios_bundle("com.example")),
    ],
)
def test_one_app_written_twice_has_one_fingerprint(one: AppIdentity, other: AppIdentity) -> None:
    assert one == other
    assert one.fingerprint == other.fingerprint


def test_different_apps_have_different_fingerprints() -> None:
    apps = [
        AppIdentity.ios_bundle("com.example.a"),
        AppIdentity.ios_bundle("com.example.A"),
        AppIdentity.python("com.example.a", b"k" * 32),
        AppIdentity.python("com.example.a", b"j" * 32),
        AppIdentity.android_sha1(SHA1),
        AppIdentity.windows_serial("0a1b2c"),
        AppIdentity.windows_serial("a1b2c"),
    ]
    assert len({app.fingerprint for app in apps}) == len(apps)


@pytest.mark.behaviour("B46")
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (SHA1, AppKind.ANDROID_SHA1),
        (SHA1.lower(), AppKind.ANDROID_SHA1),
        ("com.example.player", AppKind.IOS_BUNDLE),
        ("com.example-2.PLAYER", AppKind.IOS_BUNDLE),
        ("0a1b2c3d4e5f60718293a4b5c6d7e8f9", AppKind.WINDOWS_SERIAL),
        ("33 00 00 02 ab", AppKind.WINDOWS_SERIAL),
    ],
)
def test_an_identification_tells_its_kind(text: str, kind: AppKind) -> None:
    assert AppIdentity.from_identification(text).kind is kind


@pytest.mark.behaviour("B46")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        SHA1.replace(":", ""),
        SHA1.replace(":", "").lower(),
        SHA1[:-3],
        SHA1 + ":11",
        "com..example",
        ".com.example",
        "com.example.",
        "com.exam ple",
        "com.ex\u00e4mple",
        "com.example\0",
        "com." + "x" * 155,
        "no-dots-and-no-hex",
        "not an id!",
        "0" * 41,
    ],
)
def test_an_identification_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(CredentialError):
        AppIdentity.from_identification(text)


@pytest.mark.parametrize(
    ("kind", "identifier"),
    [
        (AppKind.ANDROID_SHA1, SHA1.lower().encode()),
        (AppKind.WINDOWS_SERIAL, b"0A"),
        (AppKind.IOS_BUNDLE, b"com.example\0" + b"k" * 32),
        (AppKind.IOS_BUNDLE, b"single"),
        (AppKind.PYTHON, b"com.example"),
        (AppKind.PYTHON, b"com.example\0" + b"k" * 31),
        (AppKind.PYTHON, b"\0" + b"k" * 32),
        (AppKind.IOS_BUNDLE, b"com.ex\xffmple"),
    ],
)
def test_there_is_no_identity_in_another_form(kind: AppKind, identifier: bytes) -> None:
    with pytest.raises(CredentialError):
        AppIdentity(kind=kind, identifier=identifier)


def test_a_manifest_key_may_hold_any_byte() -> None:
    assert AppIdentity.python("com.example", bytes(32)).text == "com.example"


def test_a_bundle_id_has_at_most_155_characters() -> None:
    assert AppIdentity.ios_bundle("com." + "x" * 151).text == "com." + "x" * 151
    with pytest.raises(CredentialError):
        AppIdentity.ios_bundle("com." + "x" * 152)
