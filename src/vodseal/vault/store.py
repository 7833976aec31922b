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
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final

from vodseal.container.cobblestone import open_message, seal_message
from vodseal.credential.device import DeviceKeys, derive_device_keys
from vodseal.errors import UnsupportedVersionError
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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from vodseal.credential.device import KeyStoreLevel
    from vodseal.vault.device_seed import Anchor, KeyStore

__all__ = ["NO_APP", "Vault"]

NO_APP: Final = bytes(32)
"""The fingerprint under which normal mode keeps its secrets: no app is involved."""

_SCHEMA_VERSION: Final = 1
_BUSY_SECONDS: Final = 30.0
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS sealed (
    kind TEXT NOT NULL,
    download_id BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (kind, download_id)
) WITHOUT ROWID
"""


class _Kind(StrEnum):
    """What a row is. The values are stored, and are part of the seal's context."""

    LICENSE = "license"
    SECRET = "secret"  # noqa: S105 - a kind of row
    CERTIFICATE = "certificate"


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
        self._save(_Kind.LICENSE, download_id, envelope)

    def load_license(self, download_id: bytes) -> bytes | None:
        """Return a download's license envelope, or None.

        Raises:
            TamperedError: The row was altered, or belongs to another device.
        """
        return self._load(_Kind.LICENSE, download_id)

    def delete_license(self, download_id: bytes) -> None:
        """Forget a license; no license is no error."""
        self._delete(_Kind.LICENSE, download_id)

    def save_certificate(self, serial: bytes, envelope: bytes) -> None:
        """Keep the device's certificate for a security file; durable on return."""
        self._save(_Kind.CERTIFICATE, serial, envelope)

    def load_certificate(self, serial: bytes) -> bytes | None:
        """Return the certificate for a security file, or None.

        Raises:
            TamperedError: The row was altered, or belongs to another device.
        """
        return self._load(_Kind.CERTIFICATE, serial)

    def delete_certificate(self, serial: bytes) -> None:
        """Forget a certificate; no certificate is no error."""
        self._delete(_Kind.CERTIFICATE, serial)

    def save_secret(self, download_id: bytes, secret: bytes) -> None:
        """Keep a secret, in the place of the one before; durable on return."""
        self._save(_Kind.SECRET, download_id, secret)

    def load_secret(self, download_id: bytes) -> bytes | None:
        """Return a download's secret, or None.

        Raises:
            TamperedError: The row was altered, or belongs to another device.
        """
        return self._load(_Kind.SECRET, download_id)

    def delete_secret(self, download_id: bytes) -> None:
        """Forget a secret; no secret is no error."""
        self._delete(_Kind.SECRET, download_id)

    def _save(self, kind: _Kind, download_id: bytes, value: bytes) -> None:
        sealed = seal_message(self.device.state_key, _context(kind, download_id), value)
        with self._database() as database:
            database.execute(
                "INSERT OR REPLACE INTO sealed (kind, download_id, value) VALUES (?, ?, ?)",
                (kind.value, download_id, sealed),
            )

    def _load(self, kind: _Kind, download_id: bytes) -> bytes | None:
        with self._database() as database:
            row = database.execute(
                "SELECT value FROM sealed WHERE kind = ? AND download_id = ?",
                (kind.value, download_id),
            ).fetchone()
        if row is None:
            return None
        return open_message(self.device.state_key, _context(kind, download_id), row[0])

    def _delete(self, kind: _Kind, download_id: bytes) -> None:
        with self._database() as database:
            database.execute(
                "DELETE FROM sealed WHERE kind = ? AND download_id = ?", (kind.value, download_id)
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
                _prepare_schema(database)
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


def _prepare_schema(database: sqlite3.Connection) -> None:
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    if version > _SCHEMA_VERSION:
        raise UnsupportedVersionError(
            "the vault was written by a later version of vodseal", remedy="Update the app."
        )
    if version < _SCHEMA_VERSION:
        database.execute(_SCHEMA)
        database.execute(f"PRAGMA user_version={_SCHEMA_VERSION}")


def _context(kind: _Kind, download_id: bytes) -> bytes:
    return b"vodseal1/vault\0" + kind.encode() + b"\0" + download_id
