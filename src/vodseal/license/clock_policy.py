"""What time it is, to a license (SPEC license §9).

A user can set the wall clock. So the device keeps a *high-water mark*, the latest
moment it ever took for true, and never believes an earlier one:

1. Time stands still at worst, and it never runs back: ``moment`` is the later of
   the wall clock and the mark. While one run of the machine lasts the mark moves
   on with the machine's own seconds, so that time does not even stand still.
2. A wall clock more than ``TOLERANCE`` behind the mark was set back. Nothing opens
   until the service has told its time.
3. The service's time, fresh by a nonce, wins over the mark: ``trust`` may lower
   it. A wall clock that was wrong once does no lasting harm; one that was behind
   when the service spoke is believed with that difference added.
4. A wall clock far ahead is not noted: not beyond what the service's last word and
   the machine's own seconds allow, and never ``AHEAD_LIMIT`` past that word.

Time zones and daylight saving do not exist here: all is UTC seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from vodseal.clock import BootTime
from vodseal.container.cbor import CborMap, decode_map, encode
from vodseal.errors import ClockRollbackError

__all__ = ["AHEAD_LIMIT", "TOLERANCE", "ClockState", "Reading", "moment", "note", "trust"]

TOLERANCE: Final = 300
"""Seconds by which a clock may be corrected without a question."""

AHEAD_LIMIT: Final = 366 * 86_400
"""Seconds past the service's last word from which on a wall clock is not noted."""

_VERSION: Final = 1
_MAX_MS: Final = 1 << 53
_MAX_BOOT_ID: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the machine's clocks show at one moment."""

    wall: float
    boot: BootTime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockState:
    """What a device remembers of time. Kept sealed, to the millisecond."""

    high_water: float = 0.0
    boot: BootTime | None = None
    """The machine's own seconds at the high-water mark."""

    contact_at: float = 0.0
    """The service's time at its last word; 0: it never spoke."""

    contact_boot: BootTime | None = None
    """The machine's own seconds at that word."""

    behind: float = 0.0
    """By how much the wall clock was behind at that word; 0: by no more than ``TOLERANCE``."""

    def encode(self) -> bytes:
        """Return the state as CBOR."""
        return encode(
            {
                0: _VERSION,
                1: _ms(self.high_water),
                2: _boot_to_cbor(self.boot),
                3: _ms(self.contact_at),
                4: _boot_to_cbor(self.contact_boot),
                5: _ms(self.behind),
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> ClockState:
        """Return the state that ``encode`` gave.

        Raises:
            FormatError: ``data`` is something else, or of a later version.
        """
        fields = decode_map(data)
        fields.version(_VERSION)
        boots = []
        for key in (2, 4):
            entry = fields.map(key)
            boot_id = entry.text(0, most=_MAX_BOOT_ID)
            seconds = entry.integer(1, most=_MAX_MS) / 1000
            entry.finish()
            boots.append(BootTime(boot_id=boot_id, seconds=seconds) if boot_id else None)
        state = cls(
            high_water=fields.integer(1, most=_MAX_MS) / 1000,
            boot=boots[0],
            contact_at=fields.integer(3, most=_MAX_MS) / 1000,
            contact_boot=boots[1],
            behind=fields.integer(5, most=_MAX_MS) / 1000,
        )
        fields.finish()
        return state


def moment(state: ClockState, reading: Reading) -> float:
    """Return what time it is: never before a moment that was taken for true.

    Raises:
        ClockRollbackError: The wall clock was set back.
    """
    floor = _floor(state, reading)
    for wall in (reading.wall, reading.wall + state.behind):
        if wall >= floor - TOLERANCE:
            return max(wall, floor)
    raise ClockRollbackError


def note(state: ClockState, reading: Reading) -> ClockState:
    """Return the state after ``reading``; its mark never falls.

    Raises:
        ClockRollbackError: As ``moment``.
    """
    seen = min(moment(state, reading), _limit(state, reading))
    return replace(state, high_water=max(_floor(state, reading), seen), boot=reading.boot)


def trust(service_time: float, reading: Reading) -> ClockState:
    """Return the state after the service has told its time, fresh by a nonce."""
    behind = service_time - reading.wall
    return ClockState(
        high_water=service_time,
        boot=reading.boot,
        contact_at=service_time,
        contact_boot=reading.boot,
        behind=behind if behind > TOLERANCE else 0.0,
    )


def _floor(state: ClockState, reading: Reading) -> float:
    return state.high_water + (_since(state.boot, reading) or 0.0)


def _limit(state: ClockState, reading: Reading) -> float:
    """Return the latest moment that can be true, as far as the service's last word tells."""
    if not state.contact_at:
        return float("inf")
    elapsed = _since(state.contact_boot, reading)
    if elapsed is None:
        return state.contact_at + AHEAD_LIMIT
    return state.contact_at + elapsed + TOLERANCE


def _since(before: BootTime | None, reading: Reading) -> float | None:
    """Return the machine's own seconds since ``before``; None when it was started anew."""
    if before is None or reading.boot is None or before.boot_id != reading.boot.boot_id:
        return None
    return max(0.0, reading.boot.seconds - before.seconds)


def _ms(seconds: float) -> int:
    return min(_MAX_MS, max(0, round(seconds * 1000)))


def _boot_to_cbor(boot: BootTime | None) -> CborMap:
    if boot is None:
        return {0: "", 1: 0}
    return {0: boot.boot_id[:_MAX_BOOT_ID], 1: _ms(boot.seconds)}
