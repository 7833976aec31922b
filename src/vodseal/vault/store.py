"""The vault of one app on one device: its device keys, licenses and secrets.

Promises, in order of weight (security.md 3.4, 3.5):

1. ``save_*`` returns after the value is durable: a license is on disk before the
   first segment of its download is fetched.
2. Nothing lies in it in clear. Values are sealed under the state key, which
   comes from the device seed, and their kind and id are in the seal's context:
   a row moved under another id, or to another device, does not open.
3. Threads and processes may use one vault at once; SQLite settles who is first.

Each operation opens the database anew. They are rare, and so there is nothing
to close, to share or to inherit over a fork.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from contextlib import closing, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Final

from vodseal.credential.device import DeviceKeys, derive_device_keys
from vodseal.vault.device_seed import (
    FileKeyStore,
    load_anchor,
    load_or_create_seed,
    raise_anchor,
)
from vodseal.vault.device_store import DeviceKeyStore
from vodseal.vault.folder_lock import FolderLock
from vodseal.vault.home import app_home
from vodseal.vault.private_files import NO_LINK, make_own_folder
from vodseal.vault.rows import Change, Kind, apply_change, prepare_schema, read_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from vodseal.credential.device import KeyStoreLevel
    from vodseal.vault.device_seed import Anchor, KeyStore

__all__ = ["NO_APP", "Vault"]

NO_APP: Final = bytes(32)
"""The fingerprint under which normal mode keeps its secrets: no app is involved."""

_BUSY_SECONDS: Final = 30.0
_GENERATION_SIZE: Final = 8


class Vault:
    """What one app keeps on this device."""

    def __init__(
        self,
        home: Path,
        fingerprint: bytes,
        *,
        key_store: KeyStore | None = None,
        file_allowed: bool = True,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """Name the vault; nothing is read or written before the first use.

        Args:
            home: The user's home folder of vodseal.
            fingerprint: The app's, 32 bytes; ``NO_APP`` for normal mode.
            key_store: Where the device seed lies. By default the system's key store
                where there is one, else files in the vault; for ``NO_APP`` always
                files, since what normal mode makes is not secret.
            file_allowed: Whether the seed may lie in files at all (SPEC credential §7).
            random: Where the bytes of a new seed come from.
        """
        self.folder = app_home(home, fingerprint)
        self._key_store = key_store or _default_store(
            self.folder, fingerprint, file_allowed=file_allowed
        )
        self._random = random

    @cached_property
    def device(self) -> DeviceKeys:
        """Return the keys of this device for this app; the first use makes them.

        Raises:
            MalformedError: The stored seed is damaged. Nothing was written.
            KeyStoreError: The key store is locked, denied or emptied, likewise.
            OSError: The store cannot be read or written.
        """
        return derive_device_keys(load_or_create_seed(self._key_store, self._random))

    def key_store_level(self) -> KeyStoreLevel:
        """Return how well this device keeps its seed. Raises as ``device``."""
        _ = self.device  # until it is made, it lies nowhere
        return self._key_store.level()

    def anchor(self) -> Anchor:
        """Return the numbers in the key store that never fall; 0 on a new device.

        Raises:
            MalformedError, KeyStoreError, OSError: As ``device``.
        """
        return load_anchor(self._key_store)

    def raise_anchor(self, *, generation: int = 0, high_water: int = 0) -> Anchor:
        """Return the anchor, raised to the numbers given; durable on return.

        Raises:
            MalformedError, KeyStoreError, OSError: As ``device``. The anchor before still holds.
        """
        _ = self.device  # it is kept beside the seed
        return raise_anchor(self._key_store, generation=generation, high_water=high_water)

    def save_license(self, download_id: bytes, envelope: bytes) -> None:
        """Keep a license, in the place of the one before; durable on return."""
        self.write(Change(kind=Kind.LICENSE, row_id=download_id, value=envelope))

    def load_license(self, download_id: bytes) -> bytes | None:
        """Return a download's license envelope, or None.

        Raises:
            TamperedError: The row was altered, or belongs to another device.
        """
        return self.read(Kind.LICENSE, download_id)

    def delete_license(self, download_id: bytes) -> None:
        """Forget a license; no license is no error."""
        self.write(Change(kind=Kind.LICENSE, row_id=download_id))

    def save_certificate(self, serial: bytes, envelope: bytes) -> None:
        """Keep the device's certificate for a security file; durable on return."""
        self.write(Change(kind=Kind.CERTIFICATE, row_id=serial, value=envelope))

    def load_certificate(self, serial: bytes) -> bytes | None:
        """Return the certificate for a security file, or None.

        Raises:
            TamperedError: The row was altered, or belongs to another device.
        """
        return self.read(Kind.CERTIFICATE, serial)

    def delete_certificate(self, serial: bytes) -> None:
        """Forget a certificate; no certificate is no error."""
        self.write(Change(kind=Kind.CERTIFICATE, row_id=serial))

    def save_secret(self, download_id: bytes, secret: bytes) -> None:
        """Keep a secret, in the place of the one before; durable on return."""
        self.write(Change(kind=Kind.SECRET, row_id=download_id, value=secret))

    def load_secret(self, download_id: bytes) -> bytes | None:
        """Return a download's secret, or None.

        Raises:
            TamperedError: The row was altered, or belongs to another device.
        """
        return self.read(Kind.SECRET, download_id)

    def delete_secret(self, download_id: bytes) -> None:
        """Forget a secret; no secret is no error."""
        self.write(Change(kind=Kind.SECRET, row_id=download_id))

    def read(self, kind: Kind, row_id: bytes = b"") -> bytes | None:
        """Return the value of a row, or None.

        Raises:
            TamperedError: The row was altered, or belongs to another device.
        """
        with self._database() as database:
            return read_row(database, kind, row_id, self.device.state_key)

    def row_ids(self, kind: Kind) -> list[bytes]:
        """Return the ids of all rows of a kind."""
        with self._database() as database:
            found = database.execute(
                "SELECT download_id FROM sealed WHERE kind = ? ORDER BY download_id", (kind.value,)
            )
            return [row[0] for row in found]

    def write(self, *changes: Change) -> None:
        """Make all changes in one transaction; durable on return."""
        state_key = self.device.state_key
        with self._database() as database:
            for change in changes:
                apply_change(database, change, state_key)

    def is_restored(self) -> bool:
        """Return whether the rows are older than what the key store remembers (SPEC license §10.3).

        A crash between the two leaves the rows ahead; that is made good here.
        """
        anchored = self.anchor().generation  # first: whoever raises both, raises it last
        with self._database() as database:
            generation = self._generation(database)
        if generation > anchored:
            self.raise_anchor(generation=generation)
        return generation < anchored

    def write_for_good(self, *changes: Change, accept: bool = False) -> None:
        """Make changes that no backup of the rows can take back unseen; durable on return.

        Args:
            changes: All of them, or none.
            accept: Also take rows that were put back from a backup for the true
                ones from now on. Without it, such rows stay marked as that.
        """
        anchored, state_key = self.anchor().generation, self.device.state_key
        with self._database() as database:
            database.execute("BEGIN IMMEDIATE")
            generation = self._generation(database)
            if accept or generation >= anchored:
                generation = max(generation, anchored) + 1
            value = generation.to_bytes(_GENERATION_SIZE, "big")
            for change in (*changes, Change(kind=Kind.GENERATION, value=value)):
                apply_change(database, change, state_key)
        self.raise_anchor(generation=generation)

    def _generation(self, database: sqlite3.Connection) -> int:
        return int.from_bytes(
            read_row(database, Kind.GENERATION, b"", self.device.state_key) or b"", "big"
        )

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection inside one transaction, which ends with the block."""
        make_own_folder(self.folder)
        path = self.folder / "vault.db"
        flags = os.O_RDWR | os.O_CREAT | NO_LINK
        os.close(os.open(path, flags, 0o600))  # SQLite would let others read it
        with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as database:
            self._enter_wal(database)
            database.execute("PRAGMA synchronous=FULL")
            database.execute("PRAGMA secure_delete=ON")
            with database:
                prepare_schema(database)
                yield database

    def _enter_wal(self, database: sqlite3.Connection) -> None:
        """Switch a new database to WAL. SQLite refuses two at once without waiting."""
        if database.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            with FolderLock(self.folder / "vault.lock"):
                database.execute("PRAGMA journal_mode=WAL")


def _default_store(folder: Path, fingerprint: bytes, *, file_allowed: bool) -> KeyStore:
    if fingerprint == NO_APP:
        return FileKeyStore(folder)
    return DeviceKeyStore(folder, file_allowed=file_allowed)
