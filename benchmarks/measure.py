"""Run one command and say what it took."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One command, from its start to its end, start-up counted."""

    seconds: float
    cpu_seconds: float  # of the process and of the children that it waited for
    peak_rss: int  # bytes, of the largest process among them
    lines: list[tuple[float, str]] = field(repr=False)  # what it said on stdout, and when


def run(command: list[str], *, environment: dict[str, str] | None = None) -> Run:
    """Run ``command``; a failure ends the benchmark with what it said."""
    lines: list[tuple[float, str]] = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    ) as process:
        start = time.perf_counter()
        talk: list[str] = []
        reader = threading.Thread(target=lambda: talk.extend(process.stderr), daemon=True)
        reader.start()
        lines.extend((time.perf_counter() - start, line) for line in process.stdout)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        reader.join()
    if process.returncode:
        said = "".join(talk)[-2000:] + "".join(line for _, line in lines[-3:])
        raise SystemExit(f"{command[0]} ended with {process.returncode}:\n{said}")
    return Run(
        seconds=seconds,
        cpu_seconds=used.ru_utime + used.ru_stime,
        peak_rss=used.ru_maxrss * 1024,
        lines=lines,
    )


def events(taken: Run) -> list[tuple[float, dict[str, object]]]:
    """Return the JSON lines that a command of ours said."""
    return [(at, json.loads(line)) for at, line in taken.lines if line.startswith("{")]


def summary(raw: dict[str, list[Run]], size: int) -> dict[str, object]:
    """Return medians by name; MB are 1e6 bytes of source, whatever the result weighs."""
    median = {name: statistics.median(r.seconds for r in runs) for name, runs in raw.items()}
    return {
        "size": size,
        "rounds": min(map(len, raw.values())),
        "median_seconds": {n: round(s, 3) for n, s in median.items()},
        "median_MBps": {n: round(size / 1e6 / s, 1) for n, s in median.items()},
        "cpu_s_per_GB": {
            n: round(statistics.median(r.cpu_seconds for r in runs) / size * 1e9, 2)
            for n, runs in raw.items()
        },
        "peak_rss_MB": {n: round(max(r.peak_rss for r in runs) / 1e6) for n, runs in raw.items()},
        "machine": {
            "cores": os.cpu_count(),
            "processor": _processor(),
            "system": platform.platform(),
            "python": platform.python_version(),
        },
        "raw": {n: [round(r.seconds, 3) for r in runs] for n, runs in raw.items()},
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    return next((x.split(":")[1].strip() for x in text.splitlines() if "model name" in x), "")
