"""Every bit of everything that is sealed or signed, turned one at a time: each is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.tamper.files import PLAINS, WAYS, opened
from tests.tamper.golden import A, World

from vodseal.container.cobblestone import MessageOpener, seal_message
from vodseal.container.layout import HEADER_SIZE, PREFIX_SIZE, SEALED_CHUNK_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.tamper.conftest import Attacks

pytestmark = pytest.mark.tamper
KEY = bytes(range(32))
NAMES = list(World().specimens)


def flip_each(
    attacks: Attacks,
    data: bytes,
    read: Callable[[bytes], object],
    bits: Iterable[tuple[int, int]],
) -> None:
    altered = bytearray(data)
    for at, bit in bits:
        altered[at] ^= 1 << bit
        attacks.on(read, bytes(altered), (at, bit))
        altered[at] ^= 1 << bit
    assert altered == data


def every_bit(places: range) -> list[tuple[int, int]]:
    return [(at, bit) for at in places for bit in range(8)]


@pytest.mark.parametrize("name", NAMES)
def test_no_bit_of_a_small_thing_can_be_turned(name: str, world: World, attacks: Attacks) -> None:
    data, read = world.specimens[name]
    read(data)
    flip_each(attacks, data, read, every_bit(range(len(data))))
    attacks.check(8 * len(data))


@pytest.mark.parametrize("name", PLAINS)
def test_no_bit_outside_the_parts_can_be_turned(name: str, attacks: Attacks) -> None:
    """Opening the file shows an altered header or meta."""
    data = A.seal_file(PLAINS[name])
    opened(data)
    part = range(HEADER_SIZE, opened(data).header.meta_offset)
    outside = [(at, bit) for at in range(len(data)) if at not in part for bit in range(8)]
    flip_each(attacks, data, opened, outside)
    attacks.check(8 * (len(data) - len(part)))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PLAINS)
def test_no_way_of_reading_takes_an_altered_part(name: str, way: str, attacks: Attacks) -> None:
    """Every bit of a small part; of a large one every bit at its ends, and one of each other byte."""
    data = A.seal_file(PLAINS[name])
    assert WAYS[way](data) == PLAINS[name]
    start, end = HEADER_SIZE, opened(data).header.meta_offset
    inner = range(start + PREFIX_SIZE, end - PREFIX_SIZE) if end - start > SEALED_CHUNK_SIZE else []
    bits = [(at, bit) for at in range(start, end) if at not in inner for bit in range(8)]
    bits += [(at, at % 8) for at in inner]
    flip_each(attacks, data, WAYS[way], bits)
    attacks.check(len(bits))


def test_no_bit_of_a_chunk_can_be_turned(attacks: Attacks) -> None:
    """All of them, where every way of reading ends: at the opener of a run of chunks."""
    plain = PLAINS["two chunks"]
    sealed = seal_message(KEY, b"context", plain)
    opener = MessageOpener(KEY, b"context", sealed[:PREFIX_SIZE], plaintext_size=len(plain))
    room = bytearray(len(plain))

    def read(data: bytes) -> None:
        try:
            opener.open_run(0, memoryview(data), memoryview(room))
        finally:
            assert bytes(room) in {plain, bytes(len(plain))}

    chunks = sealed[PREFIX_SIZE:]
    read(chunks)
    assert room == plain
    flip_each(attacks, chunks, read, every_bit(range(len(chunks))))
    attacks.check(8 * len(chunks))
    assert not any(room)
