from __future__ import annotations

import random

import pytest

from vodseal.container.header import Header
from vodseal.container.layout import HEADER_SIZE, MAX_META_SIZE, MAX_PLAINTEXT_SIZE
from vodseal.errors import FormatError, MisuseError, NotSealedError, TruncatedError, WrongKeyError

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
