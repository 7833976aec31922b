from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from vodseal.container.meta import Meta
from vodseal.container.source import MemorySink
from vodseal.container.writer import SealedWriter

if TYPE_CHECKING:
    from types import ModuleType

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


@pytest.fixture(scope="session")
def kit() -> ModuleType:
    """The second implementation, spec/container/kit.py."""
    path = Path(__file__).resolve().parents[3] / "spec" / "container" / "kit.py"
    spec = importlib.util.spec_from_file_location("container_kit", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["container_kit"] = module
    spec.loader.exec_module(module)
    return module
