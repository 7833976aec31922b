from __future__ import annotations

import io
import random
from typing import TYPE_CHECKING

import pytest

from vodseal.container import writer as writer_module
from vodseal.container.layout import HEADER_SIZE, PART_SIZE, SEALED_PART_SIZE, meta_offset
from vodseal.container.meta import Meta
from vodseal.container.reader import SealedReader
from vodseal.container.source import MemorySink, MemorySource
from vodseal.container.writer import SealedWriter
from vodseal.errors import MisuseError, NotSealedError

if TYPE_CHECKING:
    from collections.abc import Callable

CK, FILE_ID, DOWNLOAD_ID = bytes(range(32)), b"file-id-000000-1", b"download-id-0016"
META = Meta(content_type="video/mp4")
FILM = random.Random(2).randbytes(5 * PART_SIZE + 123_457)


class LoggedSink(MemorySink):
    """A sink that notes what was asked of it, and fails where it is told to."""

    def __init__(self, fails_at: str = "") -> None:
        super().__init__()
        self.log: list[str] = []
        self.fails_at = fails_at

    def write_at(self, offset: int, data: memoryview) -> None:
        self._note(f"write {offset}")
        super().write_at(offset, data)

    def sync(self) -> None:
        self._note("sync")

    def _note(self, entry: str) -> None:
        if entry == self.fails_at:
            raise OSError(28, "no space left")
        self.log.append(entry)


def new(sink: MemorySink | None = None) -> SealedWriter:
    return SealedWriter(sink or MemorySink(), CK, file_id=FILE_ID, download_id=DOWNLOAD_ID)


def opened(sink: MemorySink) -> bytes:
    return SealedReader(MemorySource(sink.data), CK).readall()


def offset(part: int) -> str:
    return f"write {HEADER_SIZE + part * SEALED_PART_SIZE}"


@pytest.mark.parametrize("step", [1_000_003, PART_SIZE, 3 * PART_SIZE + 1, len(FILM)])
def test_writes_of_any_size_give_the_same_film(step: int) -> None:
    sink = MemorySink()
    writer = new(sink)
    for at in range(0, len(FILM), step):
        assert writer.write(FILM[at : at + step]) == len(FILM[at : at + step])
        assert writer.tell() == min(at + step, len(FILM))
    header = writer.finish(META)
    assert header.plaintext_size == len(FILM)
    assert opened(sink) == FILM
    assert len(sink.data) == header.file_size


def test_the_first_part_comes_last_and_the_header_after_a_sync() -> None:
    sink = LoggedSink()
    writer = new(sink)
    writer.write(FILM)
    writer.finish(META)
    parts = [offset(part) for part in (1, 2, 3, 4, 5, 0)]
    assert sink.log == [*parts, f"write {meta_offset(len(FILM))}", "sync", "write 0", "sync"]


def test_parts_are_sealed_while_writing() -> None:
    sink = LoggedSink()
    writer = new(sink)
    writer.write(FILM)
    assert sink.log == [offset(1), offset(2), offset(3)]
    writer.abort()


def test_every_salt_is_its_own() -> None:
    salts = set()
    for _ in range(2):
        sink = MemorySink()
        writer = new(sink)
        writer.write(FILM)
        writer.finish(META)
        salts |= {
            bytes(sink.data[(at := 4096 + part * SEALED_PART_SIZE) : at + 24]) for part in range(6)
        }
    assert len(salts) == 12


def test_a_muxer_may_come_back_to_the_first_bytes_at_any_time() -> None:
    sink = MemorySink()
    writer = new(sink)
    writer.write(FILM)
    assert writer.seek(24) == 24
    writer.write(b"size of mdat")
    writer.seek(0, io.SEEK_END)
    writer.write(b"moov")
    writer.finish(META)
    assert opened(sink) == FILM[:24] + b"size of mdat" + FILM[36:] + b"moov"


def test_two_parts_are_held_to_step_back_into() -> None:
    sink = MemorySink()
    writer = new(sink)
    writer.write(FILM)
    back = len(FILM) - PART_SIZE
    writer.seek(-PART_SIZE, io.SEEK_CUR)
    writer.write(b"stepped back")
    writer.finish(META)
    assert opened(sink) == FILM[:back] + b"stepped back" + FILM[back + 12 :]


@pytest.mark.parametrize("target", [PART_SIZE, 2 * PART_SIZE - 1, 4 * PART_SIZE - 1])
def test_a_step_back_into_what_is_sealed_is_refused(target: int) -> None:
    sink = MemorySink()
    writer = new(sink)
    writer.write(FILM)
    with pytest.raises(MisuseError):
        writer.seek(target)
    assert writer.tell() == len(FILM)
    writer.write(b"on")
    writer.finish(META)
    assert opened(sink) == FILM + b"on"


def test_writing_on_from_the_first_part_into_a_sealed_one_is_refused() -> None:
    sink = MemorySink()
    writer = new(sink)
    writer.write(FILM)
    writer.seek(PART_SIZE - 3)
    with pytest.raises(MisuseError):
        writer.write(b"four")
    assert writer.write(b"abc") == 3
    with pytest.raises(MisuseError):
        writer.write(b"d")
    writer.seek(0, io.SEEK_END)
    writer.finish(META)
    assert opened(sink) == FILM[: PART_SIZE - 3] + b"abc" + FILM[PART_SIZE:]


def test_what_is_held_may_be_rewritten_whatever_its_size() -> None:
    sink = LoggedSink()
    writer = new(sink)
    writer.write(FILM[: PART_SIZE + 100])
    writer.hold_from(writer.tell())
    writer.write(FILM[PART_SIZE + 100 :])
    assert sink.log == []
    writer.seek(PART_SIZE + 100)
    writer.write(b"moov size")
    writer.seek(0, io.SEEK_END)
    writer.finish(META)
    assert opened(sink) == FILM[: PART_SIZE + 100] + b"moov size" + FILM[PART_SIZE + 109 :]


