"""Whether a license holds now, and for how long (SPEC license §5.3).

The start is inclusive and the end exclusive. The clock is the caller's, who
also answers for it not running backwards. Play window and offline limit are
carried by the format and judged by the playing session, which knows the first
play and the last contact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vodseal.errors import LicenseExpiredError

if TYPE_CHECKING:
    from vodseal.license.model import License

__all__ = ["Remaining", "check"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    """How long a license still holds."""

    seconds: float | None
    """None without an end."""


def check(held: License, now: float) -> Remaining:
    """Return how long a license still holds at ``now``.

    Raises:
        LicenseExpiredError: It does not hold yet, or no more.
    """
    terms = held.terms
    if now < terms.not_before:
        raise LicenseExpiredError("the license is not valid yet")
    if not terms.expires_at:
        return Remaining(seconds=None)
    if now >= terms.expires_at:
        raise LicenseExpiredError("the license has expired")
    return Remaining(seconds=terms.expires_at - now)
