"""The disks that a power cut may leave of a job that was written down, and what becomes of them."""

from __future__ import annotations

import os
import random
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from torture.disk import History, Write, torn_forms
from torture.job import Place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

__all__ = ["Check", "Cut", "CutJob", "cuts", "distinct", "worst"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One power cut: when, what of the loose was lost, what is there in part."""

    until: int
    lost: frozenset[int] = frozenset()
    torn: tuple[tuple[int, int], ...] = ()


def cuts(history: History, *, seed: int, chances: int) -> Iterator[Cut]:
    """Yield cuts at every moment: the telling ones, and ``chances`` random ones each."""
    choice = random.Random(seed)
    for until in range(1, len(history.operations) + 1):
        loose = history.loose(until)
        writes = {
            number: len(torn_forms(one.data))
            for number in loose
            if isinstance(one := history.operations[number], Write)
        }
        yield Cut(until=until)
        yield Cut(until=until, lost=frozenset(loose))
        for number in loose:
            yield Cut(until=until, lost=frozenset({number}))
            yield Cut(until=until, lost=frozenset(loose) - {number})
        for number, forms in writes.items():
            yield from (Cut(until=until, torn=((number, form),)) for form in range(forms))
        for _ in range(chances if len(loose) > 1 else 0):
            lost = frozenset(number for number in loose if choice.random() < 0.5)
            torn = tuple(
                (number, choice.randrange(forms))
                for number, forms in writes.items()
                if choice.random() < 0.3
            )
            yield Cut(until=until, lost=lost, torn=torn)


def worst(history: History) -> Iterator[Cut]:
    """Yield a cut at each moment, which loses all that may be lost then."""
    for until in range(1, len(history.operations) + 1):
        yield Cut(until=until, lost=frozenset(history.loose(until)))


def distinct(history: History, wanted: Iterable[Cut]) -> Iterator[Cut]:
    """Yield cuts of which no two leave the same disk after the same promises."""
    seen: set[tuple[bytes, int]] = set()
    for cut in wanted:
        state = history.state(cut.until, cut.lost, dict(cut.torn))
        key = state.digest, len(history.marks(cut.until))
        if key not in seen:
            seen.add(key)
            yield cut


class Check(Protocol):
    """Says what is wrong with a disk."""

    def faults(self, place: Place, promised: Collection[str]) -> list[str]:
        """Return what is wrong there, and broken of what was promised."""


@dataclass(kw_only=True)
class CutJob:
    """Makes disks real, and looks what becomes of them."""

    folder: Path
    history: History
    check: Check
    _number: int = field(default=0, init=False)

    def faults(self, cut: Cut) -> list[str]:
        """Return what is wrong after a cut."""
        self._number += 1
        place = Place(root=self.folder / f"{os.getpid()}-{self._number}")
        place.root.mkdir(parents=True)
        self.history.state(cut.until, cut.lost, dict(cut.torn)).write_to(place.root)
        (place.root / "tmp").mkdir(exist_ok=True)
        try:
            return self.check.faults(place, self.history.marks(cut.until))
        finally:
            shutil.rmtree(place.root)
