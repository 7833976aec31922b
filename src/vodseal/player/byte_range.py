"""Which bytes a request asks for (RFC 9110, 14.1.2 and 14.2)."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["parse_range"]

_ONE_RANGE: Final = re.compile(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*", re.ASCII)


def parse_range(header: str | None, size: int) -> range | None:
    """Return the bytes of a film of ``size`` that ``header`` asks for.

    An empty range cannot be satisfied: 416. None means the whole film: there is
    no header, or it is one that a server may pass over, as for another unit,
    several ranges, or nonsense.
    """
    match = _ONE_RANGE.fullmatch(header or "")
    if not match or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return range(max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    stop = min(int(last) + 1, size) if last else size
    return range(int(first), stop) if int(first) < size else range(0)
