from __future__ import annotations

import random

import pytest

from vodseal.container.header import Header
from vodseal.container.layout import HEADER_SIZE, MAX_META_SIZE, MAX_PLAINTEXT_SIZE, meta_offset
from vodseal.errors import (
    FormatError,
    MalformedError,
    MisuseError,
    NotSealedError,
    TruncatedError,
    UnsupportedVersionError,
    WrongKeyError,
)

CK = bytes(range(32))


def header(**changes: object) -> Header:
    fields: dict[str, object] = {
        "file_id": b"file-id-000000-1",
        "download_id": b"download-id-0016",
        "plaintext_size": 20_000_000,
        "meta_size": 300,
    }
    return Header(**(fields | changes))  # type: ignore[arg-type]  # keywords from a table


def test_what_was_written_is_read() -> None:
    made = header()
    data = made.encode(CK)
    assert len(data) == HEADER_SIZE
    assert Header.open(data, CK, file_size=made.file_size) == made
    assert Header.peek(data) == made
    assert made.part_count == 3


@pytest.mark.behaviour("B49")
def test_no_flipped_bit_survives() -> None:
    made = header()
    right = made.encode(CK)
    bits = [*range(144 * 8), *(at * 8 + at % 8 for at in range(144, HEADER_SIZE))]
    for bit in bits:
        data = bytearray(right)
        data[bit // 8] ^= 1 << bit % 8
        with pytest.raises(FormatError):
            Header.open(bytes(data), CK, file_size=made.file_size)


def test_another_key_is_told_from_an_altered_header() -> None:
    made = header()
    with pytest.raises(WrongKeyError):
        Header.open(made.encode(CK), bytes(32), file_size=made.file_size)


@pytest.mark.parametrize("off", [-5000, -1, 1, 16400])
def test_the_length_of_the_file_is_exact(off: int) -> None:
    made = header()
    with pytest.raises(TruncatedError):
        Header.open(made.encode(CK), CK, file_size=made.file_size + off)


@pytest.mark.parametrize("size", range(0, HEADER_SIZE, 61))
def test_a_cut_header_is_refused(size: int) -> None:
    data = header().encode(CK)[:size]
    with pytest.raises(NotSealedError if size < 8 else TruncatedError):
        Header.peek(data)


@pytest.mark.parametrize(
    "changes",
    [
        {"file_id": b"short"},
        {"download_id": bytes(17)},
        {"plaintext_size": -1},
        {"plaintext_size": MAX_PLAINTEXT_SIZE + 1},
        {"meta_size": 72},
        {"meta_size": MAX_META_SIZE + 1},
    ],
)
def test_a_header_that_does_not_fit_is_not_written(changes: dict[str, object]) -> None:
    with pytest.raises(MisuseError):
        header(**changes).encode(CK)


def test_the_largest_file_has_a_header() -> None:
    made = header(plaintext_size=MAX_PLAINTEXT_SIZE)
    assert Header.open(made.encode(CK), CK, file_size=made.file_size) == made
    assert made.part_count == (1 << 32) - 1


@pytest.mark.parametrize("meta_size", [73, MAX_META_SIZE])
def test_a_meta_may_be_as_small_and_as_large_as_its_bounds(meta_size: int) -> None:
    made = header(meta_size=meta_size)
    assert Header.open(made.encode(CK), CK, file_size=made.file_size) == made


def test_noise_is_not_a_header() -> None:
    noise = random.Random(3)
    for _ in range(300):
        with pytest.raises(FormatError):
            Header.peek(b"\x89VSL\r\n\x1a\n\1\0\1\x0e\0\0\2\0" + noise.randbytes(HEADER_SIZE - 16))


@pytest.mark.parametrize("at", range(8, 16))
def test_one_other_byte_of_version_suite_or_sizes_is_a_later_version(at: int) -> None:
    data = bytearray(header().encode(CK))
    data[at] ^= 1
    with pytest.raises(UnsupportedVersionError):
        Header.peek(bytes(data))


@pytest.mark.parametrize(
    ("at", "change"),
    [
        (48, b"\1"),  # the first reserved field
        (88, b"\0\0\0\0\0\0\0\1"),  # the second
        (64, (20_000_001).to_bytes(8, "big")),  # lengths: the meta does not begin behind it
        (72, (1).to_bytes(8, "big")),
        (84, (4).to_bytes(4, "big")),  # parts
        (80, (72).to_bytes(4, "big")),  # a meta that holds nothing
    ],
)
def test_each_field_of_an_unauthenticated_header_is_checked(at: int, change: bytes) -> None:
    data = bytearray(header().encode(CK))
    data[at : at + len(change)] = change
    with pytest.raises(MalformedError):
        Header.peek(bytes(data))


def test_a_length_beyond_the_largest_is_refused_even_if_all_else_agrees() -> None:
    made = header(plaintext_size=MAX_PLAINTEXT_SIZE)
    data = bytearray(made.encode(CK))
    data[64:72] = (MAX_PLAINTEXT_SIZE + 1).to_bytes(8, "big")
    data[72:80] = meta_offset(MAX_PLAINTEXT_SIZE + 1).to_bytes(8, "big")
    data[84:88] = (0).to_bytes(4, "big")  # what a count of 2^32 looks like in its place
    with pytest.raises(MalformedError):
        Header.peek(bytes(data))
