"""Keys come out for the right app, device, license and time, and for nothing else."""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING

import pytest

from vodseal.credential.fingerprint import AppIdentity
from vodseal.credential.requirements import AppRequirements, IdentityLevel
from vodseal.errors import (
    AppIdentityError,
    LicenseBindingError,
    LicenseError,
    LicenseExpiredError,
    LicenseMissingError,
    SecurityFileError,
)
from vodseal.license.issue import issue_local_license
from vodseal.license.model import LicenseTerms
from vodseal.vault import key_service
from vodseal.vault.app_folder import (
    check_app_folder,
    load_manifest_key,
    make_manifest_key,
    sign_app_folder,
)
from vodseal.vault.key_service import KeyService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Issuer

ONE = b"1" * 16
CONTENT_KEY = b"k" * 32
NOW = 1_000.0


class StoppedClock:
    """A clock that shows one time."""

    def __init__(self, now: float) -> None:
        self._now = now

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now

    def boot_time(self) -> None:
        return None


@pytest.fixture
def service(issuer: Issuer, identity: AppIdentity, tmp_path: Path) -> KeyService:
    return KeyService(issuer.security_file(identity), identity, home=tmp_path)


def test_opening_ahead_is_silent_and_what_is_wrong_is_told_on_use(
    service: KeyService, tmp_path: Path
) -> None:
    service.open_ahead()
    assert service.unlock() is service.unlock()
    spoilt = KeyService(b"no security file", home=tmp_path)
    spoilt.open_ahead()
    with pytest.raises(SecurityFileError):
        spoilt.unlock()


def test_the_key_of_a_license_comes_out(
    issuer: Issuer, identity: AppIdentity, service: KeyService
) -> None:
    vault = service.vault()
    vault.save_license(ONE, issuer.license(identity, vault, ONE, CONTENT_KEY))
    assert service.open_content_key(ONE, NOW) == CONTENT_KEY


def test_the_devices_own_license_does_as_well(
    issuer: Issuer, identity: AppIdentity, service: KeyService
) -> None:
    vault, app = service.vault(), service.unlock()
    terms = LicenseTerms(
        license_id=ONE,
        serial=app.serial,
        fingerprint=app.fingerprint,
        device_id=vault.device.device_id,
        vid="v1",
        track="job1",
        issued_at=1,
    )
    envelope = issue_local_license(
        terms, CONTENT_KEY, app_public_key=app.app_key.public_key(), device=vault.device
    )
    vault.save_license(ONE, envelope)
    assert service.open_content_key(ONE, NOW) == CONTENT_KEY


def test_without_a_license_there_is_no_key(service: KeyService) -> None:
    with pytest.raises(LicenseMissingError):
        service.open_content_key(ONE, NOW)


def test_an_expired_license_gives_none(
    issuer: Issuer, identity: AppIdentity, service: KeyService
) -> None:
    vault = service.vault()
    license_ = issuer.license(identity, vault, ONE, CONTENT_KEY, expires_at=1_000)
    vault.save_license(ONE, license_)
    assert service.open_content_key(ONE, NOW - 1) == CONTENT_KEY
    with pytest.raises(LicenseExpiredError):
        service.open_content_key(ONE, NOW)


def test_a_license_of_another_device_gives_none(
    issuer: Issuer, identity: AppIdentity, service: KeyService, tmp_path: Path
) -> None:
    other = KeyService(issuer.security_file(identity), identity, home=tmp_path / "other").vault()
    service.vault().save_license(ONE, issuer.license(identity, other, ONE, CONTENT_KEY))
    with pytest.raises(LicenseBindingError):
        service.open_content_key(ONE, NOW)


def test_a_license_of_another_download_gives_none(
    issuer: Issuer, identity: AppIdentity, service: KeyService
) -> None:
    vault = service.vault()
    vault.save_license(ONE, issuer.license(identity, vault, b"2" * 16, CONTENT_KEY))
    with pytest.raises(LicenseBindingError):
        service.open_content_key(ONE, NOW)


def test_a_license_that_another_service_signed_gives_none(
    issuer: Issuer, identity: AppIdentity, service: KeyService
) -> None:
    vault = service.vault()
    forged = bytearray(issuer.license(identity, vault, ONE, CONTENT_KEY))
    forged[-1] ^= 1
    vault.save_license(ONE, bytes(forged))
    with pytest.raises(LicenseError):
        service.open_content_key(ONE, NOW)


@pytest.mark.behaviour("B14", "B18", "B19")
def test_the_file_of_another_app_opens_nothing(
    issuer: Issuer, identity: AppIdentity, tmp_path: Path
) -> None:
    other = issuer.security_file(AppIdentity.ios_bundle("com.example.other"))
    service = KeyService(other, identity, home=tmp_path)
    with pytest.raises(SecurityFileError):
        service.unlock()
    with pytest.raises(SecurityFileError):
        service.open_content_key(ONE, NOW)


