"""The world of the threat model: a real service, real devices, and what an attacker holds.

One test file for each row of the threat model, named after the attacker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.behaviours.conftest import (  # noqa: F401 - fixtures, used by name
    app,
    bare_phone,
    film_path,
    house,
    new_app,
    new_phone,
    phone,
    secure_mode,
    video,
    wire,
)

from vodseal.vault.device_store import DeviceKeyStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.unit.vault.keyring_fakes import FakeKeyring

    from vodseal.vault.device_seed import KeyStore


class KeyStores:
    """The key store of the system that a process runs on; ``None``: it has none."""

    def __init__(self) -> None:
        self.here: FakeKeyring | None = None

    def found(self) -> Mapping[str, FakeKeyring]:
        return self.here.found() if self.here else {}

    def open(self, folder: Path, _fingerprint: bytes, *, file_allowed: bool) -> KeyStore:
        return DeviceKeyStore(folder, backends=self.found, file_allowed=file_allowed)


@pytest.fixture
def key_stores(monkeypatch: pytest.MonkeyPatch) -> KeyStores:
    """Give every vault from here on the key store of the system that the test says."""
    stores = KeyStores()
    monkeypatch.setattr("vodseal.vault.store._default_store", stores.open)
    return stores
