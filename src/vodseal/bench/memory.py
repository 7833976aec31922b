"""How much memory a command takes: PSS, summed over its processes.

A page that several processes share counts once in all (proc(5), smaps_rollup),
so that a command of many processes is neither spared nor charged twice.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["MemoryWatch", "family", "pss"]

_PROC: Final = Path("/proc")
_EVERY_SECONDS: Final = 0.25
"""A look costs some 5 ms of processor for 200 MB: at this pace about 2 % of one core."""
_UNIT: Final = 1024


def pss(pid: int) -> int:
    """Return the proportional set size of a process; 0 when it is gone, or cannot be looked at."""
    try:
        text = (_PROC / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return 0
    rows = (line.split() for line in text.splitlines() if line.startswith("Pss:"))
    return next((int(row[1]) * _UNIT for row in rows), 0)


def family(pid: int) -> list[int]:
    """Return ``pid`` and all that descends from it."""
    found, waiting = [], [pid]
    while waiting:
        found.append(one := waiting.pop())
        for task in _read_folder(_PROC / str(one) / "task"):
            try:
                waiting += map(int, (task / "children").read_text().split())
            except OSError:
                continue
    return found


class MemoryWatch:
    """Looks at a process and its children four times a second while the block runs."""

    def __init__(self, pid: int) -> None:
        """Look at ``pid``."""
        self.peak = 0
        """Bytes, of the moment at which all of them together took most; 0 when nobody looked."""

        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="vodseal-memory", daemon=True)

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_EVERY_SECONDS):
            self.peak = max(self.peak, sum(map(pss, family(self._pid))))


def _read_folder(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
