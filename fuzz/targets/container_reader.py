"""Seeks and reads of a sealed file, some of whose bytes were altered.

Every byte that comes out is the one that was sealed, whatever was altered and asked.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING, Final

from fuzz import kit
from vodseal.container.layout import CHUNK_SIZE
from vodseal.container.meta import Meta
from vodseal.container.reader import SealedReader
from vodseal.container.source import MemorySink, MemorySource
from vodseal.container.writer import SealedWriter

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY: Final = bytes(range(32))
PLAIN: Final = hashlib.shake_256(b"plain").digest(3 * CHUNK_SIZE + 100)
_STEP: Final = struct.Struct(">BHI")
_MAX_STEPS: Final = 24


def _sealed() -> bytes:
    sink = MemorySink()
    writer = SealedWriter(sink, KEY, file_id=b"F" * 16, download_id=b"D" * 16)
    writer.write(PLAIN)
    writer.finish(Meta(content_type="video/mp4"))
    return bytes(sink.data)


SEALED: Final = _sealed()


def test_one(data: bytes) -> bool:
    """Steps of seven bytes: what to do, a length, a place. Alterations come first."""
    steps = list(_STEP.iter_unpack(data[: len(data) // _STEP.size * _STEP.size]))[:_MAX_STEPS]
    file = bytearray(SEALED)
    for what, _, place in steps:
        if what & 3 == 3:
            file[place % len(file)] ^= what >> 2 or 1
    if data and data[-1] == 1:
        del file[-len(steps) - 1 :]
    return kit.takes(lambda: _read(SealedReader(MemorySource(file), KEY), steps))


def _read(reader: SealedReader, steps: list[tuple[int, int, int]]) -> None:
    assert reader.size == len(PLAIN)
    for what, length, place in steps:
        if what & 3 == 0:
            reader.seek(place % (2 * len(PLAIN)))
        elif what & 3 == 1:
            reader.seek(place % (2 * len(PLAIN)) - len(PLAIN), 1 + (what >> 2) % 2)
        else:
            at = reader.tell()
            buffer = bytearray(b"?" * length)
            taken = kit.takes(lambda buffer=buffer: reader.readinto(buffer))
            got = buffer[: max(0, min(length, len(PLAIN) - at))]
            assert got == (PLAIN[at : at + length] if taken else bytes(len(got)))
            assert reader.tell() == (at + len(got) if taken else at)


def seeds() -> Iterator[bytes]:
    read, seek, alter = 2, 0, 3
    yield _STEP.pack(read, 65535, 0)
    yield _STEP.pack(seek, 0, CHUNK_SIZE - 1) + _STEP.pack(read, 2, 0) + _STEP.pack(read, 40000, 0)
    yield _STEP.pack(alter, 0, 4096 + 60) + _STEP.pack(read, 100, 0)
    yield _STEP.pack(1, 0, 5) + _STEP.pack(read, 7, 0) + _STEP.pack(seek, 0, 10) + b"\1"
