"""What this device may do, and since when: its licenses, its clock, its first plays.

Promises, in order of weight (SPEC license §9, §10):

1. A license is used only when it holds at a moment that no set-back clock and no
   restored backup of the vault can choose.
2. The first play is durable before ``note_play`` returns, and so before the first
   byte of film is handed out; it is noted once for each issue of a license.
3. A license that was given up or withdrawn is gone for good: the generation in the
   key store is raised behind the transaction that deletes it.

A license without any limit of time asks no clock, and none can be wrong for it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from vodseal.container.cbor import decode_map, encode
from vodseal.errors import LicenseReplayError, VaultRestoredError
from vodseal.license.clock_policy import ClockState, Reading, moment, note, trust
from vodseal.license.model import Issuer
from vodseal.license.policy import RemainingTime, Usage, check, is_timed
from vodseal.license.receipt import Receipt
from vodseal.vault.rows import Change, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vodseal.clock import Clock
    from vodseal.license.model import License
    from vodseal.license.time_token import TimeToken
    from vodseal.vault.store import Vault

__all__ = ["LicenseBook"]

_ANCHOR_SECONDS: Final = 600
"""How far the clock may go on before a backup from before is told from the truth."""
_MAX_INSTANT: Final = 1 << 53
_UNLIMITED: Final = RemainingTime(license_seconds=None, playback_seconds=None)


class LicenseBook:
    """The licenses of one app on one device. Cheap to make; all state is in the vault."""

    def __init__(self, vault: Vault, clock: Clock) -> None:
        self._vault = vault
        self._clock = clock

    def check(self, held: License, wall: float) -> RemainingTime:
        """Return how long a license still holds; ``wall`` is what the wall clock shows.

        Raises:
            LicenseExpiredError: It does not hold yet, or no more.
            ContactNeededError: The service has to be asked first; its two kinds
                say when the clock was set back or the vault is a backup.
        """
        if self._vault.is_restored():
            raise VaultRestoredError
        if not is_timed(held.terms):
            return _UNLIMITED
        now = self._now(self._reading(wall), held)
        return check(held, now, self._usage(held))

    def note_play(self, held: License, wall: float) -> RemainingTime:
        """Return as ``check``, after noting that the film plays now. Raises as ``check``."""
        remaining = self.check(held, wall)
        window = held.terms.play_window
        if window and self._first_play(held) is None:
            first = moment(self._state(), self._reading(wall))
            play = _play_record(held, int(first))
            self._vault.write_for_good(
                Change(kind=Kind.PLAY, row_id=held.terms.license_id, value=play)
            )
        return remaining

    def keep(self, held: License, envelope: bytes, before: License | None) -> None:
        """Keep a license that was checked, in the place of ``before``; durable on return.

        Raises:
            LicenseReplayError: It is older than the one before, or for another key.
        """
        if before is not None:
            if held.ck_digest != before.ck_digest:
                raise LicenseReplayError("the new license is for another content key")
            if held.terms.sequence < before.terms.sequence:
                raise LicenseReplayError("the license is older than the one that is held")
        self._vault.save_license(held.terms.license_id, envelope)

    def release(self, held: License, wall: float) -> None:
        """Give a license up: it is gone on return, and its receipt waits to be sent."""
        license_id = held.terms.license_id
        changes = [*_deletion(license_id)]
        if held.issuer is Issuer.SERVICE:  # a license of the device's own is nobody's business
            receipt = Receipt(
                license_id=license_id,
                sequence=held.terms.sequence,
                device_id=held.terms.device_id,
                released_at=max(0, int(wall)),
            ).seal(self._vault.device.signing)
            changes.append(Change(kind=Kind.RECEIPT, row_id=license_id, value=receipt))
        self._vault.write_for_good(*changes)

    def receipts(self) -> dict[bytes, bytes]:
        """Return the receipts that wait to be sent, by license id."""
        read = {row_id: self._vault.read(Kind.RECEIPT, row_id) for row_id in self._receipt_ids()}
        return {row_id: value for row_id, value in read.items() if value is not None}

    def has_news(self) -> bool:
        """Return whether the service should be told, or asked, before anything else."""
        return bool(self._receipt_ids()) or self._vault.is_restored()

    def license_ids(self) -> list[bytes]:
        """Return the ids of all licenses that are held."""
        return self._vault.row_ids(Kind.LICENSE)

    def note_contact(self, token: TimeToken, wall: float) -> None:
        """Take the service's time for true, and delete what it has withdrawn."""
        state = trust(token.time, self._reading(wall))
        self._vault.write(Change(kind=Kind.CLOCK, value=state.encode()))
        self._vault.raise_anchor(high_water=token.time)
        if token.withdrawn:
            self._vault.write_for_good(
                *(change for one in token.withdrawn for change in _deletion(one))
            )

    def finish_check_in(self, sent: Iterable[bytes], held: Iterable[License]) -> None:
        """Forget receipts that were sent; after a restored backup, go on with what is held.

        A play window whose first play a backup has taken back counts from the issue
        of its license: nobody knows better any more.
        """
        changes = [Change(kind=Kind.RECEIPT, row_id=row_id) for row_id in sent]
        if not self._vault.is_restored():
            self._vault.write(*changes)
            return
        for one in held:
            if one.terms.play_window and self._first_play(one) is None:
                value = _play_record(one, one.terms.issued_at)
                changes.append(Change(kind=Kind.PLAY, row_id=one.terms.license_id, value=value))
        self._vault.write_for_good(*changes, accept=True)

    def _now(self, reading: Reading, held: License) -> float:
        """Return what time it is, durably not to be undone."""
        before = self._state()
        floor = max(before.high_water, self._vault.anchor().high_water, held.terms.issued_at)
        if floor > before.high_water:  # the service said so itself
            before = replace(before, high_water=floor, boot=None)
        after = note(before, reading)
        change = Change(kind=Kind.CLOCK, value=after.encode())
        passed = after.high_water // _ANCHOR_SECONDS - before.high_water // _ANCHOR_SECONDS
        if passed:
            self._vault.write_for_good(change)
        else:
            self._vault.write(change)
        return moment(before, reading)

    def _usage(self, held: License) -> Usage:
        return Usage(first_played_at=self._first_play(held), contact_at=self._state().contact_at)

    def _first_play(self, held: License) -> float | None:
        """Return the first play of this issue of a license: a renewal begins anew."""
        data = self._vault.read(Kind.PLAY, held.terms.license_id)
        if data is None:
            return None
        fields = decode_map(data)
        first, issued_at = (fields.integer(key, most=_MAX_INSTANT) for key in (0, 1))
        fields.finish()
        return None if held.terms.issued_at > issued_at else first

    def _state(self) -> ClockState:
        data = self._vault.read(Kind.CLOCK)
        return ClockState() if data is None else ClockState.decode(data)

    def _reading(self, wall: float) -> Reading:
        return Reading(wall=wall, boot=self._clock.boot_time())

    def _receipt_ids(self) -> list[bytes]:
        return self._vault.row_ids(Kind.RECEIPT)


def _play_record(held: License, first_played_at: int) -> bytes:
    return encode({0: first_played_at, 1: held.terms.issued_at})


def _deletion(license_id: bytes) -> tuple[Change, Change]:
    return (
        Change(kind=Kind.LICENSE, row_id=license_id),
        Change(kind=Kind.PLAY, row_id=license_id),
    )
