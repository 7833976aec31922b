from __future__ import annotations

import io
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from vodseal.container import reader as reader_module
from vodseal.container.layout import CHUNK_SIZE, PART_SIZE, SEALED_CHUNK_SIZE, SEALED_PART_SIZE
from vodseal.container.meta import Meta
from vodseal.container.reader import SealedReader
from vodseal.container.source import MemorySource
from vodseal.errors import (
    FormatError,
    MisuseError,
    NotSealedError,
    TamperedError,
    TruncatedError,
    WrongKeyError,
)

if TYPE_CHECKING:
    from .conftest import Seal

CK = bytes(range(32))


class CountingSource(MemorySource):
    """A source that notes the offsets it was asked for, and can become shorter."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.asked: list[int] = []
        self.ends_at = len(data)

    def read_into(self, offset: int, buffer: memoryview) -> int:
        self.asked.append(offset)
        return super().read_into(offset, buffer[: max(0, self.ends_at - offset)])


def open_film(data: bytes, key: bytes = CK) -> SealedReader:
    return SealedReader(MemorySource(data), key)


def chunk_offset(index: int) -> int:
    part, chunk = divmod(index, 512)
    return 4096 + part * SEALED_PART_SIZE + 56 + chunk * SEALED_CHUNK_SIZE


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(
    "size",
    [*(edge + off for edge in (CHUNK_SIZE, PART_SIZE, 2 * PART_SIZE) for off in (-1, 0, 1)), 0, 1],
)
def test_sizes_around_every_edge(seal: Seal, film: bytes, size: int) -> None:
    reader = open_film(seal(film[:size]))
    assert reader.size == size
    assert reader.readall() == film[:size]
    reader.seek(max(0, size - 70_000))
    assert reader.read(100_000) == film[max(0, size - 70_000) : size]
    assert reader.read(1) == b""


def test_the_meta_is_there_from_the_start(seal: Seal) -> None:
    meta = Meta(content_type="video/mp4", title="T", duration_ms=5)
    assert open_film(seal(b"film", meta=meta)).meta == meta


def test_sequential_reads_ask_for_each_byte_once(sealed_film: bytes, film: bytes) -> None:
    source = CountingSource(sealed_film)
    reader = SealedReader(source, CK)
    buffer = bytearray(1 << 20)
    while reader.readinto(buffer):
        pass
    starts = [offset for offset in source.asked if offset > 0]
    assert len(starts) == len(set(starts))
    assert len(starts) < 2 * len(film) / (1 << 20)


def test_small_reads_open_a_chunk_once(sealed_film: bytes) -> None:
    source = CountingSource(sealed_film)
    reader = SealedReader(source, CK)
    reader.read(10)
    asked = len(source.asked)
    for _ in range(100):
        reader.read(100)
    assert len(source.asked) == asked


def test_only_32_parts_stay_open(
    sealed_film: bytes, film: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "_OPENED_PARTS", 1)
    reader = open_film(sealed_film)
    for part in (2, 0, 1, 0, 2, 1):
        start = part * PART_SIZE + 5000
        reader.seek(start)
        assert reader.read(30_000) == film[start : start + 30_000]
        assert len(reader._openers) == 1


@pytest.mark.behaviour("B49")
def test_no_flipped_bit_of_a_small_file_survives(seal: Seal) -> None:
    right = seal(b"a small film")
    places = [*range(144 * 8), *range(4096 * 8, len(right) * 8)]
    for bit in places:
        data = bytearray(right)
        data[bit // 8] ^= 1 << bit % 8
        with pytest.raises(FormatError):
            open_film(bytes(data)).readall()


@pytest.mark.behaviour("B49")
def test_no_cut_and_no_addition_survives(seal: Seal) -> None:
    right = seal(bytes(20_000))
    for size in [*range(0, 5000, 7), *range(5000, len(right), 101), len(right) - 1]:
        with pytest.raises(NotSealedError if size < 8 else TruncatedError):
            open_film(right[:size])
    for more in (1, 15, 16, 17, 56, 4096):
        with pytest.raises(TruncatedError):
            open_film(right + bytes(more))
    with pytest.raises(TruncatedError):
        open_film(right + right[4152 : 4152 + SEALED_CHUNK_SIZE])


def test_no_two_chunks_can_change_places(seal: Seal, film: bytes) -> None:
    right = seal(film[: 64 * CHUNK_SIZE])
    reader = open_film(right)
    for first, second in combinations(range(64), 2):
        data = bytearray(right)
        a, b = (slice(chunk_offset(i), chunk_offset(i + 1)) for i in (first, second))
        data[a], data[b] = right[b], right[a]
        reader._source = MemorySource(data)
        for index in (first, second):
            reader.seek(index * CHUNK_SIZE)
            with pytest.raises(TamperedError):
                reader.read(CHUNK_SIZE)


def test_no_two_parts_can_change_places(sealed_film: bytes) -> None:
    first, second = (
        sealed_film[4096:][:SEALED_PART_SIZE],
        sealed_film[4096 + SEALED_PART_SIZE :][:SEALED_PART_SIZE],
    )
    swapped = sealed_film[:4096] + second + first + sealed_film[4096 + 2 * SEALED_PART_SIZE :]
    reader = open_film(swapped)
    for part in (0, 1):
        reader.seek(part * PART_SIZE)
        with pytest.raises(TamperedError):
            reader.read(1)
    reader.seek(2 * PART_SIZE)
    assert len(reader.read(1)) == 1


def test_nothing_can_be_taken_from_another_file(seal: Seal) -> None:
    """Same key, same plaintext: header, part and meta of the other are refused."""
    one, other = seal(b"film" * 10), seal(b"film" * 10, file_id=b"file-id-000000-2")
    again = seal(b"film" * 10)
    part_end = 4096 + 56 + 40 + 16
    cuts = {"header": (0, 4096), "part": (4096, part_end), "meta": (part_end, len(one))}
    for start, end in cuts.values():
        for donor in (other, again):
            if donor is again and start == 0:
                continue  # The header of another attempt with the same file id is the same bytes.
            with pytest.raises(FormatError):
                open_film(one[:start] + donor[start:end] + one[end:]).readall()


def test_a_part_of_an_earlier_attempt_is_refused(seal: Seal, film: bytes) -> None:
    stale = seal(film)
    fresh = seal(film)
    mixed = fresh[: 4096 + SEALED_PART_SIZE] + stale[4096 + SEALED_PART_SIZE :][:SEALED_PART_SIZE]
    mixed += fresh[len(mixed) :]
    reader = open_film(mixed)
    reader.seek(PART_SIZE)
    with pytest.raises(TamperedError):
        reader.read(1)


def test_another_key_is_not_tampering(seal: Seal) -> None:
    with pytest.raises(WrongKeyError):
        open_film(seal(b"film"), bytes(32))
    with pytest.raises(TamperedError):
        open_film(flipped(seal(b"film"), 64))


def test_an_altered_chunk_gives_nothing_and_spares_the_others(
    sealed_film: bytes, film: bytes
) -> None:
    reader = open_film(flipped(sealed_film, chunk_offset(70) + 9))
    buffer = bytearray(b"u" * (100 * CHUNK_SIZE))
    with pytest.raises(TamperedError):
        reader.readinto(buffer)
    assert not any(buffer)
    assert reader.tell() == 0
    reader.seek(71 * CHUNK_SIZE)
    assert reader.read(1000) == film[71 * CHUNK_SIZE :][:1000]
    reader.seek(70 * CHUNK_SIZE + 5)
    with pytest.raises(TamperedError):
        reader.read(1)


def test_a_failed_small_read_does_not_come_back_from_the_cache(
    sealed_film: bytes, film: bytes
) -> None:
    reader = open_film(flipped(sealed_film, chunk_offset(3)))
    reader.read(10)
    for _ in range(2):
        reader.seek(3 * CHUNK_SIZE + 7)
        with pytest.raises(TamperedError):
            reader.read(10)
    reader.seek(5)
    assert reader.read(10) == film[5:15]


def test_the_last_chunk_of_a_part_is_opened_first(sealed_film: bytes) -> None:
    """Its sixteen bytes hold no plaintext, and prove how long the part is."""
    end_of_part_0 = 4096 + SEALED_PART_SIZE - 16
    reader = open_film(flipped(sealed_film, end_of_part_0))
    with pytest.raises(TamperedError):
        reader.read(1)
    reader.seek(PART_SIZE)
    assert len(reader.read(1)) == 1


def test_an_altered_empty_last_part_is_found_at_the_start(seal: Seal) -> None:
    """No byte of the film is in it, so no read would ever come to it."""
    right = seal(bytes(PART_SIZE))
    with pytest.raises(TamperedError):
        open_film(flipped(right, chunk_offset(512)))


@pytest.mark.parametrize("start", [500 * CHUNK_SIZE, 500 * CHUNK_SIZE + 1, PART_SIZE - CHUNK_SIZE])
def test_one_read_may_go_from_part_to_part(sealed_film: bytes, film: bytes, start: int) -> None:
    reader = open_film(sealed_film)
    reader.seek(start)
    assert reader.read(100 * CHUNK_SIZE) == film[start : start + 100 * CHUNK_SIZE]


def test_a_file_that_shrinks_while_it_is_read(sealed_film: bytes) -> None:
    source = CountingSource(sealed_film)
    reader = SealedReader(source, CK)
    reader.read(1)
    source.ends_at = chunk_offset(100)
    reader.seek(99 * CHUNK_SIZE)
    buffer = bytearray(b"u" * (2 * CHUNK_SIZE))
    with pytest.raises(TruncatedError):
        reader.readinto(buffer)
    assert not any(buffer)


def test_a_source_that_fails_passes_its_error_on(sealed_film: bytes) -> None:
    class Broken(MemorySource):
        def read_into(self, offset: int, buffer: memoryview) -> int:
            if offset == chunk_offset(40):
                raise OSError(5, "input/output error")
            return super().read_into(offset, buffer)

    reader = SealedReader(Broken(sealed_film), CK)
    reader.seek(40 * CHUNK_SIZE)
    with pytest.raises(OSError, match="input/output"):
        reader.read(CHUNK_SIZE)
    assert reader.tell() == 40 * CHUNK_SIZE


def test_seeking_is_that_of_a_file(seal: Seal) -> None:
    reader = open_film(seal(b"0123456789"))
    assert reader.seek(4) == 4
    assert reader.seek(2, io.SEEK_CUR) == 6
    assert reader.seek(-3, io.SEEK_END) == 7
    assert reader.read() == b"789"
    assert reader.seek(50) == 50
    assert reader.read(5) == b""
    assert reader.readall() == b""
    for target, whence in ((-1, 0), (-51, 1), (-11, 2), (0, 5)):
        with pytest.raises(MisuseError):
            reader.seek(target, whence)
    assert reader.tell() == 50
    assert reader.readable()
    assert reader.seekable()
    assert not reader.writable()


def test_a_closed_reader_has_forgotten(seal: Seal) -> None:
    reader = open_film(seal(b"0123456789"))
    reader.read(4)
    reader.close()
    assert not any(reader._chunk)
    assert reader._part_key == b""
    assert not reader._openers
    reader.close()
    for use in (
        reader.tell,
        reader.readall,
        lambda: reader.seek(0),
        lambda: reader.readinto(bytearray(1)),
    ):
        with pytest.raises(MisuseError):
            use()
