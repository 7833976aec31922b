"""Row 2: somebody copies file, licenses and the whole app folder to another device."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from tests.scenario.threats.hands import carry, frames, refusal
from tests.unit.vault.keyring_fakes import FakeKeyring

from vodseal import AppIdentity
from vodseal.errors import KeyStoreError
from vodseal.vault import key_service

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.behaviours.house import App, House
    from tests.behaviours.phone import Phone
    from tests.scenario.threats.conftest import KeyStores

    Video = Callable[..., str]


@pytest.fixture
def victim(phone: Phone, app: App, key_stores: KeyStores) -> Phone:
    """A device whose system has a key store."""
    key_stores.here = FakeKeyring()
    return phone.load(app)


def take_everything(victim: Phone, away: Phone, sealed: Path) -> Path:
    """Copy the home and the film of a device to another."""
    shutil.copytree(victim.home, away.home)
    return carry(sealed, away)


@pytest.mark.parametrize("system", [FakeKeyring(), None], ids=["key-store", "none"])
def test_the_whole_home_does_not_play_elsewhere(  # noqa: PLR0917 - fixtures
    victim: Phone,
    new_phone: Callable[[], Phone],
    house: House,
    video: Video,
    key_stores: KeyStores,
    system: FakeKeyring | None,
    app: App,
) -> None:
    sealed, _ = victim.download(house.sts(video("short")))
    at_home = key_stores.here
    away = new_phone()
    copied = take_everything(victim, away, sealed)
    key_stores.here = system
    away.load(app)
    assert isinstance(refusal(copied).__cause__, KeyStoreError)
    key_stores.here = at_home
    victim.load(app)
    assert frames(sealed) > 0


def test_a_home_from_which_the_note_was_taken_is_a_new_device_and_plays_nothing(  # noqa: PLR0917 - fixtures
    victim: Phone,
    new_phone: Callable[[], Phone],
    house: House,
    video: Video,
    key_stores: KeyStores,
    app: App,
) -> None:
    sealed, _ = victim.download(house.sts(video("short")))
    away = new_phone()
    copied = take_everything(victim, away, sealed)
    for note in away.home.rglob("device.store"):
        note.unlink()
    key_stores.here = FakeKeyring()
    away.load(app)
    refusal(copied)


def test_where_the_seed_is_a_file_the_home_is_the_device(  # noqa: PLR0917 - fixtures
    bare_phone: Phone,
    new_phone: Callable[[], Phone],
    house: House,
    video: Video,
    key_stores: KeyStores,
    app: App,
) -> None:
    """The weaker level, said in SECURITY.md: here a copy of the whole home plays."""
    assert key_stores.here is None
    bare_phone.load(app)
    sealed, _ = bare_phone.download(house.sts(video("short")))
    away = new_phone()
    copied = take_everything(bare_phone, away, sealed)
    away.load(app)
    assert frames(copied) > 0
    serial = key_service.current().unlock().serial.hex()
    newest, *_ = house.ask("ListDevices", AppSerial=serial)["DeviceList"]
    assert newest["KeyStoreLevel"] == 0


def test_an_operator_may_refuse_seeds_in_files(
    bare_phone: Phone, house: House, video: Video, key_stores: KeyStores
) -> None:
    strict = house.register(AppIdentity.ios_bundle("com.example.strict"), FileKeyStore="false")
    bare_phone.load(strict)
    downloader, ear = bare_phone.ready(house.sts(video("short")))
    downloader.start()
    info = ear.wait_for("error")
    assert "file" in info.message
    key_stores.here = FakeKeyring()
    bare_phone.load(strict)
    sealed, _ = bare_phone.download(house.sts(video("short")))
    assert frames(sealed) > 0
