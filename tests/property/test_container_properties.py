"""The sealed file against plain bytes, with whatever hypothesis thinks of."""

from __future__ import annotations

import io
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vodseal.container import cbor
from vodseal.container.cobblestone import MessageOpener, seal_message
from vodseal.container.layout import CHUNK_SIZE, PART_SIZE, SEALED_CHUNK_SIZE
from vodseal.container.meta import Meta
from vodseal.container.reader import SealedReader
from vodseal.container.source import MemorySink, MemorySource
from vodseal.container.writer import SealedWriter
from vodseal.errors import FormatError, MalformedError, MisuseError

if TYPE_CHECKING:
    from vodseal.container.cbor import CborValue

CK = bytes(range(32))
FILM = random.Random(11).randbytes(4 * PART_SIZE + 777)
EDGES = [0, 1, CHUNK_SIZE, PART_SIZE, 2 * PART_SIZE, 3 * PART_SIZE]
sizes = st.builds(lambda edge, off: max(0, edge + off), st.sampled_from(EDGES), st.integers(-2, 2))
lengths = st.one_of(st.integers(0, 70_000), sizes)
offsets = st.one_of(st.integers(0, len(FILM) + 9), sizes)
values = st.recursive(
    st.integers(-(1 << 64), (1 << 64) - 1)
    | st.binary(max_size=40)
    | st.text(max_size=20)
    | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.integers(0, 23), inner, max_size=4)
    ),
    max_leaves=12,
)


def sealed(data: bytes) -> bytes:
    sink = MemorySink()
    writer = SealedWriter(sink, CK, file_id=bytes(16), download_id=bytes(16))
    writer.write(data)
    writer.finish(Meta(content_type="video/mp4"))
    return bytes(sink.data)


SEALED_FILM = sealed(FILM)
SMALL = sealed(FILM[:20_000])


@settings(max_examples=40, deadline=None)
@given(size=sizes)
def test_round_trip_around_the_edges(size: int) -> None:
    assert SealedReader(MemorySource(sealed(FILM[:size])), CK).readall() == FILM[:size]


@settings(max_examples=150, deadline=None)
@given(reads=st.lists(st.tuples(offsets, lengths), max_size=8))
def test_a_reader_behaves_as_a_file(reads: list[tuple[int, int]]) -> None:
    reader, plain = SealedReader(MemorySource(SEALED_FILM), CK), io.BytesIO(FILM)
    for offset, length in reads:
        assert reader.seek(offset) == plain.seek(offset)
        assert reader.read(length) == plain.read(length)
        assert reader.tell() == plain.tell()


@settings(max_examples=20, deadline=None)
@given(steps=st.lists(st.tuples(offsets, lengths), max_size=10), hold=st.booleans())
def test_a_writer_behaves_as_a_file_or_refuses(steps: list[tuple[int, int]], *, hold: bool) -> None:
    """What it takes is what a file would hold; what it refuses changes nothing."""
    sink, plain = MemorySink(), io.BytesIO()
    writer = SealedWriter(sink, CK, file_id=bytes(16), download_id=bytes(16))
    if hold:
        writer.hold_from(0)
    for number, (offset, length) in enumerate([(0, 100), *steps]):
        data = FILM[number : number + (length * (1 + number % 9))]
        target = offset if offset % 3 else len(plain.getbuffer())
        try:
            writer.seek(target)
            writer.write(data)
        except MisuseError:
            assert not hold or target > len(plain.getbuffer())
            writer.seek(0, io.SEEK_END)
        else:
            plain.seek(target)
            plain.write(data)
    writer.finish(Meta(content_type="video/mp4"))
    assert SealedReader(MemorySource(sink.data), CK).readall() == plain.getvalue()


@settings(max_examples=300, deadline=None)
@given(cut=st.integers(0, len(SMALL)), more=st.binary(max_size=60), at=st.integers(0, len(SMALL)))
def test_whatever_is_done_to_a_file_it_opens_whole_or_not_at_all(
    cut: int, more: bytes, at: int
) -> None:
    changed = SMALL[: min(at, cut)] + more + SMALL[cut:]
    if changed == SMALL:
        return
    with pytest.raises(FormatError):
        SealedReader(MemorySource(changed), CK).readall()


@settings(max_examples=60, deadline=None)
@given(size=st.integers(0, 5 * CHUNK_SIZE), first=st.integers(0, 5), count=st.integers(1, 5))
def test_any_run_of_chunks_opens(size: int, first: int, count: int) -> None:
    plain = FILM[:size]
    message = seal_message(CK, b"context", plain)
    opener = MessageOpener(CK, b"context", message[:56], plaintext_size=size)
    first = min(first, opener.chunk_count - 1)
    expected = plain[first * CHUNK_SIZE : (first + count) * CHUNK_SIZE]
    room = bytearray(len(expected))
    run = message[56 + first * SEALED_CHUNK_SIZE : 56 + (first + count) * SEALED_CHUNK_SIZE]
    opener.open_run(first, memoryview(run), memoryview(room))
    assert room == expected


@settings(max_examples=300)
@given(value=values)
def test_cbor_comes_back_and_has_one_encoding(value: CborValue) -> None:
    try:
        data = cbor.encode(value)
    except MisuseError:  # nested too deeply
        return
    assert cbor.decode(data) == value
    assert cbor.encode(cbor.decode(data)) == data


@settings(max_examples=500)
@given(data=st.binary(max_size=60))
def test_what_decodes_is_what_we_would_have_written(data: bytes) -> None:
    try:
        value = cbor.decode(data)
    except MalformedError:
        return
    assert cbor.encode(value) == data
