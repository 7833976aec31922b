"""The vault keeps, seals and forgets; what was moved or altered does not open."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest

from vodseal.errors import TamperedError, UnsupportedVersionError
from vodseal.vault.store import NO_APP, Vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APP = bytes(range(32))
ONE, TWO = b"1" * 16, b"2" * 16
SECRET = b"a content key of thirty-two byte"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path, APP)


@contextlib.contextmanager
def database(vault: Vault) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(vault.folder / "vault.db")) as connection, connection:
        yield connection


def test_what_was_kept_is_there_for_the_next_process(vault: Vault, tmp_path: Path) -> None:
    vault.save_license(ONE, b"license")
    vault.save_secret(ONE, b"secret")
    later = Vault(tmp_path, APP)
    assert later.load_license(ONE) == b"license"
    assert later.load_secret(ONE) == b"secret"
    assert later.load_license(TWO) is None
    assert later.device.device_id == vault.device.device_id


def test_a_second_save_replaces_the_first(vault: Vault) -> None:
    vault.save_license(ONE, b"old")
    vault.save_license(ONE, b"new")
    assert vault.load_license(ONE) == b"new"


def test_forgetting_is_for_one_kind_and_one_download(vault: Vault) -> None:
    for download_id in (ONE, TWO):
        vault.save_license(download_id, b"license")
        vault.save_secret(download_id, b"secret")
    vault.delete_license(ONE)
    vault.delete_license(ONE)
    vault.delete_secret(TWO)
    assert [vault.load_license(one) for one in (ONE, TWO)] == [None, b"license"]
    assert [vault.load_secret(one) for one in (ONE, TWO)] == [b"secret", None]


def test_nothing_lies_there_in_clear(vault: Vault) -> None:
    vault.save_secret(ONE, SECRET)
    vault.save_license(ONE, SECRET)
    with database(vault) as connection:  # keeps the write-ahead log in place
        connection.execute("SELECT * FROM sealed").fetchall()
        stored = b"".join(path.read_bytes() for path in vault.folder.iterdir())
    assert SECRET not in stored
    assert vault.device.state_key not in stored


def test_its_files_are_this_users_alone(vault: Vault) -> None:
    vault.save_secret(ONE, SECRET)
    assert vault.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in vault.folder.iterdir()} == {0o600}


@pytest.mark.parametrize(
    "move",
    [
        "UPDATE sealed SET download_id = x'32323232323232323232323232323232'",
        "UPDATE sealed SET kind = 'license'",
        "UPDATE sealed SET value = CAST(value || x'00' AS BLOB)",
    ],
)
def test_a_row_that_was_moved_or_altered_does_not_open(vault: Vault, move: str) -> None:
    vault.save_secret(ONE, SECRET)
    with database(vault) as connection:
        connection.execute(move)
    with pytest.raises(TamperedError):
        _ = [load(one) for load in (vault.load_secret, vault.load_license) for one in (ONE, TWO)]


def test_a_copy_on_another_device_does_not_open(vault: Vault, tmp_path: Path) -> None:
    vault.save_secret(ONE, SECRET)
    other = Vault(tmp_path / "other", APP)
    other.save_secret(TWO, b"its own")
    shutil.copy(vault.folder / "vault.db", other.folder / "vault.db")
    with pytest.raises(TamperedError):
        other.load_secret(ONE)


def test_two_apps_are_two_devices(vault: Vault, tmp_path: Path) -> None:
    assert Vault(tmp_path, NO_APP).device.device_id != vault.device.device_id


def test_a_vault_of_a_later_version_is_left_alone(vault: Vault) -> None:
    vault.save_secret(ONE, SECRET)
    with database(vault) as connection:
        connection.execute("PRAGMA user_version=2")
    with pytest.raises(UnsupportedVersionError):
        vault.load_secret(ONE)


def test_threads_that_start_at_once_lose_nothing(tmp_path: Path) -> None:
    gate = threading.Barrier(8)
    failures: list[BaseException] = []

    def save(number: int) -> None:
        try:
            gate.wait()
            Vault(tmp_path, APP).save_secret(bytes([number]) * 16, bytes([number]))
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failures.append(error)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    vault = Vault(tmp_path, APP)
    assert [vault.load_secret(bytes([n]) * 16) for n in range(8)] == [bytes([n]) for n in range(8)]


def test_a_vaults_anchor_lies_beside_its_seed(tmp_path: Path) -> None:
    vault = Vault(tmp_path, NO_APP)
    assert vault.raise_anchor(generation=2).generation == 2
    device = vault.device.device_id
    again = Vault(tmp_path, NO_APP)
    assert again.anchor().generation == 2
    assert again.device.device_id == device
