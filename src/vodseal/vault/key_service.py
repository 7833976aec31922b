"""The keys of this process's app: loaded silently, loud on use (client-surface 1.4, B20).

``install`` takes the security file, as the vendor's initService does, and says
nothing of what is wrong with it; the first use does. The app's own files are
hashed right there, before any key is opened (security.md 00.7).

A content key is given out only when all of this holds: the security file opens
for this app, the license is the service's (or this device's own, where the
service has none), it is bound to this app and this device, and it is valid now.

A second ``install`` replaces the first. A download that is running keeps the
service it began with.
"""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from vodseal.clock import SystemClock
from vodseal.credential.security_file import SecurityFile, UnlockedApp
from vodseal.errors import (
    CredentialError,
    SecurityFileError,
)
from vodseal.vault.app_identity import identify
from vodseal.vault.held_licenses import HeldLicenses
from vodseal.vault.home import default_home
from vodseal.vault.store import Vault

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.clock import Clock
    from vodseal.credential.fingerprint import AppIdentity
    from vodseal.license.policy import RemainingTime
    from vodseal.vault.app_identity import ShownIdentity

__all__ = [
    "AppKeySource",
    "KeyService",
    "current",
    "install",
    "installed",
    "read_security_file",
    "uninstall",
]

AppKeySource: TypeAlias = "str | Path | Callable[[], str] | None"
"""The app's private string, a file that holds it, or who is asked for it."""

_T = TypeVar("_T")


class KeyService:
    """One security file, the app it is used by, and the vault that belongs to both."""

    def __init__(
        self,
        security_file: bytes | Path,
        app: Path | AppIdentity | ShownIdentity | None = None,
        app_key: AppKeySource = None,
        home: Path | None = None,
        *,
        clock: Clock | None = None,
    ) -> None:
        """Read the file and check the app's folder; keep whatever is wrong for later.

        Args:
            security_file: Its path or its bytes.
            app: The app's folder, whose manifest is checked here; None for the folder
                of the bundle or the main script. Or an identity to take as it is.
            app_key: Where the private string comes from, when the file needs one.
            home: The user's home folder of vodseal; ``default_home()`` when None.
            clock: Decides what is valid now.
        """
        self._app_key = app_key
        self.home = home or default_home()
        self.clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._app: UnlockedApp | None = None
        self._vault: Vault | None = None
        self._identity = _kept(lambda: identify(app))
        self._file = _kept(lambda: read_security_file(security_file))

    def unlock(self) -> UnlockedApp:
        """Return the app, whose private key is open; the first success is kept.

        Raises:
            SecurityFileError: The security file cannot be read, is not valid
                now, or does not open for this app.
            AppIdentityError: The app's files are not as its developer signed them, or
                the file asks for a higher identity level than the app has shown.
        """
        with self._lock:
            file = _given(self._file)
            file.check_validity(self.clock.now())
            if self._app is None:
                shown = _given(self._identity)
                private_string = _private_string(self._app_key)
                self._app = file.open(shown.identity, private_string, level=shown.level)
            return self._app

    def open_ahead(self) -> None:
        """Begin to open the app in the background, silently: the first use need not wait then."""

        def open_silently() -> None:
            with contextlib.suppress(CredentialError):
                self.unlock()

        threading.Thread(target=open_silently, name="vodseal-unlock", daemon=True).start()

    def vault(self) -> Vault:
        """Return the vault of this app on this device.

        Raises:
            SecurityFileError, AppIdentityError: As ``unlock``.
        """
        fingerprint = self.unlock().fingerprint
        with self._lock:
            if self._vault is None:
                asked = _given(self._file).requirements
                self._vault = Vault(self.home, fingerprint, file_allowed=asked.file_key_store)
            return self._vault

    def open_content_key(self, download_id: bytes, now: float) -> bytes:
        """Return the content key of one download.

        Raises:
            SecurityFileError, AppIdentityError: As ``unlock``.
            LicenseMissingError: This device holds no license for it.
            LicenseExpiredError: Not valid at ``now``.
            LicenseBindingError: Issued for another app or device.
            ContactNeededError: The service has to be asked first.
            FormatError: The stored license was altered.
        """
        return self.licenses().open(download_id, now)

    def note_play(self, download_id: bytes, now: float) -> RemainingTime:
        """Return how long a film that plays now may go on; the first time is durable on return.

        Raises:
            SecurityFileError, AppIdentityError, LicenseError: As ``open_content_key``.
        """
        return self.licenses().note_play(download_id, now)

    def licenses(self) -> HeldLicenses:
        """Return the licenses of this app on this device. Raises as ``vault``."""
        return HeldLicenses(self.unlock(), self.vault(), self.clock)


def read_security_file(security_file: bytes | Path) -> SecurityFile:
    """Return a security file by its path or its bytes.

    Raises:
        SecurityFileError: It cannot be read, or is none.
    """
    if isinstance(security_file, bytes):
        return SecurityFile.parse(security_file)
    try:
        return SecurityFile.parse(Path(security_file).read_bytes())
    except OSError as error:
        why = error.strerror or "it cannot be read"
        raise SecurityFileError(f"the security file {security_file}: {why}") from error


def _private_string(source: AppKeySource) -> str | None:
    if not isinstance(source, Path):
        return source() if callable(source) else source
    try:
        return source.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecurityFileError(f"the app key file {source} cannot be read") from error


def _kept(make: Callable[[], _T]) -> _T | CredentialError:
    """Return what ``make`` makes, or the error that it raised, to be told later."""
    try:
        return make()
    except CredentialError as error:
        return error


def _given(kept: _T | CredentialError) -> _T:
    if isinstance(kept, CredentialError):
        raise type(kept)(kept.message, remedy=kept.remedy) from kept
    return kept


_lock = threading.Lock()
_current: KeyService | None = None


def install(
    security_file: bytes | Path,
    app: Path | AppIdentity | None = None,
    app_key: AppKeySource = None,
    home: Path | None = None,
    *,
    clock: Clock | None = None,
) -> None:
    """Make this security file the process's; what is wrong with it is told on use."""
    global _current  # noqa: PLW0603 - one per process is what this module is for
    service = KeyService(security_file, app, app_key, home, clock=clock)
    with _lock:
        _current = service


def uninstall() -> None:
    """Forget the process's security file. Running downloads keep theirs."""
    global _current  # noqa: PLW0603 - as above
    with _lock:
        _current = None


def installed() -> KeyService | None:
    """Return the process's key service, its security file good or not; None before ``install``."""
    return _current


def current() -> KeyService:
    """Return the process's key service.

    Raises:
        SecurityFileError: None was installed.
    """
    service = _current
    if service is None:
        raise SecurityFileError(
            "no security file is loaded", remedy="Call PrivateService.init_service() first."
        )
    return service