def test_holding_what_is_sealed_is_refused() -> None:
    writer = new()
    writer.write(FILM)
    for at in (0, PART_SIZE, 4 * PART_SIZE - 1):
        with pytest.raises(MisuseError):
            writer.hold_from(at)
    writer.hold_from(4 * PART_SIZE)
    writer.abort()


def test_holding_the_first_part_that_was_sealed_is_refused() -> None:
    writer = new()
    writer.write(bytes(3 * PART_SIZE + 1))
    with pytest.raises(MisuseError):
        writer.hold_from(2 * PART_SIZE - 1)
    writer.hold_from(2 * PART_SIZE)
    writer.abort()


def test_writing_into_the_first_part_that_was_sealed_is_refused() -> None:
    writer = new()
    writer.write(bytes(3 * PART_SIZE + 1))
    writer.seek(PART_SIZE - 10)
    with pytest.raises(MisuseError):
        writer.write(bytes(20))
    writer.write(bytes(10))
    writer.abort()


def test_memory_does_not_grow_with_the_film() -> None:
    sink = LoggedSink()
    writer = new(sink)
    for _ in range(12):
        writer.write(FILM[:PART_SIZE])
        assert len(writer._held) + len(writer._spare) <= 4
    writer.abort()


@pytest.mark.parametrize(("target", "whence"), [(-1, 0), (101, 0), (1, 2), (-101, 1), (0, 7)])
def test_there_is_nothing_outside_the_file(target: int, whence: int) -> None:
    writer = new()
    writer.write(bytes(100))
    with pytest.raises(MisuseError):
        writer.seek(target, whence)
    assert writer.tell() == 100
    writer.abort()


def test_without_finish_there_is_no_header() -> None:
    sink = MemorySink()
    with new(sink) as writer:
        writer.write(FILM)
    assert sink.data[:HEADER_SIZE] == bytes(HEADER_SIZE)
    with pytest.raises(NotSealedError):
        opened(sink)
    assert writer.closed
    assert (writer._content_key, writer._part_key, writer._held) == (b"", b"", {})


def test_a_file_ends_at_its_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "MAX_PLAINTEXT_SIZE", 100)
    sink = MemorySink()
    writer = new(sink)
    writer.write(bytes(60))
    with pytest.raises(MisuseError):
        writer.write(bytes(41))
    writer.write(bytes(40))
    monkeypatch.undo()
    writer.finish(META)
    assert opened(sink) == bytes(100)


@pytest.mark.parametrize(
    "use",
    [
        lambda writer: writer.write(b"x"),
        lambda writer: writer.seek(0),
        lambda writer: writer.tell(),
        lambda writer: writer.finish(META),
        lambda writer: writer.hold_from(0),
    ],
)
def test_a_finished_or_aborted_file_takes_nothing(use: Callable[[SealedWriter], object]) -> None:
    finished, aborted = new(), new()
    finished.finish(META)
    aborted.abort()
    aborted.abort()
    finished.close()
    assert (aborted._content_key, aborted._part_key, finished._part_key) == (b"", b"", b"")
    assert not aborted._held
    for writer in (finished, aborted):
        with pytest.raises(MisuseError):
            use(writer)


def test_a_disk_that_fails_while_writing_ends_the_file() -> None:
    sink = LoggedSink(fails_at=offset(2))
    writer = new(sink)
    with pytest.raises(OSError, match="no space"):
        writer.write(FILM)
    assert writer.closed
    with pytest.raises(MisuseError):
        writer.finish(META)


@pytest.mark.parametrize(
    "place", [offset(5), offset(0), f"write {meta_offset(len(FILM))}", "sync", "write 0"]
)
def test_a_disk_that_fails_while_finishing_leaves_no_header(place: str) -> None:
    sink = LoggedSink(fails_at=place)
    writer = new(sink)
    writer.write(FILM)
    with pytest.raises(OSError, match="no space"):
        writer.finish(META)
    assert writer.closed
    with pytest.raises(NotSealedError):
        opened(sink)


@pytest.mark.parametrize(
    ("key", "file_id", "download_id"), [(31, 16, 16), (32, 15, 16), (32, 16, 17)]
)
def test_keys_and_ids_have_their_sizes(key: int, file_id: int, download_id: int) -> None:
    with pytest.raises(MisuseError):
        SealedWriter(
            MemorySink(), bytes(key), file_id=bytes(file_id), download_id=bytes(download_id)
        )


def test_any_kind_of_buffer_is_taken() -> None:
    sink = MemorySink()
    writer = new(sink)
    writer.write(bytearray(b"ab"))
    writer.write(memoryview(b"cdef").cast("H"))
    assert writer.writable()
    assert writer.seekable()
    assert not writer.readable()
    writer.finish(META)
    assert opened(sink) == b"abcdef"


class LateSink(MemorySink):
    """A sink that writes as late as it may: when it is called again."""

    def __init__(self) -> None:
        super().__init__()
        self._later: list[tuple[int, memoryview]] = []

    def write_at(self, offset: int, data: memoryview) -> None:
        self.sync()
        self._later.append((offset, data))

    def sync(self) -> None:
        for offset, data in self._later:
            super().write_at(offset, data)
        self._later.clear()


def test_a_sink_may_write_a_part_while_the_next_is_made() -> None:
    sink = LateSink()
    writer = SealedWriter(sink, CK, file_id=FILE_ID, download_id=DOWNLOAD_ID)
    writer.write(FILM)
    writer.finish(META)
    assert SealedReader(MemorySource(sink.data), CK).readall() == FILM
