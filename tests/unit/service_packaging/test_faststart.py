from __future__ import annotations

import io
import struct

import pytest

from vodseal.service.packaging.boxes import top_boxes
from vodseal.service.packaging.faststart import moov_first


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def table(kind: bytes, form: str, *numbers: int) -> bytes:
    return box(kind, bytes(4), struct.pack(f">I{len(numbers)}{form}", len(numbers), *numbers))


def index(*tables: bytes) -> bytes:
    traks = [
        box(b"trak", box(b"tkhd", bytes(9)), box(b"mdia", box(b"minf", box(b"stbl", t))))
        for t in tables
    ]
    return box(b"moov", box(b"mvhd", bytes(20)), *traks)


FTYP = box(b"ftyp", b"isom")
FILM = bytes(range(256)) * 8


def rewrite(data: bytes, piece_size: int = 1000) -> bytes:
    pieces = list(moov_first(io.BytesIO(data), piece_size))
    assert all(len(piece) == piece_size for piece in pieces[:-1])
    assert pieces
    assert len(pieces[-1]) <= piece_size
    return b"".join(pieces)


def positions(data: bytes, form: str, kind: bytes) -> list[int]:
    at = data.index(kind) + 8
    (count,) = struct.unpack_from(">I", data, at)
    return list(struct.unpack_from(f">{count}{form}", data, at + 4))


@pytest.mark.parametrize(("form", "kind"), [("I", b"stco"), ("Q", b"co64")])
@pytest.mark.parametrize("piece_size", [1, 7, 1000, 1 << 20])
def test_positions_point_to_the_same_bytes(form, kind, piece_size):
    start = len(FTYP) + 8
    offsets = [start, start + 100, start + 2000]
    data = FTYP + box(b"mdat", FILM) + index(table(kind, form, *offsets)) + box(b"free", b"x")
    moved = rewrite(data, piece_size)
    kinds = [found.kind for found in top_boxes(io.BytesIO(moved))]
    assert kinds == [b"ftyp", b"moov", b"mdat", b"free"]
    assert len(moved) == len(data)
    for old, new in zip(offsets, positions(moved, form, kind), strict=True):
        assert moved[new : new + 40] == data[old : old + 40]


def test_every_track_is_moved():
    start = len(FTYP) + 8
    data = FTYP + box(b"mdat", FILM) + index(table(b"stco", "I", start), table(b"co64", "Q", start))
    moved = rewrite(data)
    (first,), (second,) = positions(moved, "I", b"stco"), positions(moved, "Q", b"co64")
    assert first == second == moved.index(FILM)


def test_an_index_in_front_stays():
    data = FTYP + index(table(b"stco", "I", 500)) + box(b"mdat", FILM)
    assert rewrite(data) == data


def test_what_would_overflow_stays():
    data = FTYP + box(b"mdat", FILM) + index(table(b"stco", "I", (1 << 32) - 2))
    assert rewrite(data) == data


@pytest.mark.parametrize("data", [b"short", b"\0\0\0\1mdat", b"\0\0\0\4mdat" + bytes(100), FTYP])
def test_what_is_no_mp4_stays(data):
    assert rewrite(data) == data


def test_nothing_is_nothing():
    assert list(moov_first(io.BytesIO(b""), 10)) == []


def test_a_large_mdat_has_a_long_size():
    mdat = struct.pack(">I4sQ", 1, b"mdat", 16 + len(FILM)) + FILM
    data = FTYP + mdat + index(table(b"stco", "I", len(FTYP) + 16))
    moved = rewrite(data)
    (offset,) = positions(moved, "I", b"stco")
    assert moved[offset : offset + len(FILM)] == FILM


def test_a_box_of_size_zero_reaches_to_the_end():
    data = FTYP + struct.pack(">I4s", 0, b"mdat") + FILM
    assert [(b.kind, b.end) for b in top_boxes(io.BytesIO(data))][-1] == (b"mdat", len(data))
    assert rewrite(data) == data
