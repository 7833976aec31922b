"""Ways of reading a sealed file to its end, each of which has to notice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.tamper.golden import A

from vodseal.container.layout import CHUNK_SIZE
from vodseal.container.reader import SealedReader
from vodseal.container.source import MemorySource

if TYPE_CHECKING:
    from collections.abc import Callable

PLAINS = {"empty": b"", "100 bytes": bytes(range(100)), "two chunks": b"film" * 4096 + b"a" * 100}


def opened(data: bytes) -> SealedReader:
    return SealedReader(MemorySource(data), A.content_key)


def whole(data: bytes) -> bytes:
    return opened(data).readall()


def stream(data: bytes) -> bytes:
    reader = opened(data)
    return b"".join(iter(lambda: reader.read(4096), b""))


def seek(data: bytes) -> bytes:
    reader = opened(data)
    pieces = []
    for start in range(reader.size // CHUNK_SIZE * CHUNK_SIZE, -1, -CHUNK_SIZE):
        reader.seek(start)
        pieces.append(reader.read(CHUNK_SIZE))
    return b"".join(reversed(pieces))


WAYS: dict[str, Callable[[bytes], bytes]] = {"whole": whole, "stream": stream, "seek": seek}
