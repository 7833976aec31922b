"""The device seed survives every crash, and damage is told, not papered over."""

from __future__ import annotations

import hashlib
import os
import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from vodseal.credential.device import KeyStoreLevel
from vodseal.errors import MalformedError, MisuseError
from vodseal.vault.device_seed import (
    Anchor,
    FileKeyStore,
    SeedRecord,
    Slot,
    load_anchor,
    load_or_create_seed,
    raise_anchor,
    save_seed,
)

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

OLD, NEW = b"\x01" * 32, b"\x02" * 32


class MemoryKeyStore:
    """Two slots in memory; a write may be cut short, as power loss does it."""

    def __init__(self) -> None:
        self.slots: dict[Slot, bytes] = {}
        self.cut_at: int | None = None

    def level(self) -> KeyStoreLevel:
        return KeyStoreLevel.FILE

    def read(self, slot: Slot) -> bytes | None:
        return self.slots.get(slot)

    def write(self, slot: Slot, record: bytes) -> None:
        self.slots[slot] = record[: self.cut_at]
        if self.cut_at is not None:
            raise OSError("power lost")

    def lock(self) -> AbstractContextManager[object]:
        return nullcontext()


def test_first_load_makes_a_seed_and_later_ones_return_it() -> None:
    store = MemoryKeyStore()
    seed = load_or_create_seed(store)
    assert len(seed) == 32
    assert load_or_create_seed(store) == seed


def test_a_new_seed_takes_over_and_the_old_one_stays_in_the_other_slot() -> None:
    store = MemoryKeyStore()
    for seed in (OLD, NEW, OLD):
        save_seed(store, seed)
        assert load_or_create_seed(store) == seed
    assert {one.seed for one in map(SeedRecord.decode, store.slots.values()) if one} == {OLD, NEW}


@pytest.mark.parametrize("cut_at", range(97))
def test_a_write_cut_anywhere_leaves_the_old_seed(cut_at: int) -> None:
    store = MemoryKeyStore()
    save_seed(store, OLD)
    store.cut_at = cut_at
    if cut_at < 96:
        with pytest.raises(OSError, match="power"):
            save_seed(store, NEW)
        assert load_or_create_seed(store) == OLD
    else:
        store.cut_at = None
        save_seed(store, NEW)
        assert load_or_create_seed(store) == NEW


@pytest.mark.parametrize("byte", range(96))
def test_a_damaged_store_is_not_an_empty_one(byte: int) -> None:
    store = MemoryKeyStore()
    save_seed(store, OLD)
    record = bytearray(store.slots[Slot.A])
    record[byte] ^= 1
    store.slots[Slot.A] = bytes(record)
    with pytest.raises(MalformedError) as caught:
        load_or_create_seed(store)
    assert caught.value.remedy
    with pytest.raises(MalformedError):
        save_seed(store, NEW)
    assert store.slots == {Slot.A: bytes(record)}


def test_the_files_are_this_users_alone(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "app"
    seed = load_or_create_seed(FileKeyStore(folder))
    save_seed(FileKeyStore(folder), NEW)
    assert load_or_create_seed(FileKeyStore(folder)) == NEW != seed
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "device.a": 0o600,
        "device.b": 0o600,
        "device.lock": 0o600,
    }


@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
def test_a_file_write_that_fails_at_any_step_keeps_the_old_seed(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileKeyStore(tmp_path)
    save_seed(store, OLD)

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
            save_seed(store, NEW)
    assert load_or_create_seed(store) == OLD
    save_seed(store, NEW)
    assert load_or_create_seed(store) == NEW


def test_threads_that_start_at_once_agree_on_one_seed(tmp_path: Path) -> None:
    gate = threading.Barrier(8)
    seeds: set[bytes] = set()

    def load() -> None:
        gate.wait()
        seeds.add(load_or_create_seed(FileKeyStore(tmp_path)))

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seeds) == 1


def test_the_anchor_rises_and_never_falls() -> None:
    store = MemoryKeyStore()
    assert load_anchor(store) == Anchor()
    save_seed(store, OLD)
    assert raise_anchor(store, generation=3) == Anchor(generation=3)
    assert raise_anchor(store, high_water=100) == Anchor(generation=3, high_water=100)
    assert raise_anchor(store, generation=2, high_water=99) == load_anchor(store)
    assert load_anchor(store) == Anchor(generation=3, high_water=100)
    assert load_or_create_seed(store) == OLD


def test_a_new_seed_keeps_the_anchor() -> None:
    store = MemoryKeyStore()
    save_seed(store, OLD)
    raise_anchor(store, generation=3, high_water=100)
    save_seed(store, NEW)
    assert load_anchor(store) == Anchor(generation=3, high_water=100)


def test_an_anchor_that_does_not_rise_writes_nothing() -> None:
    store = MemoryKeyStore()
    save_seed(store, OLD)
    raise_anchor(store, generation=1)
    before = dict(store.slots)
    raise_anchor(store, generation=1)
    assert store.slots == before


@pytest.mark.parametrize("cut_at", range(96))
def test_an_anchor_cut_anywhere_leaves_seed_and_anchor_before(cut_at: int) -> None:
    store = MemoryKeyStore()
    save_seed(store, OLD)
    raise_anchor(store, generation=1)
    store.cut_at = cut_at
    with pytest.raises(OSError, match="power"):
        raise_anchor(store, generation=2)
    assert load_or_create_seed(store) == OLD
    assert load_anchor(store) == Anchor(generation=1)


def test_an_anchor_needs_a_seed() -> None:
    store = MemoryKeyStore()
    with pytest.raises(MisuseError):
        raise_anchor(store, generation=1)
    assert store.slots == {}


def test_a_record_of_the_first_version_is_still_read() -> None:
    store = MemoryKeyStore()
    body = b"\x89VSD\r\n\x1a\n" + (7).to_bytes(8, "big") + OLD
    store.slots[Slot.B] = body + hashlib.sha256(body).digest()
    assert load_or_create_seed(store) == OLD
    assert raise_anchor(store, generation=1).generation == 1
    assert load_or_create_seed(store) == OLD


def test_no_seed_shows_in_a_repr() -> None:
    assert OLD.hex() not in repr(SeedRecord(seed=OLD, sequence=1))
    assert repr(OLD)[2:-1] not in repr(SeedRecord(seed=OLD, sequence=1))
