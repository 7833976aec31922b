"""What stands in for each function that has mutants, and calls the one that is asked for.

mutmut writes a function, and every mutant of it, side by side, with a decorator that
chooses. Its own decorator keeps a stack of callers in a context variable while it takes
statistics, which ends the interpreter where a test goes 500 levels deep; this one keeps
a set.
"""

from __future__ import annotations

import os
import sys
from functools import _lru_cache_wrapper, wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ENVIRONMENT", "MutantDict", "activate", "calls", "forget", "wrap_in_trampoline"]

ENVIRONMENT = "MUTANT_UNDER_TEST"
ORIGINAL = "_mutmut_orig"

type_of_mutants = dict[str, Any]
MutantDict = type_of_mutants

calls: set[str] = set()
"""Every place that was called; whoever wants to know clears it first."""

_active = ("", "")


def activate(mutant: str) -> None:
    """Let ``mutant`` take the place of its function, in this process and what it starts."""
    global _active  # noqa: PLW0603 - one switch for the process is the purpose
    module, _, name = mutant.rpartition(".")
    _active = (module, name)
    os.environ[ENVIRONMENT] = mutant


def forget() -> None:
    """Empty what our modules keep of earlier calls: a mutant would never be asked again."""
    for name, module in list(sys.modules.items()):
        if name.startswith("vodseal."):
            for value in vars(module).values():
                if isinstance(value, _lru_cache_wrapper):
                    value.cache_clear()
    fields = sys.modules.get("vodseal.rpc.messages.fields")
    if fields is not None:
        fields._LAYOUTS.clear()


def wrap_in_trampoline(
    mutants: dict[str, Any], *, is_classmethod: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the decorator that mutmut's files ask for."""

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        module = function.__module__
        place = ""

        @wraps(function)
        def switch(*args: Any, **kwargs: Any) -> Any:
            nonlocal place
            if not place:
                place = f"{module}.{mutants[ORIGINAL].__name__.removesuffix('_orig')}"
            calls.add(place)
            chosen = mutants[ORIGINAL]
            if _active[0] == module:
                chosen = mutants.get(_active[1], chosen)
            if is_classmethod:
                return getattr(args[0], chosen.__name__)(*args[1:], **kwargs)
            return chosen(*args, **kwargs)

        return switch

    return wrap


if os.environ.get(ENVIRONMENT):
    activate(os.environ[ENVIRONMENT])
