"""What the demo found, and whom it tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["Check", "DemoReport", "Reporter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One claim, and whether it held."""

    name: str
    ok: bool
    detail: str


class Reporter(Protocol):
    """Who is told while the demo runs."""

    def step(self, title: str) -> None:
        """A new part of the story begins."""

    def progress(self, phase: str, done: int, total: int) -> None:
        """``phase`` has done so many bytes."""

    def check(self, check: Check) -> None:
        """A claim was tried."""


@dataclass(slots=True)
class DemoReport:
    """All of it, as the table at the end shows it.

    ``sizes`` are bytes, ``seconds`` seconds, ``rates`` 10^6 bytes in a second.
    """

    reporter: Reporter
    checks: list[Check] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    sealed_file: str = ""

    def check(self, name: str, *, ok: bool, detail: str) -> None:
        """Add a claim that was tried, and tell the reporter."""
        self.checks.append(Check(name=name, ok=ok, detail=detail))
        self.reporter.check(self.checks[-1])

    @property
    def ok(self) -> bool:
        """Whether every claim held. Without a claim, none did."""
        return bool(self.checks) and all(check.ok for check in self.checks)

    @property
    def rates(self) -> dict[str, float]:
        """MB/s of every step that has both a size and a time."""
        return {
            name: round(self.sizes[name] / 1e6 / self.seconds[name], 1)
            for name in self.seconds
            if name in self.sizes and self.seconds[name] > 0
        }

    def as_json(self) -> dict[str, object]:
        """Return the object that ``demo --json`` ends with."""
        return {
            "ok": self.ok,
            "checks": [{"name": c.name, "ok": c.ok, "detail": c.detail} for c in self.checks],
            "sealed_file": self.sealed_file,
            "sizes": self.sizes,
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
            "MBps": self.rates,
        }
