"""How an action is declared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from vodseal.service.runtime import Call, Service

__all__ = ["STS", "VERSIONS", "VOD", "Action", "Handler"]

Handler: TypeAlias = "Callable[[Service, Call], Awaitable[Mapping[str, object]]]"

VOD: Final = "vod"
STS: Final = "sts"
VERSIONS: Final[Mapping[str, frozenset[str]]] = {
    VOD: frozenset({"2017-03-21"}),
    STS: frozenset({"2015-04-01"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One action of the service."""

    handle: Handler
    product: str = VOD
