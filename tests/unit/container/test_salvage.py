"""What is left of a damaged file is given out, and nothing else (SPEC container 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vodseal.container.header import Header
from vodseal.container.layout import CHUNK_SIZE, PART_SIZE, SEALED_CHUNK_SIZE, SEALED_PART_SIZE
from vodseal.container.meta import Meta
from vodseal.container.salvage import Salvage, open_header, open_meta
from vodseal.container.source import MemorySource

if TYPE_CHECKING:
    from .conftest import Seal

CK = bytes(range(32))


def chunk_offset(index: int) -> int:
    part, chunk = divmod(index, 512)
    return 4096 + part * SEALED_PART_SIZE + 56 + chunk * SEALED_CHUNK_SIZE


def flipped(data: bytes, *places: int) -> bytes:
    changed = bytearray(data)
    for at in places:
        changed[at] ^= 1
    return bytes(changed)


def salvage(data: bytes, sealed: bytes | None = None) -> Salvage:
    """``data``, with header and meta of ``sealed``, which is ``data`` before the damage."""
    sealed = sealed or data
    header = open_header([sealed[:4096]], CK)
    assert header is not None
    record = open_meta([sealed[header.meta_offset :]], CK, header)
    assert record is not None
    return Salvage(MemorySource(data), CK, header, record)


def test_the_first_authentic_header_is_taken(seal: Seal) -> None:
    one, other = seal(b"one"), seal(b"another", file_id=b"file-id-000000-2")
    right = Header.open(one[:4096], CK, file_size=len(one))
    bad = [b"", b"x" * 4096, flipped(one[:4096], 70), flipped(one[:4096], 130)]
    assert open_header([*bad, one[:4096], other[:4096]], CK) == right
    assert open_header(bad, CK) is None
    assert open_header([one[:4096]], bytes(32)) is None


def test_the_first_authentic_meta_of_that_header_is_taken(seal: Seal) -> None:
    meta = Meta(content_type="video/mp4", title="T")
    data, stranger = seal(b"film", meta=meta), seal(b"film", file_id=b"file-id-000000-2")
    header = Header.open(data[:4096], CK, file_size=len(data))
    right, strange = data[header.meta_offset :], stranger[header.meta_offset :]
    found = open_meta([b"", flipped(right, 60), strange, right], CK, header)
    assert found is not None
    assert found.meta == meta
    assert open_meta([strange, right[:-1]], CK, header) is None
    longer = Header.open(seal(b"films")[:4096], CK, file_size=len(seal(b"films")))
    assert open_meta([right], CK, longer) is None


def test_a_whole_file_is_in_shape(seal: Seal, sealed_film: bytes) -> None:
    for data in (sealed_film, seal(b"")):
        assert salvage(data).is_in_shape()
        assert not salvage(data + b"\0", data).is_in_shape()
        assert not salvage(data[:-1], data).is_in_shape()


@pytest.mark.parametrize("part", range(3))
@pytest.mark.parametrize("at", [0, 55])
def test_a_part_with_another_salt_is_not_in_shape(sealed_film: bytes, part: int, at: int) -> None:
    damaged = flipped(sealed_film, 4096 + part * SEALED_PART_SIZE + at)
    assert not salvage(damaged, sealed_film).is_in_shape()
    assert salvage(flipped(sealed_film, chunk_offset(part * 512)), sealed_film).is_in_shape()


def test_a_whole_film_comes_in_stretches(sealed_film: bytes, film: bytes) -> None:
    found, at, sizes = bytearray(), 0, []
    opened = salvage(sealed_film)
    for stretch in opened.stretches():
        assert stretch.start == at
        assert stretch.data is not None
        assert len(stretch.data) == stretch.size
        found += stretch.data
        at += stretch.size
        sizes.append(stretch.size)
    assert bytes(found) == film
    assert opened.size == len(film)
    assert max(sizes) == 64 * CHUNK_SIZE
    assert len(sizes) == 2 * 9 + 1  # the tag at the end of a full part is a stretch of its own
    assert opened.meta == Meta(content_type="video/mp4")


def missing(damaged: bytes, sealed: bytes, film: bytes) -> list[tuple[int, int]]:
    """The stretches that are lost; every other one has to be the film's."""
    lost = []
    for stretch in salvage(damaged, sealed).stretches():
        if stretch.data is None:
            lost.append((stretch.start, stretch.size))
        else:
            assert stretch.data == film[stretch.start : stretch.start + stretch.size]
    return lost


