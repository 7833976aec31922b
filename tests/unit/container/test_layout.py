from __future__ import annotations

import pytest
from cryptography.cobblestone import Cobblestone256Encryptor

from vodseal.container import layout
from vodseal.container.layout import (
    CHUNK_SIZE,
    HEADER_SIZE,
    PART_SIZE,
    SEALED_PART_SIZE,
    meta_offset,
    part_count,
    part_offset,
    part_plaintext_size,
    sealed_message_size,
)


def test_the_numbers_of_the_specification() -> None:
    assert bytes.fromhex("8956534C0D0A1A0A") == layout.MAGIC
    assert (HEADER_SIZE, CHUNK_SIZE, PART_SIZE, SEALED_PART_SIZE) == (4096, 16384, 8388608, 8396872)
    assert layout.PREFIX_SIZE == 56


@pytest.mark.parametrize("size", [0, 1, 16383, 16384, 16385, 32768, 100000])
def test_a_message_has_the_size_that_the_library_gives_it(size: int) -> None:
    encryptor = Cobblestone256Encryptor(bytes(32), b"")
    made = encryptor.update(bytes(size)) + encryptor.finalize()
    assert sealed_message_size(size) == len(made)


def test_a_full_part_is_a_message_of_one_part() -> None:
    assert sealed_message_size(PART_SIZE) == SEALED_PART_SIZE


@pytest.mark.parametrize(
    ("size", "parts", "last"),
    [
        (0, 1, 0),
        (1, 1, 1),
        (PART_SIZE - 1, 1, PART_SIZE - 1),
        (PART_SIZE, 2, 0),
        (PART_SIZE + 1, 2, 1),
    ],
)
def test_the_last_part_is_short_and_may_be_empty(size: int, parts: int, last: int) -> None:
    assert part_count(size) == parts
    assert part_plaintext_size(parts - 1, size) == last
    assert meta_offset(size) == part_offset(parts - 1) + sealed_message_size(last)
