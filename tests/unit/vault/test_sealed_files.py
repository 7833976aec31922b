from __future__ import annotations

import os
import stat
import threading
from typing import TYPE_CHECKING

import pytest

from vodseal.container.meta import Meta
from vodseal.container.reader import SealedReader
from vodseal.container.writer import SealedWriter
from vodseal.errors import MisuseError, NotSealedError, TruncatedError
from vodseal.vault import sealed_files
from vodseal.vault.sealed_files import FileSink, FileSource

if TYPE_CHECKING:
    from pathlib import Path

CK = bytes(range(32))
FILM = os.urandom(1 << 20) * 17


def seal(sink: FileSink) -> None:
    writer = SealedWriter(sink, CK, file_id=bytes(16), download_id=bytes(16))
    writer.write(FILM)
    writer.finish(Meta(content_type="video/mp4"))


def test_a_sealed_file_goes_to_disk_and_comes_back(tmp_path: Path) -> None:
    with FileSink(tmp_path / "film.part") as sink:
        seal(sink)
        sink.publish(tmp_path / "film.vseal")
    assert [path.name for path in tmp_path.iterdir()] == ["film.vseal"]
    with FileSource(tmp_path / "film.vseal") as source, SealedReader(source, CK) as reader:
        assert reader.readall() == FILM


def test_without_pread_it_works_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way of systems that have no call to read or write at an offset."""
    monkeypatch.setattr(sealed_files, "_write_at", sealed_files._seek_and_write)
    monkeypatch.setattr(sealed_files, "_read_at", sealed_files._seek_and_read)
    test_a_sealed_file_goes_to_disk_and_comes_back(tmp_path)


def test_a_file_is_private_and_new(tmp_path: Path) -> None:
    path = tmp_path / "film.part"
    with FileSink(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with pytest.raises(FileExistsError):
            FileSink(path)
    assert not path.exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"film")
    link.symlink_to(target)
    with pytest.raises(OSError, match="link"):
        FileSource(link)
    with pytest.raises(FileExistsError):
        FileSink(link)


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path):
        with pytest.raises((NotSealedError, OSError)):
            FileSource(path)


def test_publishing_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "film.vseal"
    target.write_bytes(b"old")
    sink = FileSink(tmp_path / "film.part")
    sink.write_at(0, memoryview(b"new"))
    sink.sync()
    sink.publish(target)
    sink.discard()
    assert target.read_bytes() == b"new"


def test_a_failed_sync_is_final(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel reports a lost page once; the second answer would be a lie."""
    sink = FileSink(tmp_path / "film.part")
    sink.write_at(0, memoryview(b"x"))
    with monkeypatch.context() as patch:
        patch.setattr(sealed_files, "_sync", _fail)
        with pytest.raises(OSError, match="lost"):
            sink.sync()
    for use in (
        sink.sync,
        lambda: sink.write_at(0, memoryview(b"y")),
        lambda: sink.publish(tmp_path / "f"),
    ):
        with pytest.raises(OSError, match="written again"):
            use()
    sink.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_sink_can_be_left_on_disk(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "film.part")
    sink.write_at(5, memoryview(b"x"))
    sink.close()
    sink.discard()
    assert (tmp_path / "film.part").read_bytes() == bytes(5) + b"x"
    with pytest.raises(MisuseError):
        sink.sync()


def test_a_closed_source_reads_nothing(tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(b"film")
    source = FileSource(tmp_path / "film")
    source.close()
    source.close()
    with pytest.raises(MisuseError):
        source.read_into(0, memoryview(bytearray(1)))


def test_a_file_cut_while_it_is_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "film.vseal"
    sink = FileSink(path)
    seal(sink)
    sink.close()
    with FileSource(path) as source, SealedReader(source, CK) as reader:
        os.truncate(path, 10_000)
        with pytest.raises(TruncatedError):
            reader.read(100)


def test_threads_may_share_a_source(tmp_path: Path) -> None:
    path, found = tmp_path / "film.vseal", []
    sink = FileSink(path)
    seal(sink)
    sink.close()
    with FileSource(path) as source:

        def read() -> None:
            found.append(SealedReader(source, CK).readall() == FILM)

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert found == [True] * 4


def _fail(descriptor: int) -> None:
    del descriptor
    raise OSError(5, "the page was lost")
