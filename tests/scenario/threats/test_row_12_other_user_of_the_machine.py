"""Row 12: another user of the same machine, who is not its administrator."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.scenario.threats.hands import frames

from vodseal.vault.folder_lock import FolderLock
from vodseal.vault.store import NO_APP, Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.behaviours.house import House
    from tests.behaviours.phone import Phone

    Video = Callable[..., str]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
NOBODY = 65534

_PRYING = """
import json, os, sys
os.setgroups([]); os.setgid({nobody}); os.setuid({nobody})
told = {{"read": [], "written": [], "listed": []}}
for path in json.load(sys.stdin):
    for name, flags in (("read", os.O_RDONLY), ("written", os.O_RDWR)):
        try:
            os.close(os.open(path, flags))
            told[name].append(path)
        except OSError:
            pass
    try:
        os.listdir(path)
        told["listed"].append(path)
    except OSError:
        pass
print(json.dumps(told))
"""


def pry(paths: list[Path]) -> dict[str, list[str]]:
    """Return what somebody else can do with ``paths``: a process that gave up being root."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", _PRYING.format(nobody=NOBODY)],
        input=json.dumps([str(path) for path in paths]),
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )
    told: dict[str, list[str]] = json.loads(done.stdout)
    return told


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that everybody may enter and read, as a home of old is."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        yield place


def of(place: Path) -> list[Path]:
    return sorted(place.rglob("*"))


def test_nothing_of_a_device_is_for_others(phone: Phone, house: House, video: Video) -> None:
    path, _ = phone.download(house.sts(video("short")))
    loose = {
        str(found.relative_to(phone.home)): oct(found.stat().st_mode)
        for found in of(phone.home)
        if found.stat().st_mode & 0o077
    }
    assert loose == {}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root to be others")
def test_somebody_else_reads_writes_and_lists_nothing(open_place: Path) -> None:
    vault = Vault(open_place / "home", bytes(31) + b"\1")
    vault.save_license(b"d" * 16, b"license")
    everything = of(open_place / "home")
    assert len(everything) >= 4
    assert pry(everything) == {"read": [], "written": [], "listed": []}
    (open_place / "public").write_text("x")
    (open_place / "public").chmod(0o644)
    assert pry([open_place / "public"])["read"] == [str(open_place / "public")]


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root to be others")
def test_a_folder_that_somebody_else_made_before_is_not_used(open_place: Path) -> None:
    vault = Vault(open_place / "home", NO_APP)
    vault.folder.mkdir(parents=True, mode=0o700)
    os.chown(vault.folder, NOBODY, NOBODY)
    child = (
        "import os, sys; from pathlib import Path; from vodseal.vault.store import NO_APP, Vault\n"
        "os.setgroups([]); os.setgid(1); os.setuid(1)\n"
        "try: Vault(Path(sys.argv[1]), NO_APP).device\n"
        "except PermissionError as error: print(error.strerror)\n"
    )
    vault.folder.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", child, open_place / "home"],
        capture_output=True,
        text=True,
        check=False,
    )
    if "ModuleNotFoundError" in done.stderr:
        pytest.skip("other users cannot read the modules here: this test shows nothing")
    assert "another user" in done.stdout
    assert of(vault.folder) == []


def test_a_folder_that_others_may_write_to_is_not_used(tmp_path: Path) -> None:
    vault = Vault(tmp_path, NO_APP)
    vault.folder.mkdir(parents=True)
    vault.folder.chmod(0o777)
    for use in (lambda: vault.device, lambda: vault.save_secret(b"d" * 16, b"s")):
        with pytest.raises(PermissionError, match="another user"):
            use()
    assert of(vault.folder) == []
    vault.folder.chmod(0o700)
    vault.save_secret(b"d" * 16, b"s")


def test_a_link_in_the_place_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    vault = Vault(tmp_path, NO_APP)
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    vault.folder.parent.mkdir(parents=True)
    vault.folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError):
        _ = vault.device
    assert of(tmp_path / "elsewhere") == []


@pytest.mark.parametrize("name", ["vault.db", "device.lock"])
def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path: Path, name: str) -> None:
    vault = Vault(tmp_path, NO_APP)
    vault.folder.mkdir(parents=True, mode=0o700)
    victim = tmp_path / "victim"
    victim.write_text("as it was")
    (vault.folder / name).symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        vault.save_secret(b"d" * 16, b"s")
    assert victim.read_text() == "as it was"


def test_a_link_in_the_place_of_a_new_seed_is_replaced_not_followed(tmp_path: Path) -> None:
    vault = Vault(tmp_path, NO_APP)
    vault.folder.mkdir(parents=True, mode=0o700)
    victim = tmp_path / "victim"
    victim.write_text("as it was")
    for name in ("device.a.new", "device.b.new"):
        (vault.folder / name).symlink_to(victim)
    _ = vault.device
    assert victim.read_text() == "as it was"
    assert not (vault.folder / "device.a").is_symlink()


def test_a_lock_is_not_taken_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic links"), FolderLock(tmp_path / "lock"):
        pass
    assert not (tmp_path / "victim").exists()


def test_the_device_goes_on_playing(phone: Phone, house: House, video: Video) -> None:
    """None of these checks is in the way of the user whose device it is."""
    path, _ = phone.download(house.sts(video("short")))
    assert frames(path) > 0
