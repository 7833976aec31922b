from __future__ import annotations

import dataclasses

import pytest

from vodseal.container.keys import stage_key
from vodseal.container.layout import sealed_message_size
from vodseal.container.staging import PieceId, open_piece, piece_source_id, seal_piece
from vodseal.errors import FormatError, MisuseError, TamperedError, TruncatedError

KEY = stage_key(bytes(range(32)), b"download-id-0016")
SOURCE = piece_source_id(uri_path="/v/7.ts", method="AES-128", iv=bytes(16))
PIECE = PieceId(download_id=b"download-id-0016", sequence=7, piece=2, source_id=SOURCE)


@pytest.mark.parametrize("size", [0, 1, 16384, 4 << 20])
def test_what_was_staged_comes_back(size: int) -> None:
    data = b"\x47" * size
    buffer, room = bytearray(5 << 20), bytearray(5 << 20)
    for made in (seal_piece(KEY, PIECE, data), seal_piece(KEY, PIECE, data, buffer=buffer)):
        assert len(made.sealed) == sealed_message_size(size)
        assert open_piece(KEY, PIECE, made.sealed) == data
        assert open_piece(KEY, PIECE, made.sealed, prefix=made.prefix, buffer=room) == data


@pytest.mark.parametrize(
    "changes",
    [
        {"download_id": b"download-id-0017"},
        {"sequence": 8},
        {"piece": 3},
        {"source_id": piece_source_id(uri_path="/v/8.ts", method="AES-128", iv=bytes(16))},
        {"source_id": piece_source_id(uri_path="/v/7.ts", start=1, length=5)},
    ],
)
def test_a_piece_opens_as_itself_alone(changes: dict[str, object]) -> None:
    made = seal_piece(KEY, PIECE, b"segment")
    other = dataclasses.replace(PIECE, **changes)  # type: ignore[arg-type]  # keywords from a table
    with pytest.raises(TamperedError):
        open_piece(KEY, other, made.sealed)


def test_everything_that_was_asked_for_is_in_the_source_id() -> None:
    ids = {
        piece_source_id(uri_path="/a"),
        piece_source_id(uri_path="/b"),
        piece_source_id(uri_path="/a", start=1),
        piece_source_id(uri_path="/a", length=1),
        piece_source_id(uri_path="/a", method="AES-128"),
        piece_source_id(uri_path="/a", iv=b"\0"),
    }
    assert len(ids) == 6


def test_a_whole_clear_resource_needs_no_more_than_its_path() -> None:
    assert piece_source_id(uri_path="/a") == piece_source_id(
        uri_path="/a", start=0, length=0, method="NONE", iv=b""
    )


def test_what_is_sealed_and_opened_lies_in_the_buffer_that_was_given() -> None:
    sealed_in, opened_in = bytearray(100), bytearray(100)
    made = seal_piece(KEY, PIECE, b"segment", buffer=sealed_in)
    assert sealed_in.startswith(made.sealed)
    open_piece(KEY, PIECE, made.sealed, buffer=opened_in)
    assert opened_in.startswith(b"segment")


def test_no_flipped_bit_survives_and_nothing_stays_in_the_buffer() -> None:
    made = seal_piece(KEY, PIECE, b"a segment of a film")
    room = bytearray(100)
    for bit in range(len(made.sealed) * 8):
        data = bytearray(made.sealed)
        data[bit // 8] ^= 1 << bit % 8
        with pytest.raises(FormatError):
            open_piece(KEY, PIECE, data, buffer=room)
        assert not any(room)


def test_a_cut_piece_is_refused() -> None:
    made = seal_piece(KEY, PIECE, bytes(16384 + 100))
    for size in range(0, len(made.sealed), 37):
        with pytest.raises((TruncatedError, TamperedError)):
            open_piece(KEY, PIECE, made.sealed[:size])
    with pytest.raises(FormatError):
        open_piece(KEY, PIECE, bytes(made.sealed) + b"\0")


def test_an_earlier_attempt_is_not_the_one_in_the_journal() -> None:
    earlier, journaled = seal_piece(KEY, PIECE, b"same"), seal_piece(KEY, PIECE, b"same")
    with pytest.raises(TamperedError):
        open_piece(KEY, PIECE, earlier.sealed, prefix=journaled.prefix)


@pytest.mark.parametrize("number", [0, (1 << 32) - 1])
def test_numbers_of_four_bytes_are_taken(number: int) -> None:
    piece = dataclasses.replace(PIECE, sequence=number, piece=number)
    assert open_piece(KEY, piece, seal_piece(KEY, piece, b"segment").sealed) == b"segment"


@pytest.mark.parametrize(
    "changes",
    [
        *({name: number} for name in ("sequence", "piece") for number in (-1, 1 << 32)),
        {"source_id": b"short"},
    ],
)
def test_numbers_that_do_not_fit_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(MisuseError):
        dataclasses.replace(PIECE, **changes).context()  # type: ignore[arg-type]  # keywords from a table
