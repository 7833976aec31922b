"""What the service has revoked does not open, from the next contact on and for good."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vodseal.credential.revocation import RevocationList, Subject
from vodseal.errors import (
    ErrorCode,
    LicenseRevokedError,
    RevocationListError,
    VaultRestoredError,
)
from vodseal.vault.key_service import KeyService

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from conftest import Issuer
    from vodseal.credential.fingerprint import AppIdentity

ONE, TWO = b"1" * 16, b"2" * 16
CONTENT_KEY = b"k" * 32
NOW = 5_000.0


@pytest.fixture
def keys(issuer: Issuer, identity: AppIdentity, tmp_path: Path) -> KeyService:
    made = KeyService(issuer.security_file(identity), identity, home=tmp_path / "home")
    for one in (ONE, TWO):
        made.vault().save_license(one, issuer.license(identity, made.vault(), one, CONTENT_KEY))
    return made


def listed(
    issuer: Issuer,
    revoked: Mapping[Subject, Mapping[bytes, int]],
    *,
    number: int = 1,
    at: int = 4_000,
) -> bytes:
    made = RevocationList(number=number, issued_at=at, expires_at=at + 2_000, revoked=revoked)
    return made.seal(issuer.key)


def take_in(keys: KeyService, envelope: bytes, now: float = NOW) -> None:
    keys.licenses().revocations.take_in(envelope, now)


def test_without_a_list_nothing_is_revoked(keys: KeyService) -> None:
    assert keys.licenses().revocations.current() is None
    assert keys.open_content_key(ONE, NOW) == CONTENT_KEY


def test_a_revoked_license_gives_no_key_and_the_others_do(issuer: Issuer, keys: KeyService) -> None:
    take_in(keys, listed(issuer, {Subject.LICENSE: {ONE: 0}}))
    with pytest.raises(LicenseRevokedError) as caught:
        keys.open_content_key(ONE, NOW)
    assert caught.value.code is ErrorCode.LICENSE_REVOKED
    assert caught.value.remedy
    assert keys.open_content_key(TWO, NOW) == CONTENT_KEY


@pytest.mark.parametrize("subject", [Subject.APP, Subject.DEVICE])
def test_a_revoked_app_or_device_gives_none_at_all(
    issuer: Issuer, keys: KeyService, subject: Subject
) -> None:
    name = keys.unlock().serial if subject is Subject.APP else keys.vault().device.device_id
    take_in(keys, listed(issuer, {subject: {name: 0}}))
    for one in (ONE, TWO):
        for use in (keys.open_content_key, keys.note_play, keys.licenses().remaining):
            with pytest.raises(LicenseRevokedError):
                use(one, NOW)


def test_a_license_that_is_revoked_is_not_taken_in_anew(
    issuer: Issuer, identity: AppIdentity, keys: KeyService
) -> None:
    take_in(keys, listed(issuer, {Subject.LICENSE: {ONE: 0}}))
    envelope = issuer.license(identity, keys.vault(), ONE, CONTENT_KEY)
    with pytest.raises(LicenseRevokedError):
        keys.licenses().open_new(envelope, ONE, NOW)


def test_a_time_of_grace_ends_also_for_a_clock_that_was_set_back(
    issuer: Issuer, keys: KeyService
) -> None:
    serial = keys.unlock().serial
    take_in(keys, listed(issuer, {Subject.APP: {serial: 6_000}}))
    assert keys.open_content_key(ONE, 5_999.9) == CONTENT_KEY
    with pytest.raises(LicenseRevokedError):
        keys.open_content_key(ONE, 6_000)
    take_in(keys, listed(issuer, {Subject.APP: {serial: 6_000}}, at=6_500), 6_500)
    with pytest.raises(LicenseRevokedError):
        keys.open_content_key(ONE, NOW)


def test_the_list_outlives_its_end_and_the_process(
    issuer: Issuer, identity: AppIdentity, keys: KeyService, tmp_path: Path
) -> None:
    take_in(keys, listed(issuer, {Subject.LICENSE: {ONE: 0}}))
    later = KeyService(issuer.security_file(identity), identity, home=tmp_path / "home")
    with pytest.raises(LicenseRevokedError):
        later.open_content_key(ONE, 1e9)


@pytest.mark.parametrize(
    "what", ["older", "ended", "a stranger's", "altered", "a license", "empty"]
)
def test_a_list_that_may_not_be_taken_in_leaves_the_one_before(
    issuer: Issuer, identity: AppIdentity, keys: KeyService, what: str
) -> None:
    good = listed(issuer, {Subject.LICENSE: {ONE: 0}}, number=2)
    take_in(keys, good)
    stranger = Ed25519PrivateKey.generate()
    wrong = {
        "older": listed(issuer, {}, number=1, at=4_500),
        "ended": listed(issuer, {}, number=3, at=2_000),
        "a stranger's": RevocationList(number=3, issued_at=4_000, expires_at=9_000).seal(stranger),
        "altered": good[:-1] + bytes([good[-1] ^ 1]),
        "a license": issuer.license(identity, keys.vault(), ONE, CONTENT_KEY),
        "empty": b"",
    }[what]
    with pytest.raises(RevocationListError) as caught:
        take_in(keys, wrong)
    assert caught.value.remedy
    with pytest.raises(LicenseRevokedError):
        keys.open_content_key(ONE, NOW)


def test_the_same_number_later_is_taken_in(issuer: Issuer, keys: KeyService) -> None:
    take_in(keys, listed(issuer, {Subject.LICENSE: {ONE: 0}}))
    take_in(keys, listed(issuer, {Subject.LICENSE: {ONE: 0, TWO: 0}}, at=4_100))
    with pytest.raises(LicenseRevokedError):
        keys.open_content_key(TWO, NOW)


def test_a_backup_from_before_the_revocation_does_not_undo_it(
    issuer: Issuer, keys: KeyService, tmp_path: Path
) -> None:
    """The vault's rows are put back; the key store knows that there were later ones."""
    folder = keys.vault().folder
    _ = keys.open_content_key(ONE, NOW)
    backup = tmp_path / "backup"
    backup.mkdir()
    for file in folder.glob("vault.db*"):
        shutil.copy2(file, backup)
    take_in(keys, listed(issuer, {Subject.LICENSE: {ONE: 0}}))
    for file in folder.glob("vault.db*"):
        file.unlink()
    for file in backup.iterdir():
        shutil.copy2(file, folder)
    with pytest.raises(VaultRestoredError):
        keys.open_content_key(ONE, NOW)
