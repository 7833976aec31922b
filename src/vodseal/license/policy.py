"""Whether a license holds now, and for how long (SPEC license §5.3).

Starts are inclusive and ends exclusive. The moment is the caller's, who asks
``clock_policy`` for it; what the license cannot know, the first play and the
last word of the service, comes as ``Usage``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vodseal.errors import ContactNeededError, LicenseExpiredError

if TYPE_CHECKING:
    from vodseal.license.model import License, LicenseTerms

__all__ = ["RemainingTime", "Usage", "check", "is_timed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemainingTime:
    """How long a license still holds; None for without an end."""

    license_seconds: float | None
    """Until it expires, or wants a word of the service, whichever comes first."""

    playback_seconds: float | None
    """Of the play window, which begins with the first play."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What happened to a license on this device."""

    first_played_at: float | None = None
    contact_at: float = 0.0
    """When the service last spoke to this device; 0: only when it issued the license."""


_UNUSED: Final = Usage()


def is_timed(terms: LicenseTerms) -> bool:
    """Return whether any of the terms has to do with time. If none has, no clock is asked."""
    return any((terms.not_before, terms.expires_at, terms.play_window, terms.max_offline))


def check(held: License, now: float, usage: Usage = _UNUSED) -> RemainingTime:
    """Return how long a license still holds at ``now``.

    Raises:
        LicenseExpiredError: It does not hold yet, or no more.
        ContactNeededError: It holds, and the service has to be asked first.
    """
    terms = held.terms
    if now < terms.not_before:
        raise LicenseExpiredError("the license is not valid yet")
    if terms.expires_at and now >= terms.expires_at:
        raise LicenseExpiredError("the license has expired")
    playback = _playback(terms, now, usage)
    if playback is not None and playback <= 0:
        raise LicenseExpiredError("the time to play it after the first play is over")
    ends = [float(terms.expires_at)] if terms.expires_at else []
    if terms.max_offline:
        ends.append(max(usage.contact_at, terms.issued_at) + terms.max_offline)
        if now >= ends[-1]:
            raise ContactNeededError
    return RemainingTime(
        license_seconds=min(ends) - now if ends else None, playback_seconds=playback
    )


def _playback(terms: LicenseTerms, now: float, usage: Usage) -> float | None:
    if not terms.play_window:
        return None
    if usage.first_played_at is None:
        return float(terms.play_window)
    return usage.first_played_at + terms.play_window - now
