"""A folder keeps to itself: no links, no foreign eyes, no half files."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from vodseal.download.folder import Folder, sync_file, write_all

if TYPE_CHECKING:
    from pathlib import Path

posix_only = pytest.mark.skipif(os.name == "nt", reason="POSIX modes and links")


def put(folder: Folder, name: str, data: bytes) -> None:
    handle = folder.create(name)
    write_all(handle, memoryview(data))
    sync_file(handle)
    os.close(handle)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    with Folder.open(tmp_path / "a" / "b", create=True) as folder:
        put(folder, "x", b"12345")
        buffer = bytearray(9)
        assert folder.read_into("x", memoryview(buffer)) == 5
        assert buffer == b"12345\0\0\0\0"
        assert folder.size("x") == 5
        assert folder.size("y") is None
        folder.rename("x", "y")
        folder.sync()
        assert folder.names() == ["y"]
        assert folder.remove("y")
        assert not folder.remove("y")


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    with Folder.open(tmp_path) as folder:
        put(folder, "x", b"")
        with pytest.raises(FileExistsError):
            folder.create("x")


@posix_only
def test_files_and_folders_are_private(tmp_path: Path) -> None:
    with Folder.open(tmp_path / "f", create=True) as folder, folder.subfolder("g", create=True):
        put(folder, "x", b"")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("f", "f/g", "f/x")]
    assert modes == [0o700, 0o700, 0o600]


@posix_only
def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "link").symlink_to(outside)
    (outside / "file").write_bytes(b"secret")
    (tmp_path / "inside" / "file").symlink_to(outside / "file")
    with Folder.open(tmp_path / "inside") as folder:
        with pytest.raises(OSError):
            folder.subfolder("link")
        with pytest.raises(OSError):
            folder.open_to_read("file")
        with pytest.raises(OSError):
            folder.open_or_create("file")
        assert folder.size("file") is None
    with pytest.raises(OSError):
        Folder.open(tmp_path / "inside" / "link")
    Folder.open(tmp_path / "inside" / "link", follow=True).close()


@posix_only
def test_a_replaced_parent_does_not_redirect(tmp_path: Path) -> None:
    with Folder.open(tmp_path / "a", create=True) as folder:
        (tmp_path / "a").rename(tmp_path / "b")
        (tmp_path / "a").mkdir()
        put(folder, "x", b"1")
    assert (tmp_path / "b" / "x").exists()
    assert not (tmp_path / "a" / "x").exists()


def test_a_full_folder_stays(tmp_path: Path) -> None:
    with Folder.open(tmp_path) as folder, folder.subfolder("g", create=True) as inner:
        put(inner, "x", b"")
        assert not folder.remove_subfolder("g")
        inner.remove("x")
        assert folder.remove_subfolder("g")
        assert folder.remove_subfolder("g")
