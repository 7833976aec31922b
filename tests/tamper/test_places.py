"""Authentic bytes in another place: of the same file, of an earlier attempt, of another download."""

from __future__ import annotations

import random
from itertools import combinations, permutations

import pytest
from tests.tamper.conftest import Attacks
from tests.tamper.files import WAYS, opened
from tests.tamper.golden import A, B, World

from vodseal.container.layout import (
    CHUNK_SIZE,
    HEADER_SIZE,
    PART_SIZE,
    PREFIX_SIZE,
    SEALED_CHUNK_SIZE,
    SEALED_PART_SIZE,
)

pytestmark = pytest.mark.tamper
NAMES = list(World().specimens)
CHUNKS = 64
FILM = random.Random(1).randbytes(CHUNKS * CHUNK_SIZE - 1)


def splice(attacks: Attacks, one: bytes, other: bytes, places: list[int]) -> int:
    """Begin with one and end with the other, at every place; return how many differ from both."""
    tried = 0
    for first, second in ((one, other), (other, one)):
        for at in places:
            made = first[:at] + second[at:]
            if made not in {one, other}:
                attacks.on(WAYS["whole"], made, at)
                tried += 1
    return tried


def chunk(data: bytes, index: int) -> bytes:
    start = HEADER_SIZE + PREFIX_SIZE + index * SEALED_CHUNK_SIZE
    return data[start : start + SEALED_CHUNK_SIZE]


def read_chunk(data: bytes, index: int) -> bytes:
    reader = opened(data)
    reader.seek(index * CHUNK_SIZE)
    return reader.read(CHUNK_SIZE)


def with_chunk(data: bytes, index: int, sealed: bytes) -> bytes:
    start = HEADER_SIZE + PREFIX_SIZE + index * SEALED_CHUNK_SIZE
    return data[:start] + sealed + data[start + SEALED_CHUNK_SIZE :]


def test_no_two_chunks_can_change_places(attacks: Attacks) -> None:
    data = A.seal_file(FILM)
    assert WAYS["whole"](data) == FILM
    full = CHUNKS - 1
    for one, other in combinations(range(full), 2):
        swapped = with_chunk(with_chunk(data, one, chunk(data, other)), other, chunk(data, one))
        attacks.on(WAYS["whole"], swapped, (one, other))
    for one, other in permutations(range(full), 2):
        taken = with_chunk(data, one, chunk(data, other))
        attacks.on(lambda d, at=one: read_chunk(d, at), taken, (one, other))
    attacks.check(full * (full - 1) // 2 * 3)


def test_no_chunk_of_another_sealing_fits(attacks: Attacks) -> None:
    """The same film, key, id and place; only the salt is another."""
    data, earlier = A.seal_file(FILM), A.seal_file(FILM)
    for index in range(CHUNKS - 1):
        attacks.on(WAYS["seek"], with_chunk(data, index, chunk(earlier, index)), index)
    attacks.check(CHUNKS - 1)


def test_no_part_can_change_places() -> None:
    film = random.Random(2).randbytes(3 * PART_SIZE + 100)
    data, earlier = A.seal_file(film), A.seal_file(film)
    other = A.seal_file(film, file_id=b"file-id-000000-2")
    attacks = Attacks()

    def part(source: bytes, index: int) -> bytes:
        start = HEADER_SIZE + index * SEALED_PART_SIZE
        return source[start : start + SEALED_PART_SIZE]

    def put(index: int, sealed: bytes, into: bytes = data) -> bytes:
        start = HEADER_SIZE + index * SEALED_PART_SIZE
        return into[:start] + sealed + into[start + SEALED_PART_SIZE :]

    for one, two in permutations(range(3), 2):
        attacks.on(WAYS["stream"], put(one, part(data, two)), ("twice", one, two))
        swapped = put(one, part(data, two), put(two, part(data, one)))
        attacks.on(WAYS["stream"], swapped, ("swapped", one, two))
    for index in range(3):
        attacks.on(WAYS["stream"], put(index, part(earlier, index)), ("stale", index))
        attacks.on(WAYS["stream"], put(index, part(other, index)), ("foreign", index))
    attacks.check(2 * 6 + 2 * 3)


@pytest.mark.parametrize("name", ["the same attempt's ids", "another attempt", "another download"])
def test_no_two_files_can_be_spliced(name: str, attacks: Attacks) -> None:
    plain = random.Random(3).randbytes(CHUNK_SIZE + 100)
    one = A.seal_file(plain)
    other = {
        "the same attempt's ids": lambda: A.seal_file(plain),
        "another attempt": lambda: A.seal_file(plain, file_id=b"file-id-000000-2"),
        "another download": lambda: B.seal_file(plain),
    }[name]()
    assert len(one) == len(other)
    meta_at = opened(one).header.meta_offset
    edges = [16, 32, 48, 96, 112, 144, HEADER_SIZE, HEADER_SIZE + 24, HEADER_SIZE + PREFIX_SIZE]
    edges += [meta_at - 16, meta_at, meta_at + 24, meta_at + PREFIX_SIZE, len(one) - 16]
    places = sorted({*edges, *range(1, len(one), 7)})
    tried = splice(attacks, one, other, places)
    # Whoever has the content key of one file has a right to that file; B's own bytes are not A's.
    attacks.check(tried)
    assert tried > 2 * len(places) * (0.7 if name == "the same attempt's ids" else 0.9)


@pytest.mark.parametrize("name", NAMES)
def test_no_two_small_things_can_be_spliced(name: str, attacks: Attacks) -> None:
    """Two of a kind, made at different times, cut at every place."""
    (one, read), (other, _) = (World().specimens[name] for _ in range(2))
    tried = 0
    for first, second in ((one, other), (other, one)):
        for at in range(1, len(one)):
            made = first[:at] + second[at:]
            if made not in {one, other}:
                attacks.on(read, made, at)
                tried += 1
    if one != other:
        attacks.check(tried)
