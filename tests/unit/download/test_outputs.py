"""What was written is read back, and what does not read back is not believed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from blake3 import blake3

from vodseal.container.meta import Meta
from vodseal.container.writer import SealedWriter
from vodseal.download.outputs import FileSink, FileSource, PlainFile, hash_of, read_back
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = b"k" * 32
DATA = bytes(range(256)) * 40_000
"""10 MB: two parts."""


@pytest.fixture
def handle(tmp_path: Path) -> Iterator[int]:
    opened = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT | os.O_EXCL)
    yield opened
    os.close(opened)


def seal(handle: int) -> None:
    with FileSink(handle) as sink:
        writer = SealedWriter(sink, KEY, file_id=b"f" * 16, download_id=b"d" * 16)
        writer.write(DATA)
        writer.finish(Meta(content_type="video/mp4"))


def test_a_sealed_file_reads_back_to_the_end(handle: int) -> None:
    seal(handle)
    shares: list[float] = []
    read_back(handle, KEY, shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


@pytest.mark.parametrize("at", [0, 5000, 9_000_000, -1])
def test_a_byte_that_the_disk_did_not_keep_shows(handle: int, at: int) -> None:
    seal(handle)
    offset = at % os.fstat(handle).st_size
    kept = os.pread(handle, 1, offset)
    os.pwrite(handle, bytes([kept[0] ^ 1]), offset)
    with pytest.raises(DownloadError) as caught:
        read_back(handle, KEY, lambda _: None)
    assert caught.value.code is ErrorCode.WRITE_ERROR


def test_a_file_that_the_disk_cut_shows(handle: int) -> None:
    seal(handle)
    os.ftruncate(handle, os.fstat(handle).st_size - 1)
    with pytest.raises(DownloadError):
        read_back(handle, KEY, lambda _: None)


def test_what_could_not_be_written_is_told_by_the_next_call(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    read_only = os.open(tmp_path / "file", os.O_RDONLY)
    try:
        with FileSink(read_only) as sink:
            sink.write_at(0, memoryview(b"lost"))
            with pytest.raises(OSError, match="Bad file descriptor"):
                sink.sync()
            sink.write_at(0, memoryview(b"lost"))
            with pytest.raises(OSError, match="Bad file descriptor"):
                sink.write_at(4, memoryview(b"not begun"))
    finally:
        os.close(read_only)


def test_leaving_a_sink_finishes_what_it_began(handle: int) -> None:
    with FileSink(handle) as sink:
        sink.write_at(3, memoryview(DATA))
    assert os.pread(handle, len(DATA), 3) == DATA


def test_a_plain_file_goes_back_and_is_hashed_as_it_lies(handle: int) -> None:
    file = PlainFile(handle)
    file.write(b"....world")
    assert file.tell() == 9
    file.seek(0)
    file.write(b"hell")
    shares: list[float] = []
    assert hash_of(handle, shares.append) == blake3(b"hellworld").digest()
    assert shares == [1.0]


def test_a_source_reads_anywhere_and_fewer_at_the_end(handle: int) -> None:
    PlainFile(handle).write(b"0123456789")
    source, buffer = FileSource(handle), memoryview(bytearray(4))
    assert source.size == 10
    assert (source.read_into(3, buffer), bytes(buffer)) == (4, b"3456")
    assert source.read_into(8, buffer) == 2
