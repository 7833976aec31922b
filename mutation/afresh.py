"""Mutants of what runs while test modules are imported: a child of a fork comes too late for it.

For each of them a new interpreter imports and runs the test modules that called the function.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from mutation.session import Verdict
from mutation.switch import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mutation.make import Mutant

__all__ = ["try_afresh"]

LONGEST_SECONDS = 300
PASSED, NOTHING_RUN = 0, (3, 4, 5)


def try_afresh(
    mutants: Iterable[Mutant],
    modules: Callable[[str], Sequence[str]],
    options: Sequence[str],
    *,
    jobs: int,
) -> Iterator[Verdict]:
    """Yield a verdict on each mutant. ``modules`` names those that call a function."""
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(lambda each: _attempt(each, modules(each.place), options), mutants)


def _attempt(mutant: Mutant, files: Sequence[str], options: Sequence[str]) -> Verdict:
    if not files:
        return Verdict(mutant=mutant, state="untested", by="")
    environment = {**os.environ, ENVIRONMENT: mutant.name}
    command = [sys.executable, "-m", "pytest", "-x", *options, *files]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, timeout=LONGEST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return Verdict(mutant=mutant, state="killed", by=f"time, in {files[0]}")
    if done.returncode == PASSED:
        return Verdict(mutant=mutant, state="survived", by="")
    state = "broken" if done.returncode in NOTHING_RUN else "killed"
    return Verdict(mutant=mutant, state=state, by=files[0])
