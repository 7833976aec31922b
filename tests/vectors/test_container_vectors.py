"""Every vector of the sealed file, through every reader."""

from __future__ import annotations

import hashlib
import io
import random
from typing import TYPE_CHECKING

import pytest
from tests.vectors.cases import CLASSES, Case, load, paths

from vodseal.container.inspect import describe
from vodseal.container.layout import CHUNK_SIZE
from vodseal.container.reader import SealedReader
from vodseal.container.source import MemorySource
from vodseal.container.staging import PieceId, open_piece, open_piece_blocks, piece_source_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

VECTORS = paths("container")
STEP = CHUNK_SIZE // 4


def opened(case: Case) -> SealedReader:
    return SealedReader(MemorySource(case.data), case.octets("key"))


def read_whole(case: Case) -> Iterator[bytes]:
    yield opened(case).readall()


def read_in_steps(case: Case) -> Iterator[bytes]:
    reader = opened(case)
    while piece := reader.read(STEP):
        yield piece


def read_buffered(case: Case) -> Iterator[bytes]:
    yield io.BufferedReader(opened(case), 5000).read()


def read_backwards(case: Case) -> Iterator[bytes]:
    """What may be given out from its end to its start, then the byte behind it."""
    yield from read_at(case, range(case.released // CHUNK_SIZE * CHUNK_SIZE, -1, -CHUNK_SIZE))


def read_at_random(case: Case) -> Iterator[bytes]:
    places = list(range(0, case.released, CHUNK_SIZE))
    random.Random(5).shuffle(places)
    yield from read_at(case, places)


def read_at(case: Case, places: range | list[int]) -> Iterator[bytes]:
    reader, plain = opened(case), bytearray(case.released)
    for start in places:
        reader.seek(start)
        piece = reader.read(min(CHUNK_SIZE, case.released - start))
        plain[start : start + len(piece)] = piece
    yield bytes(plain)
    reader.seek(case.released)
    yield reader.read(1)


def vector_piece() -> PieceId:
    download_id = hashlib.sha256(b"vector download id").digest()[:16]
    source = piece_source_id(uri_path="/v/7.ts", method="AES-128", iv=bytes(16))
    return PieceId(download_id=download_id, sequence=7, piece=0, source_id=source)


def read_piece(case: Case) -> Iterator[bytes]:
    yield bytes(open_piece(case.octets("key"), vector_piece(), case.data))


def read_piece_in_blocks(case: Case) -> Iterator[bytes]:
    """As the processing phase does."""
    blocks = [case.data[at : at + 10_000] for at in range(0, len(case.data), 10_000)]
    opened = open_piece_blocks(case.octets("key"), vector_piece(), len(case.data), blocks)
    yield from map(bytes, opened)


READERS: dict[str, list[Callable[[Case], Iterator[bytes]]]] = {
    "file": [read_whole, read_in_steps, read_buffered, read_backwards, read_at_random],
    "piece": [read_piece, read_piece_in_blocks],
}
IN_ONE_GO = {read_whole, read_buffered, read_piece}
RUNS = [
    pytest.param(path, reader, id=f"{path.stem}-{reader.__name__}")
    for path in VECTORS
    for reader in READERS[load(path).reader]
]


def test_the_vectors_are_there() -> None:
    cases = [load(path) for path in VECTORS]
    assert len(cases) >= 100
    assert {case.expect for case in cases} == {"ok", *CLASSES}
    assert sum(case.expect != "ok" and case.released > 0 for case in cases) >= 8


@pytest.mark.parametrize(("path", "read"), RUNS)
def test_every_reader_agrees(path: Path, read: Callable[[Case], Iterator[bytes]]) -> None:
    case, given = load(path), bytearray()
    if case.expect == "ok":
        case.check(b"".join(read(case)))
        return
    with pytest.raises(CLASSES[case.expect]) as caught:  # noqa: PT012 - what came before counts
        for piece in read(case):
            given += piece
    assert type(caught.value) is CLASSES[case.expect]
    if read in IN_ONE_GO:
        assert not given
    else:
        case.check(bytes(given))


@pytest.mark.parametrize("path", [p for p in VECTORS if load(p).reader == "file"])
def test_inspecting_needs_no_key(path: Path) -> None:
    case = load(path)
    if case.given["inspect"] == "ok":
        header = describe(MemorySource(case.data)).header
        assert header.download_id == case.data[32:48]
        return
    with pytest.raises(CLASSES[case.given["inspect"]]) as caught:
        describe(MemorySource(case.data))
    assert type(caught.value) is CLASSES[case.given["inspect"]]
