"""From raw runs to the object that ``vodseal bench --json`` ends with (design 5)."""

from __future__ import annotations

import os
import platform
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodseal.bench.measure import Taken
    from vodseal.bench.rounds import Results

__all__ = ["LEAST_ROUNDS", "Report", "machine", "notes"]

LEAST_ROUNDS: Final = 5
_MEGA, _GIGA = 1e6, 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a benchmark found. MB are 1e6 bytes of the source, whatever the result weighs."""

    benchmark: str
    size: int
    rounds: int
    results: Results
    ratios: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Who of ours is held against which rivals."""
    more: Mapping[str, object] = field(default_factory=dict)
    """What this benchmark says besides."""

    def seconds(self) -> dict[str, float]:
        """Return the median by name."""
        raw = self.results.raw
        return {name: statistics.median(one.seconds for one in raw[name]) for name in raw}

    def rates(self) -> dict[str, float]:
        """Return the median in MB/s by name."""
        return {name: self._rate(seconds) for name, seconds in self.seconds().items()}

    def spread(self) -> dict[str, list[float]]:
        """Return every round in MB/s by name."""
        raw = self.results.raw
        return {name: [self._rate(one.seconds) for one in raw[name]] for name in raw}

    def cpu(self) -> dict[str, float]:
        """Return CPU seconds for each GB by name, the median; without whom nobody counted."""
        raw = self.results.raw
        counted = {
            name: [one.cpu_seconds for one in runs if one.cpu_seconds is not None]
            for name, runs in raw.items()
        }
        per_byte = {
            name: statistics.median(all_) / self.size for name, all_ in counted.items() if all_
        }
        return {name: round(one * _GIGA, 2) for name, one in per_byte.items()}

    def memory(self) -> dict[str, float]:
        """Return the highest peak in MB by name; without whom nobody looked at."""
        counted = {
            name: [one.peak_memory for one in runs if one.peak_memory is not None]
            for name, runs in self.results.raw.items()
        }
        return {name: round(max(all_) / _MEGA, 1) for name, all_ in counted.items() if all_}

    def times_as_fast(self) -> dict[str, float]:
        """Return how many times as fast ours is as each rival that was measured."""
        seconds = self.seconds()
        return {
            f"{ours} / {rival}": round(seconds[rival] / seconds[ours], 2)
            for ours, rivals in self.ratios
            for rival in rivals
            if ours in seconds and rival in seconds
        }

    def as_json(self) -> dict[str, object]:
        """Return the object that ``--json`` ends with."""
        return {
            "benchmark": self.benchmark,
            "size": self.size,
            "rounds": self.rounds,
            "median_MBps": self.rates(),
            "median_seconds": {name: round(one, 4) for name, one in self.seconds().items()},
            "cpu_s_per_GB": self.cpu(),
            "peak_rss_MB": self.memory(),
            "times_as_fast": self.times_as_fast(),
            **self.more,
            "left_out": dict(self.results.left_out),
            "notes": notes(self.rounds),
            "machine": machine(),
            "raw": {name: _raw(runs) for name, runs in self.results.raw.items()},
        }

    def _rate(self, seconds: float) -> float:
        return round(self.size / _MEGA / seconds, 1)


def notes(rounds: int) -> list[str]:
    """Return what a reader of the figures has to know."""
    said = ["peak_rss_MB is PSS, summed over all processes of a run, at its highest"]
    if not Path("/proc/self/smaps_rollup").exists():
        said = ["peak_rss_MB is the RSS of the largest process: this system tells no PSS"]
    if rounds < LEAST_ROUNDS:
        said.append(f"fewer than {LEAST_ROUNDS} rounds: a trial, and no figures to quote")
    return said


def machine() -> dict[str, object]:
    """Return what the figures belong to, and how busy it was at the end."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": load if load is None else round(load, 1),
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    named = (line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line)
    return next(named, "")


def _raw(runs: list[Taken]) -> dict[str, list[float | None]]:
    return {
        "seconds": [round(one.seconds, 4) for one in runs],
        "cpu_seconds": [
            None if one.cpu_seconds is None else round(one.cpu_seconds, 3) for one in runs
        ],
        "peak_MB": [
            None if one.peak_memory is None else round(one.peak_memory / _MEGA, 1) for one in runs
        ],
    }
