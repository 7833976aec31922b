"""Row 3: somebody steals the powered-off disk. The key store's contents need the user's password."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.scenario.threats.hands import frames, refusal
from tests.unit.vault.keyring_fakes import FakeKeyring

from vodseal.container.cobblestone import open_message
from vodseal.container.header import Header
from vodseal.credential.device import derive_device_keys
from vodseal.errors import FormatError, KeyStoreError
from vodseal.testing.leakscan import LeakKind, LeakScanner
from vodseal.vault import key_service
from vodseal.vault.device_seed import SeedRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.behaviours.house import App, House
    from tests.behaviours.phone import Phone
    from tests.scenario.threats.conftest import KeyStores

    from vodseal.vault.store import Vault

    Video = Callable[..., str]

NOW = 2_000_000_000


@pytest.fixture
def ring(key_stores: KeyStores) -> FakeKeyring:
    key_stores.here = FakeKeyring()
    return key_stores.here


def secrets_of(seed: bytes, content_key: bytes) -> dict[str, bytes]:
    """Return everything that opens something on this device."""
    device = derive_device_keys(seed)
    return {
        "device seed": seed,
        "state key": device.state_key,
        "device key agreement key": device.kem.private_bytes_raw(),
        "device signing key": device.signing.private_bytes_raw(),
        "app key": key_service.current().unlock().app_key.private_bytes_raw(),
        "content key": content_key,
    }


def content_key_of(sealed: Path, house: House) -> bytes:
    download_id = Header.peek(sealed.read_bytes()[:4096]).download_id
    return key_service.current().open_content_key(download_id, house.clock.now())


def seeds_in(ring: FakeKeyring) -> Iterator[bytes]:
    from base64 import b64decode

    for value in ring.values.values():
        record = SeedRecord.decode(b64decode(value))
        assert record is not None
        yield record.seed


def test_no_key_and_no_picture_lies_on_the_disk(
    phone: Phone, app: App, house: House, video: Video, ring: FakeKeyring
) -> None:
    phone.load(app)
    sealed, _ = phone.download(house.sts(video("short")))
    (seed,) = set(seeds_in(ring))
    secrets = secrets_of(seed, content_key_of(sealed, house))
    scanner = LeakScanner(markers={}, secrets=secrets)
    assert scanner.scan(phone.folder) == []
    (phone.home / "planted").write_bytes(b"x" * 100 + secrets["state key"].hex().encode())
    assert [found.kind for found in scanner.scan(phone.folder)] == [LeakKind.SECRET]


def test_nothing_on_the_disk_is_the_seed(
    phone: Phone, app: App, house: House, video: Video, ring: FakeKeyring
) -> None:
    """Whatever 32 bytes of the home are taken for a seed, the vault's rows stay shut."""
    phone.load(app)
    phone.download(house.sts(video("short")))
    vault = key_service.current().vault()
    rows = sealed_rows(vault)
    assert rows
    context, row = rows[0]
    assert opens(derive_device_keys(next(seeds_in(ring))).state_key, context, row)
    guesses = {
        data[start : start + 32]
        for path in phone.home.rglob("*")
        if path.is_file()
        for data in [path.read_bytes().rstrip(b"\0")]
        for start in range(len(data) - 31)
    }
    assert len(guesses) > 1_000
    for guess in guesses:
        assert not opens(derive_device_keys(guess).state_key, context, row)


def sealed_rows(vault: Vault) -> list[tuple[bytes, bytes]]:
    import contextlib
    import sqlite3

    with contextlib.closing(sqlite3.connect(vault.folder / "vault.db")) as database:
        found = database.execute("SELECT kind, download_id, value FROM sealed").fetchall()
    return [
        (b"vodseal1/vault\0" + kind.encode() + b"\0" + name, value) for kind, name, value in found
    ]


def opens(state_key: bytes, context: bytes, row: bytes) -> bool:
    try:
        open_message(state_key, context, row)
    except FormatError:
        return False
    return True


def test_without_the_password_nothing_plays(  # noqa: PLR0917 - fixtures
    phone: Phone, app: App, house: House, video: Video, key_stores: KeyStores, ring: FakeKeyring
) -> None:
    phone.load(app)
    sealed, _ = phone.download(house.sts(video("short")))
    ring.refusal = RuntimeError("locked")
    phone.load(app)
    assert isinstance(refusal(sealed).__cause__, KeyStoreError)
    key_stores.here = None
    phone.load(app)
    assert isinstance(refusal(sealed).__cause__, KeyStoreError)
    key_stores.here, ring.refusal = ring, None
    phone.load(app)
    assert frames(sealed) > 0


def test_a_seed_in_a_file_is_on_the_disk_and_the_scan_says_so(
    phone: Phone, app: App, house: House, video: Video, key_stores: KeyStores
) -> None:
    """The weaker level: only disk encryption helps here, as SECURITY.md says."""
    assert key_stores.here is None
    phone.load(app)
    sealed, _ = phone.download(house.sts(video("short")))
    folder = key_service.current().vault().folder
    record = SeedRecord.decode((folder / "device.a").read_bytes())
    assert record is not None
    secrets = secrets_of(record.seed, content_key_of(sealed, house))
    found = LeakScanner(markers={}, secrets=secrets).scan(phone.folder)
    assert {one.label for one in found} == {"device seed as raw"}
    assert {one.path.name for one in found} <= {"device.a", "device.b"}
