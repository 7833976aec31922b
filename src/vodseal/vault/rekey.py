"""Move an app's licenses from one security file to another (SPEC license §6.2, B50).

Three promises, in order of weight:

1. An interruption at any moment harms nothing. All licenses are made and read back
   first; then one transaction takes them over. Where the new file names another
   app there are two stores, and two transactions: the licenses are in the new one
   before they leave the old one.
2. No sealed file is opened for writing, and none changes.
3. Afterwards the old security file opens none of them, from a backup of the vault
   neither.

What a license allows stays what it was: its end, its first play, its clock. It is
moved also when it has ended; one that was revoked by its id or its device's is not.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from vodseal.credential.revocation import Subject
from vodseal.errors import (
    FormatError,
    LicenseBindingError,
    LicenseError,
    MisuseError,
    VaultRestoredError,
)
from vodseal.license.clock_policy import ClockState
from vodseal.license.move import move_license
from vodseal.license.open import open_content_key, open_transport_key
from vodseal.vault.rows import Change, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from vodseal.errors import VodsealError
    from vodseal.license.model import License
    from vodseal.vault.key_service import KeyService
    from vodseal.vault.store import Vault

__all__ = ["Rekeyed", "rekey"]

_NOT_MOVABLE: Final = (Subject.DEVICE, Subject.LICENSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rekeyed:
    """What became of each license, by its id."""

    moved: tuple[bytes, ...]
    present: tuple[bytes, ...]
    """These the new security file opened already."""

    left: Mapping[bytes, VodsealError] = field(default_factory=dict)
    """These are as they were, and why."""


def rekey(
    old: KeyService,
    new: KeyService,
    license_ids: Iterable[bytes] | None,
    progress: Callable[[int, int], object],
) -> Rekeyed:
    """Return which licenses ``new`` opens from now on, and ``old`` no more; durable on return.

    Args:
        old: The security file whose licenses are to be moved.
        new: The one that takes its place.
        license_ids: Which; None for all.
        progress: Is told how many of how many are ready to be moved.

    Raises:
        SecurityFileError, AppIdentityError: One of the two does not open.
        MisuseError: They are the same.
        VaultRestoredError: The licenses were put back from a backup.
        OSError: A vault cannot be read or written. Nothing was moved.
    """
    move = _Move(old, new)
    wanted = old.licenses().book.license_ids() if license_ids is None else list(license_ids)
    changes: dict[bytes, bytes] = {}
    present: list[bytes] = []
    left: dict[bytes, VodsealError] = {}
    for number, license_id in enumerate(wanted, 1):
        try:
            if move.is_present(license_id):
                present.append(license_id)
            else:
                changes[license_id] = move.made_anew(license_id)
        except (LicenseError, FormatError) as error:
            left[license_id] = error
        progress(number, len(wanted))
    move.commit(changes, present)
    return Rekeyed(moved=tuple(changes), present=tuple(present), left=left)


class _Move:
    """From one security file's store to the other's, which may be the same."""

    def __init__(self, old: KeyService, new: KeyService) -> None:
        self._from, self._to = old.unlock(), new.unlock()
        if self._from.serial == self._to.serial:
            raise MisuseError("both are the same security file")
        self._source, self._target = old.vault(), new.vault()
        self._old, self._new = old, new
        if self._source.is_restored() or self._target.is_restored():
            raise VaultRestoredError

    def is_present(self, license_id: bytes) -> bool:
        """Return whether the new security file opens this license, or this one's copy, already."""
        held = _held(self._new, license_id)
        if held is None or held.terms.serial != self._to.serial:
            return False
        former = _held(self._old, license_id)
        return former is None or former.ck_digest == held.ck_digest

    def made_anew(self, license_id: bytes) -> bytes:
        """Return the license for the new security file, read back.

        Raises:
            LicenseError, FormatError: There is none that could be moved.
        """
        licenses = self._old.licenses()
        held = licenses.held(license_id)
        licenses.revocations.refuse(held, self._old.clock.now(), _NOT_MOVABLE)
        content_key = open_content_key(
            held, download_id=license_id, app=self._from, device=self._source.device
        )
        transport_key = open_transport_key(
            held,
            download_id=license_id,
            job_id=held.terms.track,
            app=self._from,
            device=self._source.device,
        )
        envelope = move_license(
            held,
            self._source.load_license(license_id) or b"",
            content_key,
            app=self._to,
            device=self._target.device,
            transport_key=transport_key,
        )
        if self._opened_anew(envelope, license_id) != content_key:
            raise LicenseBindingError("the license does not open under the new security file")
        return envelope

    def commit(self, envelopes: Mapping[bytes, bytes], present: Iterable[bytes]) -> None:
        """Let the new licenses take the place of the old ones; durable on return.

        Those that are ``present`` lie in both stores when an earlier move was cut short.
        """
        changes = [
            Change(kind=Kind.LICENSE, row_id=license_id, value=envelope)
            for license_id, envelope in envelopes.items()
        ]
        if self._source.folder == self._target.folder:
            if changes:
                self._target.write_for_good(*changes)
            return
        for license_id in envelopes:
            play = self._source.read(Kind.PLAY, license_id)
            if play is not None:
                changes.append(Change(kind=Kind.PLAY, row_id=license_id, value=play))
        if changes:
            self._take_clock_along()
            self._target.write(*changes)
        leftover = (*envelopes, *set(present).intersection(self._source.row_ids(Kind.LICENSE)))
        if leftover:
            kinds = (Kind.LICENSE, Kind.PLAY)
            self._source.write_for_good(
                *(Change(kind=kind, row_id=license_id) for license_id in leftover for kind in kinds)
            )

    def _take_clock_along(self) -> None:
        """No license gains time by the move: the new store's clock is not behind the old one's."""
        mark = max(self._source.anchor().high_water, _high_water(self._source))
        if mark > self._target.anchor().high_water:
            self._target.raise_anchor(high_water=mark)

    def _opened_anew(self, envelope: bytes, license_id: bytes) -> bytes:
        opened: License = self._new.licenses().verified(envelope, license_id)
        return open_content_key(
            opened, download_id=license_id, app=self._to, device=self._target.device
        )


def _held(keys: KeyService, license_id: bytes) -> License | None:
    with contextlib.suppress(LicenseError, FormatError):
        return keys.licenses().held(license_id)
    return None


def _high_water(vault: Vault) -> int:
    data = vault.read(Kind.CLOCK)
    return 0 if data is None else int(ClockState.decode(data).high_water)
