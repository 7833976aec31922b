"""The service's list of what is revoked, as this device has it (SPEC credential §8).

Taken in at each contact and kept for good: a device without a network goes by the
last one that it heard, past its end too. A list that revokes more than the one
before raises the vault's generation, so that no backup of the vault takes it back.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from vodseal.credential.revocation import RevocationList, Subject
from vodseal.errors import FormatError, LicenseRevokedError, RevocationListError
from vodseal.vault.rows import Change, Kind

if TYPE_CHECKING:
    from collections.abc import Collection

    from vodseal.credential.trust import VerificationKeys
    from vodseal.license.model import License
    from vodseal.vault.store import Vault

__all__ = ["KeptRevocations"]

_MESSAGES: Final = {
    Subject.APP: "the app's security file was revoked, and its licenses with it",
    Subject.DEVICE: "this device was revoked, and its licenses with it",
    Subject.LICENSE: "the license was revoked",
}


class KeptRevocations:
    """Cheap to make; all state is in the vault."""

    def __init__(self, trust: VerificationKeys, vault: Vault) -> None:
        self._trust = trust
        self._vault = vault

    def current(self) -> RevocationList | None:
        """Return the list that was taken in last; None when there is none, or of another service.

        Raises:
            TamperedError: The vault's row was altered.
        """
        data = self._vault.read(Kind.REVOCATIONS)
        if data is None:
            return None
        with contextlib.suppress(FormatError):  # the app trusted other keys when it came
            return RevocationList.open(data, self._trust)
        return None

    def take_in(self, envelope: bytes, now: float) -> None:
        """Keep the list in ``envelope``; durable on return.

        Raises:
            RevocationListError: It is no list of this service, has ended at ``now``,
                or is older than the one that is kept, which stays.
        """
        try:
            fresh = RevocationList.open(envelope, self._trust)
        except FormatError as error:
            message = f"what the service sent is not its revocation list: {error.message}"
            raise RevocationListError(message) from error
        kept = self.current()
        fresh.check_successor(kept, now)
        change = Change(kind=Kind.REVOCATIONS, value=envelope)
        if fresh.number > (0 if kept is None else kept.number):
            self._vault.write_for_good(change)
        else:
            self._vault.write(change)

    def refuse(
        self, held: License, wall: float, subjects: Collection[Subject] = tuple(Subject)
    ) -> None:
        """Return when nothing that ``held`` hangs on is revoked at ``wall``.

        A clock behind the list's own time is not believed.

        Raises:
            LicenseRevokedError: Its id, its device or its app's security file is.
            TamperedError: The vault's row was altered.
        """
        kept = self.current()
        if kept is None:
            return
        names = {
            Subject.APP: held.terms.serial,
            Subject.DEVICE: held.terms.device_id,
            Subject.LICENSE: held.terms.license_id,
        }
        now = max(wall, kept.issued_at)
        for subject in subjects:
            if kept.revokes(subject, names[subject], now):
                raise LicenseRevokedError(_MESSAGES[subject])
