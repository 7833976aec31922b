"""A device with one license, whose clocks, vault and key store a user can play with.

Each method is one thing that happens. What time it truly is, only the service knows.
"""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vodseal.credential.envelope import EnvelopeType
from vodseal.credential.fingerprint import AppIdentity
from vodseal.credential.revocation import RevocationList, Subject
from vodseal.credential.trust import VerificationKeys
from vodseal.error_codes import ErrorCode
from vodseal.errors import (
    ClockRollbackError,
    ContactNeededError,
    LicenseError,
    LicenseExpiredError,
    LicenseReplayError,
    LicenseRevokedError,
    VaultRestoredError,
)
from vodseal.license.model import Issuer, License, LicenseTerms
from vodseal.license.time_token import TimeToken
from vodseal.testing.clock import FakeClock
from vodseal.vault.device_seed import FileKeyStore
from vodseal.vault.kept_revocations import KeptRevocations
from vodseal.vault.license_book import LicenseBook
from vodseal.vault.store import Vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vodseal.clock import BootTime
    from vodseal.license.policy import RemainingTime

__all__ = ["LICENSE_ID", "LicenseDevice"]

LICENSE_ID = b"download-id-0016"
APP = AppIdentity.ios_bundle("com.example.player")
SERIAL = b"serial-of-16-byt"
SERVICE_KEY = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
TRUST = VerificationKeys(
    dict.fromkeys(
        (EnvelopeType.LICENSE, EnvelopeType.SECURITY_FILE, EnvelopeType.REVOCATION),
        (SERVICE_KEY.public_key().public_bytes_raw(),),
    )
)

_OUTCOMES = {  # the classes, as their numbers tell them apart
    ErrorCode.LICENSE_REVOKED: (LicenseRevokedError, "revoked"),
    ErrorCode.VAULT_RESTORED: (VaultRestoredError, "restored"),
    ErrorCode.CLOCK_SET_BACK: (ClockRollbackError, "set back"),
    ErrorCode.CONTACT_NEEDED: (ContactNeededError, "contact"),
    ErrorCode.LICENSE_INVALID: (LicenseExpiredError, "expired"),
}


class BootlessClock(FakeClock):
    """Of a system that does not say which of its runs this is."""

    def boot_time(self) -> BootTime | None:
        return None


class LicenseDevice:
    """Its license is of the device's start, and the service has not spoken since."""

    def __init__(
        self,
        folder: Path,
        *,
        start: float,
        terms: dict[str, int],
        boot_times: bool,
    ) -> None:
        self._start = start
        self._backups = folder / "backups"
        self._store = folder / "store"
        self.clock = (FakeClock if boot_times else BootlessClock)(start)
        self.vault = Vault(folder / "home", APP.fingerprint, key_store=FileKeyStore(self._store))
        self.book = LicenseBook(self.vault, self.clock)
        self.revocations = KeptRevocations(TRUST, self.vault)
        self.issued: list[License] = []
        self.refused: str = ""
        self._keep(self._license(terms))

    @property
    def true_time(self) -> float:
        return self._start + self.clock.monotonic()

    @property
    def held(self) -> License:
        return self.issued[-1]

    def _license(self, terms: dict[str, int], **changes: int) -> License:
        now = int(self.true_time)
        ends = {name: terms[name] for name in ("play_window", "max_offline") if name in terms}
        for name, key in (("not_before", "not_before_in"), ("expires_at", "expires_in")):
            if key in terms:
                ends[name] = now + terms[key]
        fields = {"issued_at": now, "sequence": 1} | ends | changes
        return License(
            terms=LicenseTerms(
                license_id=LICENSE_ID,
                serial=SERIAL,
                fingerprint=APP.fingerprint,
                device_id=self.vault.device.device_id,
                vid="v1",
                track="job1",
                **fields,
            ),
            ck_digest=bytes(32),
            wrapped_key=bytes(128),
            issuer=Issuer.SERVICE,
        )

    def _keep(self, new: License) -> None:
        before = self.issued[-1] if self.issued else None
        try:
            self.book.keep(new, new.encode(), before)
        except LicenseReplayError:
            self.refused = "replay"
        else:
            self.issued.append(new)

    def check(self) -> RemainingTime:
        """Return how long the license holds, as at each opening."""
        self.revocations.refuse(self.held, self.clock.now())
        return self.book.check(self.held, self.clock.now())

    def outcome(self) -> tuple[str, RemainingTime | None]:
        """Return in a word what an opening gives, and how long it holds on."""
        if self.vault.load_license(LICENSE_ID) is None:
            return "missing", None
        try:
            return "holds", self.check()
        except LicenseError as error:
            kind, name = _OUTCOMES[error.code]
            return (name if type(error) is kind and error.remedy else repr(error)), None

    def opens(self) -> None:
        with contextlib.suppress(LicenseError):
            self.check()

    def plays(self) -> None:
        with contextlib.suppress(LicenseError):
            self.book.note_play(self.held, self.clock.now())

    def passes(self, seconds: float) -> None:
        """Let the machine run, or sleep, for a while."""
        self.clock.advance(seconds)

    def reboots(self) -> None:
        self.clock.reboot()

    def sets_clock(self, seconds: float) -> None:
        """Set the wall clock that far from the truth."""
        self.clock.set_now(self.true_time + seconds)

    def contact(self) -> None:
        self._check_in(())

    def withdrawn(self) -> None:
        """Check in with a service that withdraws the license."""
        self._check_in((LICENSE_ID,))

    def _check_in(self, withdrawn: tuple[bytes, ...]) -> None:
        token = TimeToken(time=int(self.true_time), nonce=bytes(16), withdrawn=withdrawn)
        self.book.note_contact(token, self.clock.now())
        sent = list(self.book.receipts())
        self.book.finish_check_in(sent, [self.held] if self.book.license_ids() else [])

    def no_such_action(self) -> None:
        """Ask a service that cannot be asked: its refusal is the answer."""
        self.book.finish_check_in([], [self.held])

    def renews(self, terms: dict[str, int]) -> None:
        """Get the license of a new window, in an answer that tells the time besides."""
        self.contact()
        self._keep(self._license(terms, sequence=self.held.terms.sequence + 1))

    def gets_again(self) -> None:
        """Get the same window under the next sequence."""
        terms = self.held.terms
        ends = {"not_before", "expires_at", "play_window", "max_offline", "issued_at"}
        same = {name: getattr(terms, name) for name in ends}
        self._keep(self._license({}, **same, sequence=terms.sequence + 1))

    def gets_first_again(self) -> None:
        """Get the license of the beginning once more."""
        self._keep(self.issued[0])

    def releases(self) -> None:
        self.book.release(self.held, self.clock.now())

    def hears_revocation(self) -> None:
        now = int(self.true_time)
        revoked = RevocationList(
            number=1,
            issued_at=now,
            expires_at=now + 60,
            revoked={Subject.LICENSE: {LICENSE_ID: now}},
        )
        self.revocations.take_in(revoked.seal(SERVICE_KEY), now)

    def backs_up(self) -> None:
        for name, folder in self._folders():
            shutil.copytree(folder, self._backups / name)

    def restores(self, *what: str) -> None:
        """Put back the vault's folder, or the key store, or both."""
        for name, folder in self._folders():
            if name in (what or ("vault",)):
                shutil.rmtree(folder)
                shutil.copytree(self._backups / name, folder)

    def _folders(self) -> Iterator[tuple[str, Path]]:
        yield "vault", self.vault.folder
        yield "store", self._store
