"""Row 6: a second app that carries the first one's security file *and* string, and its name.

It is not stopped on the device: nothing that plain Python on a desktop could ask tells
the two apart. What is promised is that the operator can end it, and what that takes
from it (SECURITY.md).
"""

from __future__ import annotations

import base64
import dataclasses
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.behaviours.house import App
from tests.scenario.threats.hands import frames, refusal

from vodseal import AppIdentity, ErrorCode, PrivateService
from vodseal.credential.security_file import SecurityFile
from vodseal.errors import LicenseRevokedError
from vodseal.vault import key_service

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.behaviours.house import House
    from tests.behaviours.phone import Phone

    Video = Callable[..., str]

STRING, NEW_STRING = "ThreatRow6String", "ThreatRow6Update"


@pytest.fixture
def victim(house: House) -> App:
    return house.register(AppIdentity.ios_bundle("com.example.copied"), private_string=STRING)


def serial_of(app: App) -> str:
    return SecurityFile.parse(app.security_file).serial.hex()


def reissue(house: House, app: App, *, grace: int) -> App:
    answer = house.ask(
        "ReissueApp",
        Serial=serial_of(app),
        GraceSeconds=grace,
        form={"AppDecryptKey": NEW_STRING},
    )
    return dataclasses.replace(
        app,
        security_file=base64.b64decode(answer["SecurityFile"]),
        private_string=NEW_STRING,
    )


def test_it_is_not_stopped_on_the_device(
    victim: App, new_phone: Callable[[], Phone], house: House, video: Video
) -> None:
    """The honest limit: file, string and name are all that there is."""
    phone = new_phone().load(victim)
    path, _ = phone.download(house.sts(video("short")))
    impostor = App(
        identity=victim.identity, security_file=victim.security_file, private_string=STRING
    )
    phone.load(impostor)
    assert frames(path) > 0


def test_once_revoked_it_gets_no_license(
    victim: App, new_phone: Callable[[], Phone], house: House, video: Video
) -> None:
    house.ask("RevokeApp", Serial=serial_of(victim))
    phone = new_phone().load(victim)
    downloader, ear = phone.ready(house.sts(video("short")))
    downloader.start()
    assert ear.wait_for("error").code == ErrorCode.ENCRYPT_FILE_NOT_MATCH
    assert not list(phone.folder.rglob("*_*.vseal"))


def test_once_revoked_what_it_holds_ends_at_the_next_contact(
    victim: App, new_phone: Callable[[], Phone], house: House, video: Video
) -> None:
    phone = new_phone().load(victim)
    path, _ = phone.download(house.sts(video("short")))
    house.ask("RevokeApp", Serial=serial_of(victim))
    assert frames(path) > 0  # it has not heard of it
    downloader, ear = phone.ready(house.sts(video("sound")))
    downloader.start()
    ear.wait_for("error")
    error = refusal(path)
    assert error.code is ErrorCode.DEMUXER_OPENSTREAM
    assert isinstance(error.__cause__, LicenseRevokedError)


def test_putting_back_the_vault_from_before_does_not_help(
    victim: App, new_phone: Callable[[], Phone], house: House, video: Video
) -> None:
    phone = new_phone().load(victim)
    path, _ = phone.download(house.sts(video("short")))
    folder = key_service.current().vault().folder
    rows = [file for file in folder.glob("vault.db*") if file.is_file()]
    (phone.folder / "backup").mkdir()
    for file in rows:
        shutil.copy2(file, phone.folder / "backup")
    house.ask("RevokeApp", Serial=serial_of(victim))
    downloader, ear = phone.ready(house.sts(video("sound")))
    downloader.start()
    ear.wait_for("error")
    for file in folder.glob("vault.db*"):
        file.unlink()
    for file in (phone.folder / "backup").iterdir():
        shutil.copy2(file, folder)
    assert refusal(path).code is ErrorCode.DEMUXER_OPENSTREAM


def test_the_true_app_goes_on_under_its_new_file(
    victim: App,
    new_phone: Callable[[], Phone],
    house: House,
    video: Video,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An update ships the new file and moves what was downloaded; the impostor has the old one."""
    phone = new_phone().load(victim)
    monkeypatch.setenv("VODSEAL_HOME", str(phone.home))
    path, _ = phone.download(house.sts(video("short")))
    updated = reissue(house, victim, grace=0)
    moved = PrivateService.rekey(
        victim.security_file,
        updated.security_file,
        [path],
        old_app_key=STRING,
        new_app_key=NEW_STRING,
        app=victim.identity,
    )
    assert (moved.moved, moved.left) == (1, ())
    phone.load(updated)
    assert frames(path) > 0
    another, _ = phone.download(house.sts(video("sound")))
    assert another.exists()
    phone.load(victim)
    assert refusal(path).code is ErrorCode.DEMUXER_OPENSTREAM


def test_a_grace_lets_users_update_before_it_ends(
    victim: App, new_phone: Callable[[], Phone], house: House, video: Video
) -> None:
    phone = new_phone().load(victim)
    reissue(house, victim, grace=3_600)
    path, _ = phone.download(house.sts(video("short")))
    assert frames(path) > 0
    kept = key_service.current().licenses().revocations.current()
    assert kept is not None
