"""Row 4: a second app of the same user on the same device, with a security file of its own."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from tests.scenario.threats.hands import frames, refusal

from vodseal import ErrorCode
from vodseal.container.header import Header
from vodseal.errors import LicenseBindingError, LicenseMissingError, RequestError
from vodseal.license.open import check_binding, open_content_key, verify_license
from vodseal.license.wrap import unwrap_content_key
from vodseal.sdk.content_key import KeyWish, secure_content_key
from vodseal.sdk.transport import RpcClient
from vodseal.vault import key_service
from vodseal.vault.home import app_home

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


@pytest.fixture
def second(new_app: Callable[[], App]) -> App:
    """Registered with the same service, as good an app as the first."""
    return new_app()


def test_it_finds_no_license(sealed: Path, phone: Phone, second: App) -> None:
    phone.load(second)
    error = refusal(sealed)
    assert error.code is ErrorCode.DEMUXER_OPENSTREAM
    assert isinstance(error.__cause__, LicenseMissingError)


def take_vault(phone: Phone, first: App, second: App) -> None:
    """Put the first app's licenses and device seed in the place of the second app's own.

    Both apps are the same user's: no system without app identities keeps one out of
    the other's files.
    """
    theirs = app_home(phone.home, first.identity.fingerprint)
    own = app_home(phone.home, second.identity.fingerprint)
    shutil.rmtree(own, ignore_errors=True)
    shutil.copytree(theirs, own)


def test_with_the_first_apps_licenses_and_device_seed_it_opens_nothing(
    sealed: Path, phone: Phone, app: App, second: App
) -> None:
    take_vault(phone, app, second)
    phone.load(second)
    error = refusal(sealed)
    assert error.code is ErrorCode.DEMUXER_OPENSTREAM
    assert isinstance(error.__cause__, LicenseBindingError)
    assert "another app" in error.message


def test_no_key_that_it_has_opens_the_lock(
    sealed: Path, phone: Phone, app: App, second: App
) -> None:
    """Past every check of ours: what stops it is the first app's key, which it has not."""
    download_id = Header.peek(sealed.read_bytes()[:4096]).download_id
    envelope = key_service.current().vault().load_license(download_id)
    device = key_service.current().vault().device
    first_app = key_service.current().unlock()
    phone.load(second)
    second_app = key_service.current().unlock()
    assert envelope is not None
    held = verify_license(envelope, second_app.trust, device.signing.public_key())
    with pytest.raises(LicenseBindingError):
        check_binding(
            held,
            download_id=download_id,
            fingerprint=second_app.fingerprint,
            device_id=device.device_id,
        )
    with pytest.raises(LicenseBindingError):
        unwrap_content_key(held, app_key=second_app.app_key, device_key=device.kem)
    assert open_content_key(held, download_id=download_id, app=first_app, device=device)


def test_the_first_apps_security_file_does_not_open_for_its_name(
    sealed: Path, phone: Phone, app: App, second: App
) -> None:
    key_service.install(app.security_file, second.identity, app.private_string, phone.home)
    assert refusal(sealed).code is ErrorCode.DEMUXER_OPENSTREAM


def test_the_service_issues_it_no_license_for_the_first_apps_download(  # noqa: PLR0917 - fixtures
    sealed: Path, phone: Phone, app: App, second: App, house: House, video: Video
) -> None:
    """With the first app's device seed it asks as that device, for that very download."""
    download_id = Header.peek(sealed.read_bytes()[:4096]).download_id
    take_vault(phone, app, second)
    phone.load(second)
    keys = key_service.current()
    keys.vault().delete_license(download_id)
    source = house.sts(video("short"))
    with RpcClient.for_source(source, clock=house.clock) as client:
        streams = client.get_play_info(source).play_info_list
        wish = KeyWish(
            vid=source.vid,
            job_id=streams[0].job_id,
            index=0,
            download_id=download_id,
            now=house.clock.now(),
        )
        with pytest.raises(RequestError) as caught:
            secure_content_key(client, keys, wish, bytes)
    assert caught.value.server_code == "InvalidParameter.DownloadId"
