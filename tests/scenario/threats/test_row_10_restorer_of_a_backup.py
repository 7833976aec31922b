"""Row 10: somebody gives a license up, and puts the vault back from a backup."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.scenario.threats.hands import UsersClock, VaultBackup, frames, load_with, refusal
from tests.unit.vault.keyring_fakes import FakeKeyring

from vodseal import OfflineLicense
from vodseal.errors import LicenseExpiredError, LicenseMissingError, VaultRestoredError
from vodseal.vault import key_service

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.behaviours.house import App, House
    from tests.behaviours.phone import Phone
    from tests.scenario.threats.conftest import KeyStores

    Video = Callable[..., str]

HOUR = 3_600


@pytest.fixture
def restorer(phone: Phone, app: App, key_stores: KeyStores) -> Phone:
    """A device whose system has a key store, which lies elsewhere than the backup."""
    key_stores.here = FakeKeyring()
    return phone.load(app)


def test_a_released_license_does_not_come_back(
    restorer: Phone, house: House, video: Video, tmp_path: Path
) -> None:
    source = house.sts(video("short"))
    path, _ = restorer.download(source)
    backup = VaultBackup(tmp_path / "backup", "*")
    assert frames(path) > 0
    OfflineLicense.release(path)
    assert isinstance(refusal(path).__cause__, LicenseMissingError)
    backup.put_back()
    assert isinstance(refusal(path).__cause__, VaultRestoredError)
    with pytest.raises(VaultRestoredError):
        OfflineLicense.get_remaining(path)


def test_nor_when_the_service_was_told_and_is_asked(
    restorer: Phone, house: House, video: Video, tmp_path: Path
) -> None:
    source = house.sts(video("short"))
    path, _ = restorer.download(source)
    other, _ = restorer.download(house.sts(video("sound")))
    backup = VaultBackup(tmp_path / "backup", "*")
    OfflineLicense.release(path)
    OfflineLicense.check_in(source)
    backup.put_back()
    OfflineLicense.check_in(source)
    assert isinstance(refusal(path).__cause__, LicenseMissingError)
    assert OfflineLicense.get_remaining(other).license_seconds is None


def test_a_release_that_nobody_heard_of_has_not_freed_the_place(
    restorer: Phone, house: House, video: Video, tmp_path: Path
) -> None:
    """The honest limit: the receipt went with the rows, and the service counts this device."""
    source = house.sts(video("short"))
    path, _ = restorer.download(source)
    backup = VaultBackup(tmp_path / "backup", "*")
    OfflineLicense.release(path)
    backup.put_back()
    refusal(path)
    OfflineLicense.check_in(source)
    assert frames(path) > 0
    device = key_service.current().vault().device.device_id.hex()
    [held] = house.ask("ListLicenses", DeviceId=device)["LicenseList"]
    assert held["Status"] == "Active"


def test_its_place_is_free_for_another_device(  # noqa: PLR0917 - fixtures
    restorer: Phone,
    new_phone: Callable[[], Phone],
    app: App,
    house: House,
    video: Video,
    tmp_path: Path,
) -> None:
    vid = video("short")
    house.ask("SetLicensePolicy", VideoId=vid, Name="max-devices", Value="1")
    try:
        house.ask("RevokeLicenses", VideoId=vid)  # of the tests before
        path, _ = restorer.download(house.sts(vid))
        backup = VaultBackup(tmp_path / "backup", "*")
        OfflineLicense.release(path)
        OfflineLicense.check_in(house.sts(vid))
        away = new_phone().load(app)
        copy, _ = away.download(house.sts(vid))
        assert frames(copy) > 0
        restorer.load(app)
        backup.put_back()
        OfflineLicense.check_in(house.sts(vid))
        refusal(path)
    finally:
        house.ask("SetLicensePolicy", VideoId=vid, Name="max-devices", Value="")


def test_a_first_play_that_was_put_back_still_counts(
    restorer: Phone, app: App, house: House, video: Video, tmp_path: Path
) -> None:
    vid = video("short")
    clock = UsersClock(house)
    load_with(restorer, app, clock)
    house.ask("SetLicensePolicy", VideoId=vid, Name="play-window-seconds", Value=HOUR)
    try:
        path, _ = restorer.download(house.sts(vid))
    finally:
        house.ask("SetLicensePolicy", VideoId=vid, Name="play-window-seconds", Value="")
    backup = VaultBackup(tmp_path / "backup", "*")
    assert frames(path, clock) > 0
    house.clock.advance(HOUR)
    assert isinstance(refusal(path, clock).__cause__, LicenseExpiredError)
    backup.put_back()
    assert isinstance(refusal(path, clock).__cause__, VaultRestoredError)
    OfflineLicense.check_in(house.sts(vid))
    assert isinstance(refusal(path, clock).__cause__, LicenseExpiredError)


def test_where_the_seed_is_a_file_a_copy_of_the_whole_home_does(
    bare_phone: Phone, app: App, house: House, video: Video, tmp_path: Path
) -> None:
    """The weaker level, said in SECURITY.md: here the backup has the key store in it."""
    bare_phone.load(app)
    path, _ = bare_phone.download(house.sts(video("short")))
    backup = VaultBackup(tmp_path / "backup", "*")
    OfflineLicense.release(path)
    backup.put_back()
    assert frames(path) > 0
