"""A software TPM (swtpm) that the TSS talks to as it does to a chip."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.tools import require_module, require_tool
from tests.unit.vault.keyring_fakes import FakeKeyring, none_found

from vodseal.credential.device import KeyStoreLevel
from vodseal.errors import KeyStoreError
from vodseal.vault.device_seed import load_anchor, load_or_create_seed, raise_anchor, save_seed
from vodseal.vault.device_store import DeviceKeyStore
from vodseal.vault.tpm_seal import TpmSealer, system_tpm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SEED = b"\x01" * 32


@contextlib.contextmanager
def running_tpm(folder: Path) -> Iterator[TpmSealer]:
    """Start a software TPM, whose state is in ``folder``."""
    folder.mkdir(exist_ok=True)
    socket, pid_file = folder / "s", folder / "pid"
    subprocess.run(
        [
            *(require_tool("swtpm"), "socket", "--tpm2", "--tpmstate", f"dir={folder}"),
            *("--server", f"type=unixio,path={socket}"),
            *("--ctrl", f"type=unixio,path={socket}.ctrl"),
            *("--flags", "not-need-init,startup-clear"),
            *("--daemon", "--pid", f"file={pid_file}"),
        ],
        check=True,
    )
    try:
        yield TpmSealer(f"swtpm:path={socket}")
    finally:
        os.kill(int(pid_file.read_text()), signal.SIGTERM)


@pytest.fixture
def new_tpm(tmp_path: Path) -> Iterator[Callable[[str], TpmSealer]]:
    """Return who starts the TPM of a machine, by the machine's name."""
    require_module("tpm2_pytss")
    require_tool("swtpm")
    with contextlib.ExitStack() as stack:
        yield lambda name: stack.enter_context(running_tpm(tmp_path / name))


def test_what_one_tpm_sealed_it_opens_and_another_does_not(
    new_tpm: Callable[[str], TpmSealer],
) -> None:
    here, elsewhere = new_tpm("here"), new_tpm("elsewhere")
    blob = here.seal(SEED * 4)
    assert SEED not in blob
    assert len(blob) * 4 / 3 < 1_280
    assert here.open(blob) == SEED * 4
    with pytest.raises(KeyStoreError, match="TPM"):
        elsewhere.open(blob)
    for broken in (blob[:-1], blob[:100] + bytes([blob[100] ^ 1]) + blob[101:], b""):
        with pytest.raises(KeyStoreError, match="TPM"):
            here.open(broken)
    with pytest.raises(KeyStoreError):
        here.seal(bytes(129))


def test_the_same_chip_opens_after_a_restart(tmp_path: Path) -> None:
    require_module("tpm2_pytss")
    with running_tpm(tmp_path / "chip") as before:
        blob = before.seal(SEED)
    with running_tpm(tmp_path / "chip") as after:
        assert after.open(blob) == SEED


@pytest.mark.parametrize("keyring", [True, False], ids=["key-store", "files"])
def test_a_seed_is_sealed_wherever_it_lies(
    tmp_path: Path, new_tpm: Callable[[str], TpmSealer], *, keyring: bool
) -> None:
    here, elsewhere, ring = new_tpm("here"), new_tpm("elsewhere"), FakeKeyring()
    backends = ring.found if keyring else none_found
    store = DeviceKeyStore(tmp_path / "v", backends=backends, tpm=lambda: here, file_allowed=False)
    seed = load_or_create_seed(store)
    save_seed(store, SEED)
    assert raise_anchor(store, generation=1).generation == 1
    assert store.level() is KeyStoreLevel.TPM
    assert (load_or_create_seed(store), load_anchor(store).generation) == (SEED, 1)
    on_disk = b"".join(path.read_bytes() for path in (tmp_path / "v").iterdir())
    assert SEED not in on_disk
    assert seed not in on_disk
    away = DeviceKeyStore(tmp_path / "v", backends=backends, tpm=lambda: elsewhere)
    without = DeviceKeyStore(tmp_path / "v", backends=backends, tpm=lambda: None)
    for other in (away, without):
        with pytest.raises(KeyStoreError, match="TPM"):
            load_or_create_seed(other)
    assert load_or_create_seed(store) == SEED


def test_a_tpm_that_is_not_there_is_named() -> None:
    require_module("tpm2_pytss")
    with pytest.raises(KeyStoreError, match="TPM"):
        TpmSealer("swtpm:path=/nonexistent").seal(SEED)


@pytest.mark.skipif(os.access("/dev/tpmrm0", os.R_OK), reason="this machine has one")
def test_a_machine_without_a_tpm_has_none() -> None:
    assert system_tpm() is None