@pytest.mark.behaviour("B20")
@pytest.mark.parametrize("content", [b"", b"nonsense", None], ids=["empty", "nonsense", "missing"])
def test_a_bad_file_is_loaded_silently_and_told_on_use(
    identity: AppIdentity, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "encryptedApp.dat"
    if content is not None:
        path.write_bytes(content)
    for given in (path, content):
        if given is not None:
            service = KeyService(given, identity, home=tmp_path)
            for _ in range(2):
                with pytest.raises(SecurityFileError) as caught:
                    service.unlock()
                assert caught.value.remedy


def test_a_file_that_is_no_longer_valid_is_refused(
    issuer: Issuer, identity: AppIdentity, tmp_path: Path
) -> None:
    file = issuer.security_file(identity, not_after=1_000)
    KeyService(file, identity, home=tmp_path, clock=StoppedClock(NOW - 1)).unlock()
    with pytest.raises(SecurityFileError):
        KeyService(file, identity, home=tmp_path, clock=StoppedClock(NOW)).unlock()


@pytest.mark.parametrize("form", ["text", "file", "callable"])
def test_the_private_string_comes_in_three_forms(
    issuer: Issuer, identity: AppIdentity, private_string: str, tmp_path: Path, form: str
) -> None:
    (tmp_path / "key").write_text(f"{private_string}\n")
    source = {"text": private_string, "file": tmp_path / "key", "callable": lambda: private_string}
    file = issuer.security_file(identity, private_string=private_string)
    service = KeyService(file, identity, source[form], tmp_path)
    assert service.unlock().fingerprint == identity.fingerprint


@pytest.mark.parametrize("wrong", [None, "", "Wrong0123456789ab"])
def test_a_wrong_private_string_is_refused(
    issuer: Issuer, identity: AppIdentity, private_string: str, tmp_path: Path, wrong: str | None
) -> None:
    file = issuer.security_file(identity, private_string=private_string)
    with pytest.raises(SecurityFileError):
        KeyService(file, identity, wrong, tmp_path).unlock()
    with pytest.raises(SecurityFileError):
        KeyService(file, identity, tmp_path / "missing", tmp_path).unlock()


def test_no_private_string_shows_in_a_repr(
    issuer: Issuer, identity: AppIdentity, private_string: str, tmp_path: Path
) -> None:
    file = issuer.security_file(identity, private_string=private_string)
    assert private_string not in repr(KeyService(file, identity, private_string, tmp_path))


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "main.py").write_text("print()")
    sign_app_folder(folder, "com.example.player", make_manifest_key(tmp_path / "developer.key"))
    return folder


def test_an_apps_folder_is_its_identity(issuer: Issuer, app: Path, tmp_path: Path) -> None:
    identity = sign_identity(app)
    service = KeyService(issuer.security_file(identity), app, home=tmp_path)
    assert service.unlock().fingerprint == identity.fingerprint


def test_an_altered_app_is_refused_before_any_key_is_opened(
    issuer: Issuer, app: Path, tmp_path: Path
) -> None:
    file = issuer.security_file(sign_identity(app))
    (app / "main.py").write_text("print('altered')")
    asked: list[str] = []
    service = KeyService(file, app, lambda: asked.append("asked") or "", tmp_path)
    with pytest.raises(AppIdentityError):
        service.unlock()
    assert asked == []


@pytest.mark.parametrize("change", ["other bundle id", "other key"])
def test_an_app_that_was_signed_as_another_does_not_open_the_file(
    issuer: Issuer, app: Path, tmp_path: Path, change: str
) -> None:
    file = issuer.security_file(sign_identity(app))
    if change == "other key":
        sign_app_folder(app, "com.example.player", make_manifest_key(tmp_path / "other.key"))
    else:
        sign_app_folder(app, "com.example.thief", load_manifest_key(tmp_path / "developer.key"))
    service = KeyService(file, app, home=tmp_path)
    with pytest.raises(SecurityFileError) as caught:
        service.unlock()
    assert caught.value.remedy


def test_an_app_says_how_it_has_shown_itself(
    issuer: Issuer, app: Path, identity: AppIdentity, tmp_path: Path
) -> None:
    signed = KeyService(issuer.security_file(sign_identity(app)), app, home=tmp_path)
    assert signed.unlock().level is IdentityLevel.MANIFEST
    named = KeyService(issuer.security_file(identity), identity, home=tmp_path)
    assert named.unlock().level is IdentityLevel.FILE


def test_a_file_that_asks_for_a_signed_app_does_not_open_for_a_name(
    issuer: Issuer, app: Path, tmp_path: Path
) -> None:
    asked = AppRequirements(least_level=IdentityLevel.MANIFEST)
    file = issuer.security_file(sign_identity(app), requirements=asked)
    KeyService(file, app, home=tmp_path).unlock()
    with pytest.raises(AppIdentityError) as caught:
        KeyService(file, sign_identity(app), home=tmp_path).unlock()
    assert "app sign" in caught.value.remedy


def test_the_main_scripts_folder_is_the_app_when_none_is_named(
    issuer: Issuer, app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = issuer.security_file(sign_identity(app))
    main = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    with pytest.raises(AppIdentityError):
        KeyService(file, home=tmp_path).unlock()
    main.__file__ = str(tmp_path / "script.py")
    with pytest.raises(AppIdentityError):
        KeyService(file, home=tmp_path).unlock()
    main.__file__ = str(app / "main.py")
    KeyService(file, home=tmp_path).unlock()


def sign_identity(app: Path) -> AppIdentity:
    return check_app_folder(app)


@pytest.fixture
def fresh_process() -> Iterator[None]:
    key_service.uninstall()
    yield
    key_service.uninstall()


@pytest.mark.usefixtures("fresh_process")
@pytest.mark.behaviour("B20")
def test_one_file_for_the_process_and_the_last_one_counts(
    issuer: Issuer, identity: AppIdentity, tmp_path: Path
) -> None:
    assert key_service.installed() is None
    with pytest.raises(SecurityFileError):
        key_service.current()
    key_service.install(b"nonsense", identity, None, tmp_path)
    first = key_service.current()
    key_service.install(issuer.security_file(identity), identity, None, tmp_path)
    assert key_service.installed() is key_service.current()
    assert key_service.current().unlock().fingerprint == identity.fingerprint
    with pytest.raises(SecurityFileError):
        first.unlock()
