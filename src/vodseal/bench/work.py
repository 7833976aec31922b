"""The work of ``bench seal`` and ``bench seek``, in a process of its own.

    python -m vodseal.bench.work seal SIZE [FILE]
    python -m vodseal.bench.work read FILE

Prints one JSON object. ``seconds`` are those of the work alone: an interpreter that
starts is not what is measured here.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vodseal.container.meta import Meta
from vodseal.container.writer import SealedWriter
from vodseal.player.session import open_sealed
from vodseal.vault.sealed_files import FileSink

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["OneKey", "main", "read", "seal", "seal_in_memory"]

_KEY: Final = bytes(range(32))
_BLOCK: Final = 1 << 20
_READ: Final = 64 << 10
_READS: Final = 2000
_SEED: Final = 3


class OneKey:
    """Opens what is sealed here, as a key service would that has checked the license."""

    def open_content_key(self, download_id: bytes, now: float) -> bytes:
        """Return the key."""
        del download_id, now
        return _KEY

    def note_play(self, download_id: bytes, now: float) -> None:
        """Let it play."""


class _Nowhere:
    """A sink that keeps nothing."""

    def write_at(self, offset: int, data: memoryview) -> None:
        """Forget ``data``."""

    def truncate(self, size: int) -> None:
        """Nothing is there."""

    def sync(self) -> None:
        """Nothing is there."""


def seal_in_memory(size: int) -> float:
    """Return the seconds that it takes to seal ``size`` bytes and to keep none of them."""
    start = time.perf_counter()
    _write(SealedWriter(_Nowhere(), _KEY, file_id=bytes(16), download_id=bytes(16)), size)
    return time.perf_counter() - start


def seal(path: Path, size: int) -> float:
    """Write a sealed file with ``size`` bytes in it, durable; return the seconds."""
    start = time.perf_counter()
    with FileSink(path.with_suffix(".part")) as sink:
        _write(SealedWriter(sink, _KEY, file_id=os.urandom(16), download_id=bytes(16)), size)
        sink.publish(path)
    return time.perf_counter() - start


def read(path: Path, *, reads: int = _READS) -> dict[str, float]:
    """Read a file, sealed or plain, as a player does: to its end, then here and there."""
    buffer = bytearray(_BLOCK)
    with open_sealed(path, keys=OneKey()) as session, session.open_reader() as reader:
        start = time.perf_counter()
        while reader.readinto(buffer):
            pass
        seconds = time.perf_counter() - start
        places = random.Random(_SEED)  # noqa: S311 - the same places for everybody
        taken = []
        for _ in range(reads):
            place = places.randrange(max(1, session.size - _READ))
            start = time.perf_counter()
            reader.seek(place)
            reader.read(_READ)
            taken.append(time.perf_counter() - start)
    taken.sort()
    return {
        "seconds": seconds,
        "p50_ms": round(taken[reads // 2] * 1000, 4),
        "p99_ms": round(taken[reads * 99 // 100] * 1000, 4),
    }


def main(arguments: Sequence[str]) -> None:
    """Do what ``arguments`` say."""
    kind, first, *rest = arguments
    if kind == "read":
        found = read(Path(first))
    else:
        size = int(first)
        found = {"seconds": seal(Path(rest[0]), size) if rest else seal_in_memory(size)}
    sys.stdout.write(json.dumps(found) + "\n")


def _write(writer: SealedWriter, size: int) -> None:
    block = memoryview(os.urandom(_BLOCK))
    for start in range(0, size, _BLOCK):
        writer.write(block[: min(_BLOCK, size - start)])
    writer.finish(Meta(content_type="video/mp4"))


if __name__ == "__main__":
    main(sys.argv[1:])
