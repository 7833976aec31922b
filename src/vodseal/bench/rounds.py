"""Interleaved rounds: each runs everybody once, and begins with the next one.

A slow minute hits all alike, and nobody always comes after the same neighbour.
A round before the first is not counted: it fills caches, for everybody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vodseal.bench.measure import Taken

__all__ = ["Contestant", "Results", "interleave"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """Who is measured."""

    name: str
    run: Callable[[], Mapping[str, Taken]]
    """Runs once; returns what was measured, under the name of each figure."""

    is_ours: bool = False
    """A rival that fails is left out; when we fail there is no benchmark."""


@dataclass(slots=True, kw_only=True)
class Results:
    """What all rounds took, by the name of the figure."""

    raw: dict[str, list[Taken]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    """Who was not measured, and why."""


def interleave(
    contestants: Sequence[Contestant], rounds: int, say: Callable[[str], object]
) -> Results:
    """Return the results of ``rounds`` rounds after one that is not counted.

    Raises:
        OperatorError: ``CHECK_FAILED``: a run of ours failed.
    """
    results, running = Results(), list(contestants)
    for number in range(rounds + 1):
        turn = number % len(running)
        for one in running[turn:] + running[:turn]:
            taken = one.run()
            for name, figures in taken.items():
                say(_line(number, name, figures))
                counted = results.raw.setdefault(name, [])  # in the order of the contestants
                if number:
                    counted.append(figures)
            failure = next((f.failure for f in taken.values() if f.failure), "")
            if failure and one.is_ours:
                raise OperatorError(ErrorCode.CHECK_FAILED, f"{one.name}: {failure}")
            if failure:
                running.remove(one)
                results.left_out[one.name] = failure
                for name in taken:
                    results.raw.pop(name, None)
    return results


def _line(number: int, name: str, taken: Taken) -> str:
    told = f"failed: {taken.failure}" if taken.failure else f"{taken.seconds:8.2f} s"
    return f"round {number or 'to warm up'}: {name:22} {told}"
