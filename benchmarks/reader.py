"""How fast a sealed film is read: alone, and beside a busy thread. See README.md.

    python benchmarks/reader.py [--size BYTES] [--seconds N] > result.json

The film lies in memory (``--folder``) and goes through ``open_sealed``, as in an app. The aims:
1.5 GB/s from the first byte to the last with nothing else to do, and 100 Mbit/s without a stall
beside one thread that never waits.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vodseal.bench.work import OneKey, seal
from vodseal.player.session import PlaySession, open_sealed

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 5
BLOCK = 1 << 20
FEED = 64 << 10
"""Bytes of one read of a player."""
MBIT_100 = 100_000_000 / 8
BUFFERED = 0.5
"""Seconds of film that a player holds before it begins; later than that is a stall."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1_000_000_000)
    parser.add_argument("--seconds", type=float, default=20.0, help="of film to feed")
    parser.add_argument("--folder", type=Path, default=Path("/dev/shm"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        film = Path(folder) / "film.vseal"
        seal(film, arguments.size)
        with open_sealed(film, keys=OneKey()) as session:
            result = {
                "size": session.size,
                "sequential_MBps": [sequential(session) for _ in range(ROUNDS)],
                "sequential_MBps_beside_busy_thread": beside_busy(session),
                "feed_100_Mbps_beside_busy_thread": feed(session, arguments.seconds),
            }
    speeds = result["sequential_MBps"]
    result["sequential_MBps_median"] = statistics.median(speeds)
    result["machine"] = {"cores": os.cpu_count(), "system": platform.platform()}
    print(json.dumps(result, indent=1))


def sequential(session: PlaySession, most: int | None = None) -> int:
    """Read from the first byte, as far as ``most``; return megabytes a second."""
    buffer, done = bytearray(BLOCK), 0
    with session.open_reader() as reader:
        start = time.perf_counter()
        while (most is None or done < most) and (taken := reader.readinto(buffer)):
            done += taken
        return round(done / 1e6 / (time.perf_counter() - start))


def beside_busy(session: PlaySession) -> int:
    with busy_thread():
        return sequential(session, 32 * BLOCK)


def feed(session: PlaySession, seconds: float) -> dict[str, float]:
    """Read as a player of 100 Mbit/s does; return how often and how far it came too late."""
    buffer, late = bytearray(FEED), []
    with busy_thread(), session.open_reader() as reader:
        start = time.perf_counter()
        for number in range(int(seconds * MBIT_100 / FEED)):
            due = start + BUFFERED + number * FEED / MBIT_100
            if reader.readinto(buffer) < FEED:
                reader.seek(0)
            now = time.perf_counter()
            late.append(now - due)
            if now < due - BUFFERED:
                time.sleep(due - BUFFERED - now)
    return {
        "seconds": seconds,
        "stalls": sum(one > 0 for one in late),
        "least_reserve_ms": round(-max(late) * 1000),
    }


@contextmanager
def busy_thread() -> Iterator[None]:
    """Keep one thread of this process computing while the block runs."""
    stop = threading.Event()

    def compute() -> None:
        number = 0
        while not stop.is_set():
            for _ in range(10_000):
                number = (number * 7 + 1) % 1_000_003

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


if __name__ == "__main__":
    main()
