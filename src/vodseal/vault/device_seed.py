"""The device seed: 32 random bytes that make this device this device.

Promises, in order of weight (security.md 3.4, 00.5):

1. A crash at any step of a write loses no seed. There are two slots; a write
   goes to the one that is not in use, is durable before the call returns, and
   only a whole record counts as one. So the old seed stays readable until the
   new one is.
2. A damaged store is never taken for an empty one. Making a new seed in its
   place would throw away every license of this device without a word.
3. Two processes that start at once agree on one seed: making it needs the lock.

Beside the seed stands an ``Anchor``: two numbers that only rise. What the vault
keeps in its folder can be put back from a backup; these show it (security.md 00.5,
3.7), as long as the store lies elsewhere.

A slot holds ``magic 8 | sequence 8 | seed 32 | generation 8 | high water 8 |
SHA-256 of all before 32``; one without the two numbers has zeros for them. The
slot with the higher sequence wins. Where the slots lie is a ``KeyStore``'s
business: here a 0600 file each, the weakest of the levels in security.md 3.4.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from vodseal.credential.device import KeyStoreLevel
from vodseal.errors import MalformedError, MisuseError
from vodseal.vault.folder_lock import FolderLock
from vodseal.vault.private_files import make_own_folder, write_private_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

__all__ = [
    "Anchor",
    "FileKeyStore",
    "KeyStore",
    "SeedRecord",
    "Slot",
    "load_anchor",
    "load_or_create_seed",
    "raise_anchor",
    "save_seed",
]

SEED_SIZE: Final = 32
_MAGIC: Final = b"\x89VSD\r\n\x1a\n"
_NUMBER_SIZE: Final = 8
_DIGEST_SIZE: Final = 32
_SEED_AT: Final = len(_MAGIC) + _NUMBER_SIZE
_ANCHOR_AT: Final = _SEED_AT + SEED_SIZE
_BODY_SIZES: Final = frozenset({_ANCHOR_AT, _ANCHOR_AT + 2 * _NUMBER_SIZE})


class Slot(StrEnum):
    """One of the two places. The values are names on disk."""

    A = "a"
    B = "b"


class KeyStore(Protocol):
    """Two slots that outlive the process."""

    def level(self) -> KeyStoreLevel:
        """Return how well it keeps what it holds, or will hold."""

    def read(self, slot: Slot) -> bytes | None:
        """Return what the slot holds, or None when nothing was ever written."""

    def write(self, slot: Slot, record: bytes) -> None:
        """Put ``record`` into the slot; durable on return."""

    def lock(self) -> AbstractContextManager[object]:
        """Hold the store against other threads and processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What no backup of the vault's folder brings back. Neither number ever falls."""

    generation: int = 0
    """How often a license was given up on this device."""

    high_water: int = 0
    """The latest second since 1970 that was ever taken for true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedRecord:
    """A seed, its anchor, and how many records were written before."""

    seed: bytes = field(repr=False)
    sequence: int
    anchor: Anchor = Anchor()

    def encode(self) -> bytes:
        """Return the bytes of a slot."""
        numbers = (self.anchor.generation, self.anchor.high_water)
        body = _MAGIC + _bytes(self.sequence) + self.seed + b"".join(map(_bytes, numbers))
        return body + hashlib.sha256(body).digest()

    @classmethod
    def decode(cls, data: bytes) -> SeedRecord | None:
        """Return the record, or None when ``data`` is not a whole one."""
        body, digest = data[:-_DIGEST_SIZE], data[-_DIGEST_SIZE:]
        if len(body) not in _BODY_SIZES or not data.startswith(_MAGIC):
            return None
        if hashlib.sha256(body).digest() != digest:
            return None
        generation, high_water = body[_ANCHOR_AT:][:_NUMBER_SIZE], body[_ANCHOR_AT:][_NUMBER_SIZE:]
        return cls(
            seed=body[_SEED_AT:_ANCHOR_AT],
            sequence=int.from_bytes(body[len(_MAGIC) : _SEED_AT], "big"),
            anchor=Anchor(
                generation=int.from_bytes(generation, "big"),
                high_water=int.from_bytes(high_water, "big"),
            ),
        )


def _bytes(number: int) -> bytes:
    return number.to_bytes(_NUMBER_SIZE, "big")


def load_or_create_seed(
    store: KeyStore, random: Callable[[int], bytes] = secrets.token_bytes
) -> bytes:
    """Return the device's seed; the first call on a device makes it.

    Raises:
        MalformedError: Something is stored, and none of it is a whole record.
            Nothing was written.
        KeyStoreError: The store is locked, denied or emptied. No seed was made.
        OSError: The store could not be read or written.
    """
    with store.lock():
        current = _current(store)
        if current is not None:
            return current.record.seed
        record = SeedRecord(seed=random(SEED_SIZE), sequence=1)
        store.write(Slot.A, record.encode())
        return record.seed


def save_seed(store: KeyStore, seed: bytes) -> None:
    """Make ``seed`` the device's seed, leaving the one before in the other slot.

    Raises:
        MalformedError, KeyStoreError: As ``load_or_create_seed``. Nothing was written.
        OSError: The store could not be written; the seed before is still in use.
    """
    with store.lock():
        current = _current(store)
        if current is None:
            store.write(Slot.A, SeedRecord(seed=seed, sequence=1).encode())
        else:
            _write_next(store, current, replace(current.record, seed=seed))


def load_anchor(store: KeyStore) -> Anchor:
    """Return the anchor; both numbers are 0 where no seed was made yet.

    Raises:
        MalformedError, KeyStoreError, OSError: As ``load_or_create_seed``.
    """
    with store.lock():
        current = _current(store)
        return Anchor() if current is None else current.record.anchor


def raise_anchor(store: KeyStore, *, generation: int = 0, high_water: int = 0) -> Anchor:
    """Return the anchor after each number was raised to the one given; durable on return.

    A number that is not above the stored one changes nothing.

    Raises:
        MisuseError: There is no seed yet, and so nothing to anchor.
        MalformedError, KeyStoreError, OSError: As ``save_seed``; the anchor before still
            holds.
    """
    with store.lock():
        current = _current(store)
        if current is None:
            raise MisuseError("an anchor is kept beside a seed, and there is none")
        before = current.record.anchor
        anchor = Anchor(
            generation=max(generation, before.generation),
            high_water=max(high_water, before.high_water),
        )
        if anchor != before:
            _write_next(store, current, replace(current.record, anchor=anchor))
        return anchor


def _write_next(store: KeyStore, current: _Held, record: SeedRecord) -> None:
    """Write ``record`` behind the current one, into the slot that is not in use."""
    slot = Slot.B if current.slot is Slot.A else Slot.A
    store.write(slot, replace(record, sequence=current.record.sequence + 1).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    slot: Slot
    record: SeedRecord


def _current(store: KeyStore) -> _Held | None:
    held: list[_Held] = []
    damaged = False
    for slot in Slot:
        data = store.read(slot)
        record = None if data is None else SeedRecord.decode(data)
        if record is not None:
            held.append(_Held(slot=slot, record=record))
        damaged = damaged or (data is not None and record is None)
    if damaged and not held:
        raise MalformedError(
            "the device key of this user is damaged",
            remedy="Restore the vodseal home folder from a backup. Without it, downloads of "
            "this device cannot be opened; remove its device.a and device.b to start anew.",
        )
    return max(held, key=lambda one: one.record.sequence, default=None)


class FileKeyStore:
    """Two files of mode 0600 in one folder.

    Any program of this user can read them: the level that is always there, not
    the level to prefer.
    """

    def __init__(self, folder: Path, stem: str = "device") -> None:
        """``stem`` sets the slots of one store apart from those of another in the same folder."""
        self._folder = folder
        self._stem = stem

    def level(self) -> KeyStoreLevel:
        """Return the weakest level."""
        return KeyStoreLevel.FILE

    def is_used(self) -> bool:
        """Return whether anything was ever written here."""
        return any(self._path(slot).exists() for slot in Slot)

    def read(self, slot: Slot) -> bytes | None:
        """Return the file's bytes, or None when there is none."""
        try:
            return self._path(slot).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, slot: Slot, record: bytes) -> None:
        """Replace the file at once: write beside it, sync, rename, sync the folder."""
        make_own_folder(self._folder)
        write_private_file(self._path(slot), record)

    def lock(self) -> AbstractContextManager[object]:
        """Hold the folder's lock file."""
        make_own_folder(self._folder)
        return FolderLock(self._folder / "device.lock")

    def _path(self, slot: Slot) -> Path:
        return self._folder / f"{self._stem}.{slot}"
