"""Licenses move to another security file all at once, and an interruption harms none."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from vodseal.credential.fingerprint import AppIdentity
from vodseal.credential.revocation import RevocationList, Subject
from vodseal.errors import (
    LicenseError,
    LicenseMissingError,
    LicenseRevokedError,
    MisuseError,
    SecurityFileError,
    VaultRestoredError,
    VodsealError,
)
from vodseal.license.model import Issuer as Signer
from vodseal.vault.key_service import KeyService
from vodseal.vault.rekey import rekey
from vodseal.vault.rows import Change, Kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Issuer

IDS = [bytes([number]) * 16 for number in range(1, 5)]
OLD_SERIAL, NEW_SERIAL = b"serial-of-the-1.", b"serial-of-the-2."
NOW = 5_000.0
STRING = "Abcdefgh12345678"


def content_key(license_id: bytes) -> bytes:
    return license_id * 2


def nobody(_done: int, _total: int) -> None:
    """Hear of the progress."""


@dataclass
class Update:
    """An app before and after it got another security file."""

    home: Path
    old_file: bytes
    new_file: bytes
    old_identity: AppIdentity
    new_identity: AppIdentity

    def old(self) -> KeyService:
        return KeyService(self.old_file, self.old_identity, home=self.home)

    def new(self) -> KeyService:
        return KeyService(self.new_file, self.new_identity, home=self.home)

    def rekey(self, ids: list[bytes] | None = None) -> None:
        rekey(self.old(), self.new(), ids, nobody)


@pytest.fixture(params=["same app", "other app"])
def update(request: pytest.FixtureRequest, issuer: Issuer, tmp_path: Path) -> Update:
    """Re-issued for the same identity, with one store; or for another one, with two."""
    old = AppIdentity.android_sha1(":".join(["AA"] * 20))
    new = old if request.param == "same app" else AppIdentity.android_sha1(":".join(["BB"] * 20))
    old_file = issuer.security_file(old, serial=OLD_SERIAL)
    made = Update(tmp_path / "home", old_file, b"", old, new)
    vault = made.old().vault()
    for one in IDS:
        key = content_key(one)
        envelope = issuer.license(old, vault, one, key, expires_at=9_000, serial=OLD_SERIAL)
        vault.save_license(one, envelope)
    vault.write(Change(kind=Kind.PLAY, row_id=IDS[0], value=b"\xa2\x00\x19\x10\x00\x01\x01"))
    made.new_file = issuer.security_file(new, serial=NEW_SERIAL)
    _ = made.new().vault().device
    return made


def opens(keys: KeyService, one: bytes) -> bool:
    try:
        return keys.open_content_key(one, NOW) == content_key(one)
    except LicenseError:
        return False


@pytest.mark.behaviour("B50")
def test_afterwards_only_the_new_file_opens_them(update: Update) -> None:
    assert all(opens(update.old(), one) for one in IDS)
    assert not any(opens(update.new(), one) for one in IDS)
    heard: list[tuple[int, int]] = []
    done = rekey(update.old(), update.new(), None, lambda *told: heard.append(told))
    assert heard == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert (sorted(done.moved), done.present, done.left) == (IDS, (), {})
    assert all(opens(update.new(), one) for one in IDS)
    assert not any(opens(update.old(), one) for one in IDS)


@pytest.mark.behaviour("B50")
def test_only_the_named_ones_are_moved(update: Update) -> None:
    done = rekey(update.old(), update.new(), IDS[:2], nobody)
    assert list(done.moved) == IDS[:2]
    assert [opens(update.new(), one) for one in IDS] == [True, True, False, False]
    assert [opens(update.old(), one) for one in IDS] == [False, False, True, True]
    done = rekey(update.old(), update.new(), IDS, nobody)
    assert (list(done.present), list(done.moved)) == (IDS[:2], IDS[2:])


def test_what_a_license_allows_stays(update: Update) -> None:
    before = [update.old().licenses().held(one) for one in IDS]
    play = update.old().vault().read(Kind.PLAY, IDS[0])
    update.rekey()
    for one, was in zip(IDS, before, strict=True):
        now = update.new().licenses().held(one)
        assert now.issuer is was.issuer is Signer.SERVICE
        assert now.terms.serial == NEW_SERIAL
        assert (now.terms.expires_at, now.terms.sequence) == (9_000, was.terms.sequence)
        assert now.ck_digest == was.ck_digest
    assert update.new().vault().read(Kind.PLAY, IDS[0]) == play


def test_an_ended_license_is_moved_and_does_not_live_again(update: Update) -> None:
    update.rekey()
    with pytest.raises(LicenseError):
        update.new().open_content_key(IDS[0], 9_000)


def test_no_time_is_gained(update: Update) -> None:
    update.old().vault().raise_anchor(high_water=8_000)
    update.rekey()
    assert update.new().vault().anchor().high_water >= 8_000


def test_moving_twice_changes_nothing(update: Update) -> None:
    update.rekey()
    done = rekey(update.old(), update.new(), IDS, nobody)
    assert (done.moved, sorted(done.present), done.left) == ((), IDS, {})


def test_a_license_that_is_not_there_is_left_and_said(update: Update) -> None:
    done = rekey(update.old(), update.new(), [IDS[0], b"?" * 16], nobody)
    assert list(done.moved) == [IDS[0]]
    assert isinstance(done.left[b"?" * 16], LicenseMissingError)


def test_an_altered_license_is_left_and_the_others_move(update: Update) -> None:
    vault = update.old().vault()
    envelope = bytearray(vault.load_license(IDS[1]) or b"")
    envelope[-1] ^= 1
    vault.save_license(IDS[1], bytes(envelope))
    done = rekey(update.old(), update.new(), None, nobody)
    assert set(done.moved) == set(IDS) - {IDS[1]}
    assert set(done.left) == {IDS[1]}


def revoke(issuer: Issuer, keys: KeyService, subject: Subject, name: bytes) -> None:
    made = RevocationList(number=1, issued_at=1, expires_at=9_000, revoked={subject: {name: 0}})
    keys.licenses().revocations.take_in(made.seal(issuer.key), NOW)


def test_a_revoked_license_or_device_does_not_get_away(update: Update, issuer: Issuer) -> None:
    revoke(issuer, update.old(), Subject.LICENSE, IDS[0])
    done = rekey(update.old(), update.new(), None, nobody)
    assert isinstance(done.left[IDS[0]], LicenseRevokedError)
    assert set(done.moved) == set(IDS[1:])


def test_a_revoked_device_moves_nothing(update: Update, issuer: Issuer) -> None:
    revoke(issuer, update.old(), Subject.DEVICE, update.old().vault().device.device_id)
    done = rekey(update.old(), update.new(), None, nobody)
    assert (done.moved, set(done.left)) == ((), set(IDS))


def test_a_revoked_security_file_can_be_left_behind(update: Update, issuer: Issuer) -> None:
    """That is what re-issuing is for: the new file has another serial."""
    revoke(issuer, update.old(), Subject.APP, update.old().unlock().serial)
    assert not opens(update.old(), IDS[0])
    update.rekey()
    assert opens(update.new(), IDS[0])


def test_the_same_file_twice_is_refused(update: Update) -> None:
    with pytest.raises(MisuseError):
        rekey(update.old(), update.old(), None, nobody)


def test_a_file_that_does_not_open_moves_nothing(update: Update, issuer: Issuer) -> None:
    locked = issuer.security_file(
        update.new_identity, private_string=STRING, serial=b"serial-of-the-3."
    )
    for string in (None, "Wrongwrong123456"):
        with pytest.raises(SecurityFileError):
            rekey(
                update.old(),
                KeyService(locked, update.new_identity, string, update.home),
                None,
                nobody,
            )
    assert all(opens(update.old(), one) for one in IDS)


def test_a_backup_from_before_is_told(update: Update, tmp_path: Path) -> None:
    folder, backup = update.old().vault().folder, tmp_path / "backup"
    shutil.copytree(folder, backup)
    update.rekey()
    for file in folder.glob("vault.db*"):
        file.unlink()
    for file in backup.glob("vault.db*"):
        shutil.copy2(file, folder)
    with pytest.raises(VaultRestoredError):
        update.old().open_content_key(IDS[0], NOW)
    with pytest.raises(VaultRestoredError):
        update.rekey()


class Killer:
    """Ends the process at the n-th thing that it does to a store: a statement, a sync, a rename."""

    def __init__(self, at: int) -> None:
        self._left = at

    def step(self, *_: object) -> None:
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1

    def wrapped(self, call: Callable[..., object]) -> Callable[..., object]:
        def stepped(*arguments: object, **named: object) -> object:
            self.step()
            result = call(*arguments, **named)
            self.step()
            return result

        return stepped

    def connect(self, *arguments: object, **named: object) -> sqlite3.Connection:
        database = _connect(*arguments, **named)
        database.set_trace_callback(self.step)
        return database


_connect: Callable[..., sqlite3.Connection] = sqlite3.connect


def killed_at(update: Update, step: int) -> bool:
    """Whether a rekey in another process was killed at that step; else it was done before."""
    child = os.fork()
    if child == 0:
        killer = Killer(step)
        sqlite3.connect = killer.connect  # type: ignore[assignment]  # the test stands in its place
        for name in ("fsync", "rename", "replace", "unlink"):
            setattr(os, name, killer.wrapped(getattr(os, name)))
        try:
            update.rekey()
        except BaseException:  # noqa: BLE001 - the parent looks at the exit status
            os._exit(2)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


@pytest.mark.slow
@pytest.mark.behaviour("B50")
def test_a_kill_at_any_step_harms_nothing(update: Update, tmp_path: Path) -> None:
    before = tmp_path / "before"
    shutil.copytree(update.home, before)
    step = 0
    while killed_at(update, step):
        old, new = update.old(), update.new()
        by_old = [opens(old, one) for one in IDS]
        by_new = [opens(new, one) for one in IDS]
        assert all(map(max, by_old, by_new)), f"step {step}: {by_old} {by_new}"
        assert len(set(by_new)) == 1, f"step {step}: some were moved and others not"
        update.rekey()
        assert all(opens(update.new(), one) for one in IDS), f"step {step}"
        assert not any(opens(update.old(), one) for one in IDS), f"step {step}"
        shutil.rmtree(update.home)
        shutil.copytree(before, update.home)
        step += 1
    assert step > 20


class BrokenDisk:
    """A store whose n-th statement fails, as of a full disk."""

    def __init__(self, at: int) -> None:
        self.left = at

    def connect(self, *arguments: object, **named: object) -> sqlite3.Connection:
        database = _connect(*arguments, **named)

        def authorize(*_: object) -> int:
            self.left -= 1
            return sqlite3.SQLITE_DENY if self.left < 0 else sqlite3.SQLITE_OK

        database.set_authorizer(authorize)
        return database


@pytest.mark.slow
@pytest.mark.behaviour("B50")
def test_a_failure_at_any_step_harms_nothing(
    update: Update, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tmp_path / "before"
    shutil.copytree(update.home, before)
    step, done = 0, False
    while not done:
        disk = BrokenDisk(step)
        with monkeypatch.context() as patch:
            patch.setattr(sqlite3, "connect", disk.connect)
            with contextlib.suppress(sqlite3.Error, VodsealError):
                update.rekey()
            done = disk.left >= 0
        old, new = update.old(), update.new()
        by_new = [opens(new, one) for one in IDS]
        assert all(opens(old, one) or moved for one, moved in zip(IDS, by_new, strict=True))
        update.rekey()
        assert all(opens(update.new(), one) for one in IDS), f"step {step}"
        assert not any(opens(update.old(), one) for one in IDS), f"step {step}"
        shutil.rmtree(update.home)
        shutil.copytree(before, update.home)
        step += 7  # each is a column or a table: every seventh meets each statement
