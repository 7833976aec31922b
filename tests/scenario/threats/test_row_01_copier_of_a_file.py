"""Row 1: somebody copies the sealed file to another device, user or app."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.scenario.threats.hands import carry, frames, refusal

from vodseal import ErrorCode
from vodseal.container.header import Header
from vodseal.errors import LicenseBindingError, WrongKeyError
from vodseal.sdk.content_key import KeyWish, secure_content_key
from vodseal.sdk.transport import RpcClient
from vodseal.vault import key_service

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.behaviours.house import App, House
    from tests.behaviours.phone import Phone

    Video = Callable[..., str]


@pytest.fixture
def sealed(phone: Phone, house: House, video: Video) -> Path:
    path, _ = phone.download(house.sts(video("short")))
    assert frames(path) > 0
    return path


def test_on_another_device_it_does_not_play(
    sealed: Path, new_phone: Callable[[], Phone], app: App
) -> None:
    away = new_phone().load(app)
    error = refusal(carry(sealed, away))
    assert error.code is ErrorCode.DEMUXER_OPENSTREAM
    assert "no license" in error.message


def test_on_a_device_that_has_downloaded_the_same_film_it_does_not_play(
    sealed: Path, new_phone: Callable[[], Phone], app: App, house: House, video: Video
) -> None:
    away = new_phone().load(app)
    own, _ = away.download(house.sts(video("short")))
    assert "no license" in refusal(carry(sealed, new_phone().load(app))).message
    away.load(app)
    taken = away.save_dir / "taken.vseal"
    taken.write_bytes(sealed.read_bytes())
    assert "no license" in refusal(taken).message
    assert frames(own) > 0


def test_a_license_asked_for_under_the_copied_files_own_id_holds_another_key(
    sealed: Path, new_phone: Callable[[], Phone], app: App, house: House, video: Video
) -> None:
    """The attacker is a viewer too: a device of their own, and a credential that is good."""
    header = Header.peek(sealed.read_bytes()[:4096])
    away = new_phone().load(app)
    copied = carry(sealed, away)
    source = house.sts(video("short"))
    with RpcClient.for_source(source, clock=house.clock) as client:
        streams = client.get_play_info(source).play_info_list
        wish = KeyWish(
            vid=source.vid,
            job_id=streams[0].job_id,
            index=0,
            download_id=header.download_id,
            now=house.clock.now(),
        )
        secure_content_key(client, key_service.current(), wish, bytes)
    error = refusal(copied)
    assert isinstance(error.__cause__, WrongKeyError)


def test_another_app_on_the_same_device_does_not_play_it(
    sealed: Path, phone: Phone, new_app: Callable[[], App]
) -> None:
    phone.load(new_app())
    assert "no license" in refusal(sealed).message


def test_another_app_that_takes_the_license_along_does_not_play_it(
    sealed: Path, phone: Phone, new_app: Callable[[], App], app: App
) -> None:
    phone.load(app)
    download_id = Header.peek(sealed.read_bytes()[:4096]).download_id
    envelope = key_service.current().vault().load_license(download_id)
    assert envelope is not None
    phone.load(new_app())
    key_service.current().vault().save_license(download_id, envelope)
    assert isinstance(refusal(sealed).__cause__, LicenseBindingError)


def test_another_user_of_the_device_has_another_home_and_does_not_play_it(
    sealed: Path, new_phone: Callable[[], Phone], app: App
) -> None:
    new_phone().load(app)
    assert "no license" in refusal(sealed).message
