"""Stop a whole tree of processes for as long as a block runs: a moment to look at a disk."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["descendants", "frozen", "kill_tree", "wait_until"]

_PATIENCE_SECONDS = 60.0


def descendants(root: int) -> list[int]:
    """Return ``root`` and every process below it, parents first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _fields(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    tree = [root]
    for pid in tree:
        tree.extend(children.get(pid, []))
    return tree


def _fields(pid: int) -> list[str]:
    """Return state, parent and what follows of /proc/PID/stat; nothing when it is gone."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def wait_until(happened: Callable[[], bool]) -> None:
    """Return when ``happened``, which somebody else brings about."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        os.sched_yield()


@contextmanager
def frozen(root: int) -> Iterator[list[int]]:
    """Stop ``root`` and all below it; the value is who was stopped."""
    stopped: list[int] = []
    try:
        while fresh := [pid for pid in descendants(root) if pid not in stopped]:
            for pid in fresh:  # a parent that is stopped makes no more children
                stopped.append(pid)
                _send(pid, signal.SIGSTOP)
                while (fields := _fields(pid)) and fields[0] not in "TtZX":
                    os.sched_yield()
        yield stopped
    finally:
        for pid in reversed(stopped):
            _send(pid, signal.SIGCONT)


def kill_tree(root: int) -> None:
    """Kill ``root`` and all below it, as a power cut would: nobody gets to clean up."""
    with frozen(root) as tree:
        for pid in tree:
            _send(pid, signal.SIGKILL)


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it ended by itself
        os.kill(pid, number)
