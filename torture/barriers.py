"""Take out one barrier at a time, and look for a disk on which something is wrong then.

A barrier is a place in the source that asks for a sync. Without it, what it made durable
may be lost as well: those are the disks to look at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from torture.disk import Write, torn_forms
from torture.power_cut import Cut, distinct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torture.disk import History
    from torture.power_cut import CutJob

__all__ = ["FULL", "find_fault", "without_each"]

FULL: Final = "PRAGMA synchronous = FULL of"
"""The barrier that SQLite is told to be; it is taken out when the job is written down."""
_NOT_OURS: Final = ("sqlite ", "?")


def without_each(history: History) -> list[str]:
    """Return the sites of our own syncs; what SQLite or a test does by itself is not."""
    return [site for site in history.sites() if not site.startswith(_NOT_OURS)]


def find_fault(job: CutJob, site: str) -> tuple[Cut | None, list[str]]:
    """Return a cut that does harm when the syncs of ``site`` do nothing, and the harm."""
    telling = _all_lost(job.history) if site.startswith(FULL) else _telling(job.history, site)
    for cut in distinct(job.history, telling):
        if faults := job.faults(cut):
            return cut, faults
    return None, []


def _all_lost(history: History) -> Iterator[Cut]:
    """Yield a cut at each moment that loses all that may be lost, the latest first."""
    for until in range(len(history.operations), 0, -1):
        loose = history.loose(until)
        yield Cut(until=until, lost=frozenset(loose))
        yield from (Cut(until=until, lost=frozenset({number})) for number in loose)


def _telling(history: History, site: str) -> Iterator[Cut]:
    """Yield cuts that lose what only this site keeps, the latest first."""
    for until in range(len(history.operations), 0, -1):
        kept = set(history.loose(until))
        exposed = [number for number in history.loose(until, {site}) if number not in kept]
        if not exposed:
            continue
        yield Cut(until=until, lost=frozenset(exposed))
        for number in exposed:
            yield Cut(until=until, lost=frozenset({number}))
            one = history.operations[number]
            if isinstance(one, Write):
                forms = range(len(torn_forms(one.data)))
                yield from (Cut(until=until, torn=((number, form),)) for form in forms)
