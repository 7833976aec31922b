"""The licenses that one app holds on one device, and the content keys in them.

Nothing is taken on trust from the vault: at each use a license is verified anew,
its binding checked, and the time asked (SPEC license §5.1).
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from vodseal.errors import FormatError, LicenseError, LicenseMissingError
from vodseal.license.open import (
    check_binding,
    open_content_key,
    open_transport_key,
    verify_license,
)
from vodseal.vault.kept_revocations import KeptRevocations
from vodseal.vault.license_book import LicenseBook

if TYPE_CHECKING:
    from vodseal.clock import Clock
    from vodseal.credential.security_file import UnlockedApp
    from vodseal.license.model import License
    from vodseal.license.policy import RemainingTime
    from vodseal.vault.store import Vault

__all__ = ["HeldLicenses"]


class HeldLicenses:
    """Cheap to make; all state is in the vault."""

    def __init__(self, app: UnlockedApp, vault: Vault, clock: Clock) -> None:
        self._app = app
        self._vault = vault
        self.book = LicenseBook(vault, clock)
        self.revocations = KeptRevocations(app.trust, vault)

    def open(self, download_id: bytes, now: float) -> bytes:
        """Return the content key of a download.

        Raises:
            LicenseMissingError: This device holds no license for it.
            LicenseError: It holds one that does not allow it now.
            FormatError: The stored license was altered.
        """
        return self._content_key(self.held(download_id), now)

    def open_new(self, envelope: bytes, download_id: bytes, now: float) -> bytes:
        """Return the content key in a license that was just issued, after keeping it.

        Raises:
            LicenseError: As ``open``; ``LicenseReplayError`` for one that is older than
                the one held, or for another content key. Nothing changed.
            OSError: The vault cannot be written.
        """
        issued = self.verified(envelope, download_id)
        key = self._content_key(issued, now)
        before = None
        with contextlib.suppress(LicenseError, FormatError):  # what does not hold may be replaced
            before = self.held(download_id)
        self.book.keep(issued, envelope, before)
        return key

    def transport_key(
        self, envelope: bytes, download_id: bytes, job_id: str, now: float
    ) -> bytes | None:
        """Return the key of a privately encrypted stream; None when the license carries none.

        Raises:
            LicenseError: As ``open``, and for the license of another stream.
        """
        held = self.verified(envelope, download_id)
        self._check(held, now)
        device = self._vault.device
        return open_transport_key(
            held, download_id=download_id, job_id=job_id, app=self._app, device=device
        )

    def note_play(self, download_id: bytes, now: float) -> RemainingTime:
        """Return how long a film that plays now may go on; the first time is durable on return.

        Raises:
            LicenseError, FormatError: As ``open``.
        """
        held = self.held(download_id)
        self.revocations.refuse(held, now)
        return self.book.note_play(held, now)

    def remaining(self, download_id: bytes, now: float) -> RemainingTime:
        """Return how long a license still holds. Raises as ``open``."""
        return self._check(self.held(download_id), now)

    def held(self, download_id: bytes) -> License:
        """Return the license of a download, whatever the time. Raises as ``open``."""
        envelope = self._vault.load_license(download_id)
        if envelope is None:
            raise LicenseMissingError
        return self.verified(envelope, download_id)

    def all_held(self) -> list[License]:
        """Return every license that would open, whatever the time."""
        found = []
        for download_id in self.book.license_ids():
            with contextlib.suppress(LicenseError, FormatError):
                found.append(self.held(download_id))
        return found

    def verified(self, envelope: bytes, download_id: bytes) -> License:
        """Return a license that need not be kept yet, its signature and binding checked.

        Raises:
            LicenseError: It is no license, or another file's, app's or device's.
        """
        app, device = self._app, self._vault.device
        opened = verify_license(envelope, trust=app.trust, device_key=device.signing.public_key())
        check_binding(
            opened,
            download_id=download_id,
            fingerprint=app.fingerprint,
            device_id=device.device_id,
        )
        return opened

    def _check(self, held: License, now: float) -> RemainingTime:
        self.revocations.refuse(held, now)
        return self.book.check(held, now)

    def _content_key(self, held: License, now: float) -> bytes:
        self._check(held, now)
        return open_content_key(
            held,
            download_id=held.terms.license_id,
            app=self._app,
            device=self._vault.device,
        )
