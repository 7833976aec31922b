"""Every vector of the sealed file, through every reader; and the generator against the vectors."""

from __future__ import annotations

import contextlib
import hashlib
import io
import random
import subprocess
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from vodseal.container.inspect import describe
from vodseal.container.layout import CHUNK_SIZE
from vodseal.container.reader import SealedReader
from vodseal.container.source import MemorySource
from vodseal.container.staging import PieceId, open_piece, piece_source_id
from vodseal.errors import (
    FormatError,
    MalformedError,
    NotSealedError,
    TamperedError,
    TruncatedError,
    UnsupportedVersionError,
    WrongKeyError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SPEC = Path(__file__).resolve().parents[2] / "spec" / "container"
VECTORS = sorted((SPEC / "vectors").glob("*.vec"))
CLASSES: dict[str, type[FormatError]] = {
    "not-sealed": NotSealedError,
    "truncated": TruncatedError,
    "unsupported": UnsupportedVersionError,
    "wrong-key": WrongKeyError,
    "tampered": TamperedError,
    "malformed": MalformedError,
}


class Vector(NamedTuple):
    reader: str
    expect: str
    key: bytes
    sha256: str
    data: bytes


def load(path: Path) -> Vector:
    head, _, body = path.read_bytes().partition(b"\n\n")
    fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
    assert fields.pop("vodseal-vector") == "1"
    fields = {name: value.strip() for name, value in fields.items()}
    return Vector(
        reader=fields["reader"],
        expect=fields["expect"],
        key=bytes.fromhex(fields["key"]),
        sha256=fields["sha256"],
        data=zlib.decompress(body),
    )


def read_whole(data: bytes, key: bytes) -> bytes:
    return SealedReader(MemorySource(data), key).readall()


def read_in_small_steps(data: bytes, key: bytes) -> bytes:
    reader = SealedReader(MemorySource(data), key)
    return b"".join(iter(lambda: reader.read(777), b""))


def read_buffered(data: bytes, key: bytes) -> bytes:
    return io.BufferedReader(SealedReader(MemorySource(data), key), 5000).read()


def read_backwards(data: bytes, key: bytes) -> bytes:
    reader = SealedReader(MemorySource(data), key)
    pieces = []
    for start in range(reader.size // CHUNK_SIZE * CHUNK_SIZE, -1, -CHUNK_SIZE):
        reader.seek(start)
        pieces.append(reader.read(CHUNK_SIZE))
    return b"".join(reversed(pieces))


def read_at_random(data: bytes, key: bytes) -> bytes:
    reader = SealedReader(MemorySource(data), key)
    plain, places = bytearray(reader.size), list(range(0, reader.size, 1000))
    random.Random(5).shuffle(places)
    for start in places:
        reader.seek(start)
        plain[start : start + 1000] = reader.read(1000)
    if not places:
        reader.read(1)
    return bytes(plain)


def read_piece(data: bytes, key: bytes) -> bytes:
    download_id = hashlib.sha256(b"vector download id").digest()[:16]
    source = piece_source_id(uri_path="/v/7.ts", method="AES-128", iv=bytes(16))
    piece = PieceId(download_id=download_id, sequence=7, piece=0, source_id=source)
    return bytes(open_piece(key, piece, data))


READERS: dict[str, list[Callable[[bytes, bytes], bytes]]] = {
    "file": [read_whole, read_in_small_steps, read_buffered, read_backwards, read_at_random],
    "piece": [read_piece],
}
CASES = [
    pytest.param(path, reader, id=f"{path.stem}-{reader.__name__}")
    for path in VECTORS
    for reader in READERS[load(path).reader]
]


def test_the_vectors_are_there() -> None:
    assert len(VECTORS) >= 80
    assert {load(path).expect for path in VECTORS} == {"ok", *CLASSES}


@pytest.mark.parametrize(("path", "read"), CASES)
def test_every_reader_agrees(path: Path, read: Callable[[bytes, bytes], bytes]) -> None:
    vector = load(path)
    if vector.expect == "ok":
        assert hashlib.sha256(read(vector.data, vector.key)).hexdigest() == vector.sha256
        return
    with pytest.raises(CLASSES[vector.expect]) as caught:
        read(vector.data, vector.key)
    assert type(caught.value) is CLASSES[vector.expect]


@pytest.mark.parametrize(
    "path", [p for p in VECTORS if load(p).reader == "file"], ids=lambda p: p.stem
)
def test_inspecting_says_something_or_raises_ours(path: Path) -> None:
    with contextlib.suppress(FormatError):
        assert len(describe(MemorySource(load(path).data)).header.download_id) == 16


def test_the_generator_still_writes_these_vectors(tmp_path: Path) -> None:
    subprocess.run([sys.executable, SPEC / "make.py", tmp_path], check=True)
    made = {path.name: load(path) for path in tmp_path.iterdir()}
    assert made == {path.name: load(path) for path in VECTORS}


def test_the_generator_knows_nothing_of_our_code() -> None:
    for source in SPEC.glob("*.py"):
        assert "vodseal." not in source.read_text(), source
