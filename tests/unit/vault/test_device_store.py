"""The seed goes into the system's key store where there is one, and is never lost or replaced."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import keyring.errors
import pytest
from tests.unit.vault.keyring_fakes import Crash, FakeKeyring, none_found

from vodseal.credential.device import KeyStoreLevel
from vodseal.error_codes import ErrorCode
from vodseal.errors import KeyStoreError, MalformedError
from vodseal.vault.device_seed import (
    FileKeyStore,
    Slot,
    load_anchor,
    load_or_create_seed,
    raise_anchor,
    save_seed,
)
from vodseal.vault.device_store import NOTE_NAME, DeviceKeyStore
from vodseal.vault.store import NO_APP, Vault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OLD, NEW = b"\x01" * 32, b"\x02" * 32


@pytest.fixture
def ring() -> FakeKeyring:
    return FakeKeyring()


def store_on(folder: Path, ring: FakeKeyring) -> DeviceKeyStore:
    return DeviceKeyStore(folder, backends=ring.found)


def test_the_seed_is_in_the_key_store_and_nowhere_in_the_folder(
    tmp_path: Path, ring: FakeKeyring
) -> None:
    seed = load_or_create_seed(store_on(tmp_path, ring))
    assert load_or_create_seed(store_on(tmp_path, ring)) == seed
    assert store_on(tmp_path, ring).level() is KeyStoreLevel.SYSTEM
    assert sorted(path.name for path in tmp_path.iterdir()) == ["device.lock", NOTE_NAME]
    for path in tmp_path.iterdir():
        assert seed not in path.read_bytes()
        assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_stored_fits_into_the_smallest_key_store(tmp_path: Path, ring: FakeKeyring) -> None:
    store = store_on(tmp_path, ring)
    save_seed(store, OLD)
    raise_anchor(store, generation=2**64 - 1, high_water=2**64 - 1)
    assert [len(value) for value in ring.values.values()] == [128, 128]


def test_a_new_seed_leaves_the_old_one_in_the_other_slot(tmp_path: Path, ring: FakeKeyring) -> None:
    store = store_on(tmp_path, ring)
    for seed in (OLD, NEW, OLD):
        save_seed(store, seed)
        assert load_or_create_seed(store) == seed
    assert len(ring.values) == 2


def test_two_vaults_have_two_seeds_in_one_key_store(tmp_path: Path, ring: FakeKeyring) -> None:
    seeds = {load_or_create_seed(store_on(tmp_path / name, ring)) for name in "ab"}
    assert len(seeds) == 2


def test_without_a_key_store_the_seed_is_a_file_and_it_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = DeviceKeyStore(tmp_path, backends=none_found)
    assert store.level() is KeyStoreLevel.FILE
    seed = load_or_create_seed(store)
    assert load_or_create_seed(FileKeyStore(tmp_path)) == seed
    save_seed(store, NEW)
    assert load_or_create_seed(FileKeyStore(tmp_path)) == NEW
    assert [record.message for record in caplog.records] == [
        "This system has no key store that can be used: the device key is kept in a file"
    ]
    assert seed.hex() not in caplog.text


def test_a_seed_stays_where_it_was_made(tmp_path: Path, ring: FakeKeyring) -> None:
    save_seed(DeviceKeyStore(tmp_path, backends=none_found), OLD)
    later = store_on(tmp_path, ring)
    assert later.level() is KeyStoreLevel.FILE
    assert load_or_create_seed(later) == OLD
    save_seed(later, NEW)
    assert load_or_create_seed(later) == NEW
    assert ring.values == {}


def test_normal_mode_asks_no_key_store(tmp_path: Path) -> None:
    vault = Vault(tmp_path, NO_APP)
    assert vault.key_store_level() is KeyStoreLevel.FILE
    assert (vault.folder / "device.a").exists()


LOCKED = keyring.errors.KeyringLocked("the seed is AQEBAQ")
REFUSALS = [
    LOCKED,
    keyring.errors.InitError("no daemon"),
    keyring.errors.PasswordSetError("denied"),
    keyring.errors.NoKeyringError(),
    OSError("the bus is gone"),
    RuntimeError("whatever a plug-in raises"),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda error: type(error).__name__)
def test_a_key_store_that_refuses_is_an_error_and_no_new_device(
    tmp_path: Path, ring: FakeKeyring, refusal: Exception
) -> None:
    store = store_on(tmp_path, ring)
    save_seed(store, OLD)
    before = dict(ring.values)
    ring.refusal = refusal
    calls: list[Callable[[], object]] = [
        lambda: load_or_create_seed(store),
        lambda: save_seed(store, NEW),
        lambda: raise_anchor(store, generation=1),
    ]
    for call in calls:
        with pytest.raises(KeyStoreError) as caught:
            call()
        assert caught.value.code is ErrorCode.KEY_STORE_UNUSABLE
        assert "AQEBAQ" not in str(caught.value)
        assert caught.value.remedy
    ring.refusal = None
    assert ring.values == before
    assert load_or_create_seed(store) == OLD


def test_a_key_store_that_is_locked_at_the_first_use_makes_no_file(
    tmp_path: Path, ring: FakeKeyring
) -> None:
    ring.refusal = LOCKED
    with pytest.raises(KeyStoreError):
        load_or_create_seed(store_on(tmp_path, ring))
    assert [path.name for path in tmp_path.iterdir()] == ["device.lock"]


def test_a_key_store_out_of_reach_is_no_reason_for_another_seed(
    tmp_path: Path, ring: FakeKeyring
) -> None:
    save_seed(store_on(tmp_path, ring), OLD)
    away = DeviceKeyStore(tmp_path, backends=none_found)
    assert away.level() is KeyStoreLevel.SYSTEM
    with pytest.raises(KeyStoreError, match="cannot be reached"):
        load_or_create_seed(away)
    with pytest.raises(KeyStoreError):
        save_seed(away, NEW)
    assert load_or_create_seed(store_on(tmp_path, ring)) == OLD


def test_an_emptied_key_store_is_not_a_new_one(tmp_path: Path, ring: FakeKeyring) -> None:
    save_seed(store_on(tmp_path, ring), OLD)
    ring.values.clear()
    with pytest.raises(KeyStoreError, match="no longer holds"):
        load_or_create_seed(store_on(tmp_path, ring))
    assert ring.values == {}


@pytest.mark.parametrize("value", ["", "!", "QUJD"])
def test_a_damaged_entry_is_not_an_empty_one(tmp_path: Path, ring: FakeKeyring, value: str) -> None:
    save_seed(store_on(tmp_path, ring), OLD)
    for name in ring.values:
        ring.values[name] = value
    with pytest.raises(MalformedError):
        load_or_create_seed(store_on(tmp_path, ring))


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"\xff", b'{"backend": "x"}', b"[" * 200_000], ids=range(6)
)
def test_a_damaged_note_is_not_a_missing_one(
    tmp_path: Path, ring: FakeKeyring, data: bytes
) -> None:
    save_seed(store_on(tmp_path, ring), OLD)
    (tmp_path / NOTE_NAME).write_bytes(data)
    with pytest.raises(MalformedError):
        load_or_create_seed(store_on(tmp_path, ring))


@pytest.mark.parametrize("limit", [0, 127])
def test_a_key_store_that_cuts_values_is_found_out(
    tmp_path: Path, ring: FakeKeyring, limit: int
) -> None:
    store = store_on(tmp_path, ring)
    ring.limit = limit
    with pytest.raises(KeyStoreError, match="give back"):
        load_or_create_seed(store)
    assert not (tmp_path / NOTE_NAME).exists()
    ring.limit = None
    save_seed(store, OLD)
    ring.limit = limit
    with pytest.raises(KeyStoreError, match="give back"):
        save_seed(store, NEW)
    assert load_or_create_seed(store) == OLD


STEPS = [(call, after) for call in range(12) for after in (False, True)]


@pytest.mark.parametrize(("call", "after"), STEPS)
@pytest.mark.parametrize("loses_first", [False, True])
def test_a_crash_at_any_call_of_the_key_store_loses_no_seed(
    tmp_path: Path, ring: FakeKeyring, call: int, *, after: bool, loses_first: bool
) -> None:
    ring.loses_first = loses_first
    store = store_on(tmp_path, ring)
    save_seed(store, OLD)
    raise_anchor(store, generation=1)
    ring.calls, ring.crash_at, ring.after = 0, call, after
    try:
        save_seed(store, NEW)
        done = True
    except Crash:
        done = False
    ring.crash_at = None
    found = load_or_create_seed(store_on(tmp_path, ring))
    assert found == NEW if done else found in {OLD, NEW}
    assert load_anchor(store_on(tmp_path, ring)).generation == 1


@pytest.mark.parametrize(("call", "after"), STEPS)
def test_a_crash_while_the_first_seed_is_made_leaves_a_device_that_starts(
    tmp_path: Path, ring: FakeKeyring, call: int, *, after: bool
) -> None:
    ring.crash_at, ring.after = call, after
    made = None
    try:
        made = load_or_create_seed(store_on(tmp_path, ring))
    except Crash:
        assert not (tmp_path / NOTE_NAME).exists()
    ring.crash_at = None
    seed = load_or_create_seed(store_on(tmp_path, ring))
    assert made in {None, seed}
    assert load_or_create_seed(store_on(tmp_path, ring)) == seed


@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
def test_a_note_that_cannot_be_written_leaves_a_device_that_starts(
    tmp_path: Path, ring: FakeKeyring, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("disk gone")

    with monkeypatch.context() as broken:
        if step == "open":
            broken.setattr(os, "fdopen", fail)
        elif step == "fsync":
            broken.setattr(os, "fsync", fail)
        else:
            broken.setattr(type(tmp_path), "replace", fail)
        with pytest.raises(OSError, match="disk gone"):
            load_or_create_seed(store_on(tmp_path, ring))
    seed = load_or_create_seed(store_on(tmp_path, ring))
    assert load_or_create_seed(store_on(tmp_path, ring)) == seed


def test_slots_are_told_apart(tmp_path: Path, ring: FakeKeyring) -> None:
    store = store_on(tmp_path, ring)
    store.write(Slot.A, b"one")
    store.write(Slot.B, b"two")
    assert [store.read(slot) for slot in Slot] == [b"one", b"two"]


def test_where_files_are_not_allowed_none_is_made_and_none_is_used(
    tmp_path: Path, ring: FakeKeyring
) -> None:
    strict = DeviceKeyStore(tmp_path, backends=none_found, file_allowed=False)
    with pytest.raises(KeyStoreError, match="does not let"):
        load_or_create_seed(strict)
    assert [path.name for path in tmp_path.iterdir()] == ["device.lock"]
    save_seed(DeviceKeyStore(tmp_path, backends=none_found), OLD)
    with pytest.raises(KeyStoreError, match="does not let"):
        load_or_create_seed(strict)
    with pytest.raises(KeyStoreError, match="does not let"):
        save_seed(strict, NEW)
    better = DeviceKeyStore(tmp_path / "b", backends=ring.found, file_allowed=False)
    assert load_or_create_seed(better) == load_or_create_seed(better)


class FakeTpm:
    """Seals by turning the bits; ``is_another`` opens nothing that was sealed here."""

    def __init__(self) -> None:
        self.is_another = False

    def seal(self, data: bytes) -> bytes:
        return b"tpm" + bytes(255 - byte for byte in data)

    def open(self, blob: bytes) -> bytes:
        if self.is_another or not blob.startswith(b"tpm"):
            raise KeyStoreError
        return bytes(255 - byte for byte in blob[3:])


@pytest.mark.parametrize("step", ["before the note", "after the note"])
@pytest.mark.parametrize("keyring", [True, False], ids=["key-store", "files"])
def test_a_crash_beside_the_note_of_a_sealed_seed_leaves_a_device_that_starts(
    tmp_path: Path, ring: FakeKeyring, step: str, *, keyring: bool
) -> None:
    tpm = FakeTpm()
    backends = ring.found if keyring else none_found
    store = DeviceKeyStore(tmp_path, backends=backends, tpm=lambda: tpm)
    first = load_or_create_seed(store)
    assert store.level() is KeyStoreLevel.TPM
    if step == "before the note":
        (tmp_path / NOTE_NAME).unlink()
    again = load_or_create_seed(store)
    assert (again == first) is (step == "after the note")
    assert load_or_create_seed(store) == again
    tpm.is_another = True
    with pytest.raises(KeyStoreError):
        load_or_create_seed(store)


def test_a_seed_that_was_made_without_a_tpm_stays_as_it_is(
    tmp_path: Path, ring: FakeKeyring
) -> None:
    save_seed(store_on(tmp_path, ring), OLD)
    later = DeviceKeyStore(tmp_path, backends=ring.found, tpm=FakeTpm)
    assert later.level() is KeyStoreLevel.SYSTEM
    assert load_or_create_seed(later) == OLD
