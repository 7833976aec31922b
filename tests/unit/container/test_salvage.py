"""What is left of a damaged file is given out, what is damaged is named, and nothing is invented."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vodseal.container.header import Header
from vodseal.container.layout import (
    CHUNK_SIZE,
    HEADER_SIZE,
    PART_SIZE,
    PREFIX_SIZE,
    SEALED_CHUNK_SIZE,
    part_offset,
)
from vodseal.container.salvage import Salvage, open_header, open_meta
from vodseal.container.source import MemorySource

if TYPE_CHECKING:
    from .conftest import Seal

CK = bytes(range(32))
SIZE = PART_SIZE + 3 * CHUNK_SIZE + 100


@pytest.fixture(scope="module")
def whole(seal: Seal, film: bytes) -> bytes:
    return seal(film[:SIZE])


def head_of(whole: bytes) -> tuple[bytes, bytes]:
    header = Header.peek(whole[:HEADER_SIZE])
    return whole[:HEADER_SIZE], whole[header.meta_offset :]


def salvage(data: bytes, whole: bytes) -> Salvage:
    head, meta = head_of(whole)
    header = open_header([head], CK)
    assert header is not None
    record = open_meta([meta], CK, header)
    assert record is not None
    return Salvage(MemorySource(data), CK, header, record)


def chunk_at(part: int, chunk: int) -> int:
    return part_offset(part) + PREFIX_SIZE + chunk * SEALED_CHUNK_SIZE


def flipped(data: bytes, *places: int) -> bytes:
    changed = bytearray(data)
    for at in places:
        changed[at] ^= 1
    return bytes(changed)


def bad(one: Salvage, film: bytes) -> list[tuple[int, int]]:
    """Return where chunks do not open; all others hold the film, without a gap."""
    found, at = [], 0
    for stretch in one.stretches():
        assert stretch.start == at
        if stretch.data is None:
            found.append((stretch.start, stretch.size))
        else:
            assert bytes(stretch.data) == film[at : at + stretch.size]
        at += stretch.size
    assert at == one.size == SIZE
    return found


def test_of_a_whole_file_everything_is_left(whole: bytes, film: bytes) -> None:
    one = salvage(whole, whole)
    assert bad(one, film) == []
    assert one.is_in_shape()


@pytest.mark.parametrize(
    ("part", "chunk", "size"),
    [(0, 0, CHUNK_SIZE), (0, 511, CHUNK_SIZE), (1, 2, CHUNK_SIZE), (1, 3, 100)],
)
@pytest.mark.parametrize("at", [0, -1], ids=["bytes", "tag"])
def test_a_damaged_chunk_is_named(  # noqa: PLR0917 - a table and two fixtures
    whole: bytes, film: bytes, part: int, chunk: int, size: int, at: int
) -> None:
    place = chunk_at(part, chunk) + (size + 16 + at if at < 0 else at)
    one = salvage(flipped(whole, place), whole)
    start = part * PART_SIZE + chunk * CHUNK_SIZE
    assert bad(one, film) == [(start, size)]
    assert one.is_in_shape()
    right = film[start : start + size]
    assert one.proves(start, right) is (at == 0)
    assert not one.proves(start, flipped(right, size - 1))
    assert one.read(start - 5 if start else 0, 5) == (
        film[start - 5 : start] if start else bytes(5)
    )
    assert one.read(start, size) == bytes(size)


def test_an_empty_last_part_has_a_tag_too(seal: Seal, film: bytes) -> None:
    data = seal(film[:PART_SIZE])
    one = salvage(flipped(data, chunk_at(1, 0)), data)
    last = [stretch for stretch in one.stretches() if stretch.data is None]
    assert [(each.start, each.size) for each in last] == [(PART_SIZE, 0)]


def test_of_a_cut_file_the_front_is_left(whole: bytes, film: bytes) -> None:
    one = salvage(whole[: chunk_at(1, 2) + 5], whole)
    assert bad(one, film) == [
        (PART_SIZE + 2 * CHUNK_SIZE, CHUNK_SIZE),
        (PART_SIZE + 3 * CHUNK_SIZE, 100),
    ]
    assert not one.is_in_shape()
    assert not one.proves(PART_SIZE + 3 * CHUNK_SIZE, film[SIZE - 100 : SIZE])


@pytest.mark.parametrize("at", [part_offset(0), part_offset(1) + 55])
def test_the_salts_of_the_meta_are_what_counts(whole: bytes, film: bytes, at: int) -> None:
    one = salvage(flipped(whole, at), whole)
    assert bad(one, film) == []
    assert not one.is_in_shape()


def test_bytes_behind_the_end_are_no_shape(whole: bytes) -> None:
    assert not salvage(whole + b"x", whole).is_in_shape()


def test_reading_ends_with_the_film(whole: bytes, film: bytes) -> None:
    one = salvage(whole, whole)
    assert one.read(SIZE - 10, 100) == film[SIZE - 10 : SIZE]
    assert one.read(SIZE + CHUNK_SIZE, 10) == b""


def test_only_an_authentic_head_is_taken(seal: Seal, film: bytes, whole: bytes) -> None:
    head, meta = head_of(whole)
    other_head, other_meta = head_of(seal(film[:100], file_id=b"another-file-id!"))
    foreign, _ = head_of(seal(film[:100], key=b"k" * 32))
    assert open_header([b"", flipped(head, 50), foreign, head], CK) == Header.peek(head)
    assert open_header([flipped(head, at) for at in (0, 20, 60, 120, 150)], CK) is None
    header = Header.peek(head)
    found = open_meta([b"", other_meta, flipped(meta, 60), meta], CK, header)
    assert found is not None
    assert found.plaintext_size == SIZE
    assert open_meta([other_meta], CK, header) is None
    assert open_header([other_head], CK) != header
