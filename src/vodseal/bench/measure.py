"""Run one command, from the start of its process to its end, and say what it took."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from vodseal.bench.memory import MemoryWatch
from vodseal.rpc.codec import decode_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["Taken", "events", "measure"]

_UNIT: Final = 1024
_SAID: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one run took."""

    seconds: float
    cpu_seconds: float | None = None
    """Of the process and of the children that it waited for."""

    peak_memory: int | None = None
    """Bytes: PSS over all its processes, or, where nobody could look, RSS of the largest."""

    failure: str = ""
    """Why it counts for nothing."""

    lines: tuple[tuple[float, str], ...] = field(default=(), repr=False)
    """What it said on stdout, and when."""


def measure(
    command: Sequence[str | Path], *, environment: Mapping[str, str] | None = None
) -> Taken:
    """Return what ``command`` took; one that ends badly has its last words as ``failure``."""
    talk: list[str] = []
    lines: list[tuple[float, str]] = []
    start = time.perf_counter()
    with subprocess.Popen(
        [*map(str, command)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, **(environment or {})},
    ) as process:
        listener = threading.Thread(target=lambda: talk.extend(process.stderr or ()), daemon=True)
        listener.start()
        try:
            with MemoryWatch(process.pid) as memory:
                lines.extend((time.perf_counter() - start, line) for line in process.stdout or ())
                _, status, used = os.wait4(process.pid, 0)
                seconds = time.perf_counter() - start
        except BaseException:  # Ctrl-C, SIGTERM: nobody waits for what it would have taken
            process.terminate()
            raise
        process.returncode = os.waitstatus_to_exitcode(status)
        listener.join()
    failure = ""
    if process.returncode:
        said = " ".join("".join([*talk, *(line for _, line in lines[-1:])]).split())
        failure = f"exit status {process.returncode}: {said[-_SAID:]}"
    return Taken(
        seconds=seconds,
        cpu_seconds=used.ru_utime + used.ru_stime,
        peak_memory=memory.peak or used.ru_maxrss * _UNIT,
        failure=failure,
        lines=tuple(lines),
    )


def events(taken: Taken) -> list[tuple[float, dict[str, object]]]:
    """Return the JSON lines that a command of ours said, and when."""
    return [(at, decode_json(line)) for at, line in taken.lines if line.startswith("{")]
