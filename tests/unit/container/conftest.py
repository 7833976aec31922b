from __future__ import annotations

import random
from typing import Protocol

import pytest

from vodseal.container.meta import Meta
from vodseal.container.source import MemorySink
from vodseal.container.writer import SealedWriter

CK = bytes(range(32))
DOWNLOAD_ID = b"download-id-0016"


class Seal(Protocol):
    def __call__(
        self, data: bytes, *, key: bytes = ..., file_id: bytes = ..., meta: Meta = ...
    ) -> bytes: ...


@pytest.fixture(scope="session")
def seal() -> Seal:
    """Seals bytes in one write and returns the whole file."""

    def seal(
        data: bytes,
        *,
        key: bytes = CK,
        file_id: bytes = b"file-id-000000-1",
        meta: Meta = Meta(content_type="video/mp4"),  # noqa: B008 - frozen
    ) -> bytes:
        sink = MemorySink()
        writer = SealedWriter(sink, key, file_id=file_id, download_id=DOWNLOAD_ID)
        writer.write(data)
        writer.finish(meta)
        return bytes(sink.data)

    return seal


@pytest.fixture(scope="session")
def film() -> bytes:
    """Two full parts and a bit more: 16 MiB and 40,000 bytes that look random."""
    return random.Random(1).randbytes(2 * 8388608 + 40000)


@pytest.fixture(scope="session")
def sealed_film(seal: Seal, film: bytes) -> bytes:
    return seal(film)