def test_an_altered_chunk_is_lost_and_no_other(sealed_film: bytes, film: bytes) -> None:
    last = len(film) // CHUNK_SIZE
    places = (0, 70, 511, 600, last)
    damaged = flipped(sealed_film, *map(chunk_offset, places))
    assert missing(damaged, sealed_film, film) == [
        *((place * CHUNK_SIZE, CHUNK_SIZE) for place in places[:-1]),
        (last * CHUNK_SIZE, len(film) % CHUNK_SIZE),
    ]


def test_an_altered_salt_costs_nothing(sealed_film: bytes, film: bytes) -> None:
    assert missing(flipped(sealed_film, 4096, 4100), sealed_film, film) == []


def test_what_is_behind_the_end_of_a_cut_file_is_lost(sealed_film: bytes, film: bytes) -> None:
    lost = missing(sealed_film[: chunk_offset(601) - 1], sealed_film, film)
    assert lost[0] == (600 * CHUNK_SIZE, CHUNK_SIZE)
    assert sum(size for _, size in lost) == len(film) - 600 * CHUNK_SIZE
    assert missing(sealed_film[: chunk_offset(601)], sealed_film, film)[0][0] == 601 * CHUNK_SIZE


@pytest.mark.parametrize(
    ("start", "size"),
    [
        (0, 1),
        (0, CHUNK_SIZE),
        (CHUNK_SIZE - 1, 2),
        (5, 3 * CHUNK_SIZE),
        (PART_SIZE - 10, 20),
        (PART_SIZE, CHUNK_SIZE),
        (2 * PART_SIZE + 39_990, 10),
        (7, 0),
    ],
)
def test_any_bytes_can_be_read(sealed_film: bytes, film: bytes, start: int, size: int) -> None:
    assert salvage(sealed_film).read(start, size) == film[start : start + size]


def test_reading_ends_with_the_film(seal: Seal, sealed_film: bytes, film: bytes) -> None:
    assert salvage(sealed_film).read(len(film) - 5, 100) == film[-5:]
    assert salvage(sealed_film).read(len(film) - 5, 20 * PART_SIZE) == film[-5:]
    full = seal(bytes(PART_SIZE))
    assert salvage(full).read(PART_SIZE - 5, 3 * PART_SIZE) == bytes(5)


def test_what_is_lost_is_read_as_zeros(sealed_film: bytes, film: bytes) -> None:
    damaged = salvage(flipped(sealed_film, chunk_offset(1)), sealed_film)
    expected = film[100:CHUNK_SIZE] + bytes(CHUNK_SIZE) + film[2 * CHUNK_SIZE :][:100]
    assert damaged.read(100, len(expected)) == expected


@pytest.mark.parametrize("chunk", [0, 3, 511, 512, 700])
def test_a_tag_proves_the_bytes_that_it_was_made_for(
    sealed_film: bytes, film: bytes, chunk: int
) -> None:
    start = chunk * CHUNK_SIZE
    right = film[start : start + CHUNK_SIZE]
    damaged = salvage(flipped(sealed_film, chunk_offset(chunk) + 100), sealed_film)
    assert damaged.proves(start, right)
    assert not damaged.proves(start, flipped(right, 9))
    assert not damaged.proves((chunk + 1) * CHUNK_SIZE, right)
    no_tag = salvage(flipped(sealed_film, chunk_offset(chunk) + SEALED_CHUNK_SIZE - 1), sealed_film)
    assert not no_tag.proves(start, right)
    cut = salvage(sealed_film[: chunk_offset(chunk) + SEALED_CHUNK_SIZE - 1], sealed_film)
    assert not cut.proves(start, right)


def test_the_short_last_chunk_is_proved_as_well(sealed_film: bytes, film: bytes) -> None:
    start = len(film) // CHUNK_SIZE * CHUNK_SIZE
    assert salvage(sealed_film).proves(start, film[start:])
    assert not salvage(sealed_film).proves(start, film[start:-1])


@pytest.mark.parametrize("size", [100, CHUNK_SIZE, PART_SIZE - 1, PART_SIZE, PART_SIZE + 3])
def test_reading_over_the_end_gives_what_is_there(seal: Seal, size: int) -> None:
    film = bytes(range(256)) * (size // 256 + 1)
    data = seal(film[:size])
    assert salvage(data).read(size - 50, 3 * CHUNK_SIZE) == film[size - 50 : size]
    assert salvage(data).read(size, CHUNK_SIZE) == b""
