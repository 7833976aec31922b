"""What keeps a file from playing, in words that say what to do about it.

The vendor has one number for all of it, 20030003, and its users cannot tell a
missing key file from a broken film (client-surface 4, U19). The number stays;
message and remedy tell the causes apart, and ``__cause__`` keeps the original.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from vodseal.error_codes import REMEDIES, ErrorCode
from vodseal.errors import (
    AppIdentityError,
    ClockRollbackError,
    ContactNeededError,
    FormatError,
    LicenseBindingError,
    LicenseError,
    LicenseExpiredError,
    LicenseMissingError,
    NotSealedError,
    PlayError,
    SecurityFileError,
    TruncatedError,
    UnsupportedVersionError,
    VaultRestoredError,
    VodsealError,
    WrongKeyError,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["explain_failure", "missing_security_file", "undecodable"]

_AGAIN: Final = "Delete the file and download it again."
_SAYINGS: Final[tuple[tuple[type[VodsealError], str, str], ...]] = (
    (
        AppIdentityError,
        "the app that asks is not as its developer signed it",
        "Install the app anew, or run `vodseal app check` on its folder.",
    ),
    (
        SecurityFileError,
        "the security file does not open for this app",
        "Load the security file that was issued for this app, with its own private string.",
    ),
    (
        LicenseMissingError,
        "this app holds no license for it here: the file was copied, or another app downloaded it",
        "Play it in the app and on the device that downloaded it, or download it again here.",
    ),
    (
        LicenseBindingError,
        "the file's license was issued for another app or another device",
        "Play it in the app and on the device that downloaded it, or download it again here.",
    ),
    (
        ClockRollbackError,
        "the clock of this device was set back",
        "Set the clock right, or go online and renew the license: OfflineLicense.check_in().",
    ),
    (
        VaultRestoredError,
        "the licenses of this device come from a backup",
        "Go online and let the service look at them: OfflineLicense.check_in().",
    ),
    (
        ContactNeededError,
        "this device was offline for longer than the file's license allows",
        "Go online: OfflineLicense.check_in().",
    ),
    (
        LicenseExpiredError,
        "the file's license is not valid at this time",
        "Go online and renew it with OfflineLicense.renew(), or start the download again.",
    ),
    (
        LicenseError,
        "the file's license cannot be used",
        "Connect and start the download again: a new license is asked for.",
    ),
    (
        UnsupportedVersionError,
        "the file was sealed by a later version of vodseal",
        "Update the app.",
    ),
    (
        NotSealedError,
        "the file is not a finished sealed file: its download was not completed, or it was altered",
        "Start the download again; when it was complete, delete the file first.",
    ),
    (TruncatedError, "the file was cut short, or something was appended to it", _AGAIN),
    (WrongKeyError, "the file and its license do not belong together", _AGAIN),
    (FormatError, "the file was altered after it was sealed", _AGAIN),
)


def explain_failure(path: Path, error: VodsealError | OSError) -> PlayError:
    """Return the ``PlayError`` that says what ``error`` means to whoever wants to see the film."""
    if isinstance(error, PlayError):
        return error
    if isinstance(error, OSError):
        why = error.strerror or "it cannot be read"
        return PlayError(f"{path.name}: {why}", code=ErrorCode.DEMUXER_OPENURL)
    for kind, message, remedy in _SAYINGS:
        if isinstance(error, kind):
            text = f"{path.name}: {message}{_detail(error)}"
            return PlayError(text, remedy=_own_remedy(error) or remedy)
    return PlayError(f"{path.name}: {error.message}", remedy=error.remedy)


def _own_remedy(error: VodsealError) -> str:
    """Return the remedy that was given to this very error, if any."""
    return "" if error.remedy == REMEDIES.get(error.code) else error.remedy


def _detail(error: VodsealError) -> str:
    """Return what the error says beyond what its class says anyway."""
    return f" ({error.message})" if error.message != type(error)().message else ""


def missing_security_file(path: Path) -> PlayError:
    """Return the ``PlayError`` for an app that loaded no security file (B18)."""
    return PlayError(
        f"{path.name}: no security file is loaded",
        remedy="Load the app's security file first: PrivateService.init_service(), or "
        "--security-file on the command line.",
    )


def undecodable(path: Path, *, sealed: bool) -> PlayError:
    """Return the ``PlayError`` for bytes that are as they were stored, and are no film."""
    if sealed:
        return PlayError(f"{path.name}: the film inside cannot be decoded", remedy=_AGAIN)
    return PlayError(
        f"{path.name}: this is neither a sealed file nor a film",
        remedy="Give the path of a downloaded file.",
    )
