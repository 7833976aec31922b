"""Row 5: somebody has taken ``encryptedApp.dat``, and nothing else of the app."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from tests.scenario.threats.hands import carry, frames, refusal

from vodseal import AppIdentity, ErrorCode
from vodseal.credential.requirements import AppRequirements, IdentityLevel
from vodseal.credential.security_file import SecurityFile
from vodseal.errors import SecurityFileError
from vodseal.vault import key_service

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.behaviours.house import App, House
    from tests.behaviours.phone import Phone

    Video = Callable[..., str]

STRING = "ThreatRow5String"


@pytest.fixture
def victim(house: House) -> App:
    """An app as the console and the command line register it: with a private string."""
    return house.register(AppIdentity.ios_bundle("com.example.victim"), private_string=STRING)


@pytest.fixture
def sealed(new_phone: Callable[[], Phone], victim: App, house: House, video: Video) -> Path:
    path, _ = new_phone().load(victim).download(house.sts(video("short")))
    assert frames(path) > 0
    return path


def stolen(victim: App, guess: str | None) -> App:
    return dataclasses.replace(victim, private_string=guess)


@pytest.mark.parametrize("guess", [None, "", "ThreatRow5Strinh", "threatRow5String", STRING[:-1]])
def test_without_the_string_it_does_not_open(
    victim: App, tmp_path: Path, guess: str | None
) -> None:
    key_service.install(victim.security_file, victim.identity, guess, tmp_path)
    with pytest.raises(SecurityFileError) as caught:
        key_service.current().unlock()
    assert caught.value.remedy
    key_service.uninstall()


def test_the_string_and_the_key_are_not_in_the_file(victim: App) -> None:
    file = SecurityFile.parse(victim.security_file)
    key = file.open(victim.identity, STRING).app_key.private_bytes_raw()
    assert file.opening.needs_private_string
    for secret in (STRING.encode(), STRING.encode("utf-16-le"), key):
        assert secret not in victim.security_file


def test_a_guess_costs_work_that_no_file_can_talk_down(victim: App) -> None:
    """Argon2id with 64 MiB and three passes; a file that asks for less than 19 MiB is refused."""
    opening = SecurityFile.parse(victim.security_file).opening.to_cbor()
    assert (opening[2], opening[3]) == (64 * 1024, 3)


def test_a_film_that_was_taken_along_does_not_play(
    sealed: Path, victim: App, new_phone: Callable[[], Phone]
) -> None:
    away = new_phone().load(stolen(victim, "WrongString12345"))
    error = refusal(carry(sealed, away))
    assert error.code is ErrorCode.DEMUXER_OPENSTREAM


def test_a_download_of_ones_own_does_not_start(
    victim: App, new_phone: Callable[[], Phone], house: House, video: Video
) -> None:
    """The thief is a viewer with a good credential. No license is ever asked for."""
    away = new_phone().load(stolen(victim, None))
    downloader, ear = away.ready(house.sts(video("short")))
    downloader.start()
    info = ear.wait_for("error")
    assert info.code == ErrorCode.ENCRYPT_FILE_NOT_MATCH
    assert not list(away.folder.rglob("*.vseal*"))


def test_under_another_apps_name_it_does_not_open_with_the_string(
    victim: App, tmp_path: Path
) -> None:
    thief = AppIdentity.ios_bundle("com.example.thief")
    key_service.install(victim.security_file, thief, STRING, tmp_path)
    with pytest.raises(SecurityFileError):
        key_service.current().unlock()
    key_service.uninstall()


def test_a_file_issued_without_a_string_opens_for_who_names_the_app(
    house: House, new_phone: Callable[[], Phone]
) -> None:
    """The vendor's level, and no more is promised of it: SECURITY.md says so."""
    identity = AppIdentity.ios_bundle("com.example.vendor")
    alone = house.register(identity)
    new_phone().load(alone)
    assert key_service.current().unlock().level is IdentityLevel.FILE


def test_a_file_that_asks_for_a_signed_app_does_not_open_for_a_name(house: House) -> None:
    identity = AppIdentity.python("com.example.signed", bytes(range(32)))
    asked = AppRequirements(least_level=IdentityLevel.MANIFEST)
    issued = house.register_python(identity, LeastIdentityLevel=1)
    assert SecurityFile.parse(issued.security_file).requirements == asked
    with pytest.raises(Exception, match="identity level 1"):
        SecurityFile.parse(issued.security_file).open(identity, None)
