"""Every exception of the project, as one tree.

    VodsealError
    ├── MisuseError              the call is wrong, whatever the data
    │   └── IllegalTransitionError
    ├── FormatError              bytes are not what their format says
    │   ├── NotSealedError           no magic: another kind of file, or unfinished
    │   ├── UnsupportedVersionError  written by a later version
    │   ├── TruncatedError           shorter or longer than it was sealed
    │   ├── TamperedError            authentication failed
    │   ├── WrongKeyError            intact so far, but sealed under another key
    │   ├── MalformedError           authentic or not, the structure is not allowed
    │   ├── PlaylistError            not a playlist that we take
    │   └── FragmentError            not fragments of an MP4 that we can join by their tables
    ├── CredentialError          who the app is
    │   ├── SecurityFileError        the security file does not open for this app
    │   └── AppIdentityError         the app's manifest does not hold
    ├── KeyStoreError            the device's key cannot be had, or not be kept
    ├── LicenseError             what the app may do
    │   ├── LicenseMissingError
    │   ├── LicenseExpiredError
    │   ├── LicenseBindingError      issued for another app or device
    │   ├── LicenseRevokedError      taken back by the service
    │   ├── RevocationListError      the service's list of that cannot be taken in
    │   ├── LicenseReplayError       an older license, or not the answer to what was asked
    │   └── ContactNeededError       the service has to be asked first
    │       ├── ClockRollbackError       the clock was set back
    │       └── VaultRestoredError       licenses were put back from a backup
    ├── DownloadError            a download ended; ``code`` says why
    │   └── MediaRefusedError        a media server refused the URL; a fresh one may help
    ├── StoppedError             a run that is waited for was stopped by another call
    ├── RequestError             the service refused, or did not answer
    ├── PlayError                a file does not play
    ├── TranscodeError           a source cannot be made into streams
    │   └── CopyRefusedError         its packets cannot be copied; encoding may do
    ├── RpcError                 what the service answers to a bad request
    │   ├── ThrottledError           too often
    │   └── UploadRefusedError       the same, in the words of upload clients
    ├── KeyServiceError          the service's key provider does not answer, or refuses us
    ├── AuditLogError            the audit log cannot be written, or does not hold
    └── OperatorError            a command on this machine cannot go on

Each carries a number, a remedy and, where a service was asked, a request id.
None ever holds a key, a credential or a signed URL. The tree is the list of
what is exported.
"""

from __future__ import annotations

from typing import ClassVar

from vodseal.error_codes import REMEDIES, ErrorCode


class VodsealError(Exception):
    """Anything that vodseal raises on purpose."""

    default_code: ClassVar[ErrorCode] = ErrorCode.UNKNOWN_ERROR

    def __init__(
        self,
        message: str = "",
        *,
        code: ErrorCode | None = None,
        remedy: str = "",
        request_id: str = "",
    ) -> None:
        """Take a message for a person; without one, the class's first line speaks."""
        self.code = self.default_code if code is None else code
        self.message = message or (type(self).__doc__ or "").partition("\n")[0]
        self.remedy = remedy or REMEDIES.get(self.code, "")
        self.request_id = request_id
        super().__init__(self.message)


class MisuseError(VodsealError):
    """The call is not allowed here."""

    default_code = ErrorCode.MISUSE


class IllegalTransitionError(MisuseError):
    """An event is not allowed in a state. Nothing changed."""

    def __init__(self, state: str, event: str) -> None:
        """Keep both, for whoever handles a late event."""
        super().__init__(f"{event!r} is not allowed in state {state!r}")
        self.state = state
        self.event = event


class FormatError(VodsealError):
    """Bytes are not what their format says."""

    default_code = ErrorCode.FORMAT_INVALID


class NotSealedError(FormatError):
    """This is not a sealed file, or it was never finished."""


class UnsupportedVersionError(FormatError):
    """Written by a later version of vodseal."""


class TruncatedError(FormatError):
    """The file does not end where it was sealed to end."""


class TamperedError(FormatError):
    """The bytes were altered after they were sealed."""


class WrongKeyError(FormatError):
    """Sealed under another key."""


class MalformedError(FormatError):
    """The structure is not allowed by its specification."""


class PlaylistError(FormatError):
    """Not a playlist that can be downloaded."""


class FragmentError(FormatError):
    """Not fragments of an MP4 that can be joined by their tables alone."""


class CredentialError(VodsealError):
    """The app could not prove who it is."""

    default_code = ErrorCode.ENCRYPT_FILE_NOT_MATCH


class SecurityFileError(CredentialError):
    """The security file does not open for this app."""


class AppIdentityError(CredentialError):
    """The app's manifest does not hold."""

    default_code = ErrorCode.APP_IDENTITY_INVALID


class KeyStoreError(VodsealError):
    """The key store does not give or take this device's key. No key was replaced."""

    default_code = ErrorCode.KEY_STORE_UNUSABLE


class LicenseError(VodsealError):
    """The license does not allow this."""

    default_code = ErrorCode.LICENSE_INVALID


class LicenseMissingError(LicenseError):
    """This device holds no license for the file."""


class LicenseExpiredError(LicenseError):
    """The license is not valid at this time."""


class LicenseBindingError(LicenseError):
    """The license was issued for another app or device."""


class LicenseRevokedError(LicenseError):
    """The service has revoked the license, its app or its device."""

    default_code = ErrorCode.LICENSE_REVOKED


class RevocationListError(LicenseError):
    """The service's revocation list cannot be taken in. The one before is kept."""

    default_code = ErrorCode.REVOCATION_LIST_INVALID


class LicenseReplayError(LicenseError):
    """An older license, or one that does not answer the question. Nothing changed."""


class ContactNeededError(LicenseError):
    """This device was offline for longer than the license allows. The license is kept."""

    default_code = ErrorCode.CONTACT_NEEDED


class ClockRollbackError(ContactNeededError):
    """The clock of this device was set back. The license is kept."""

    default_code = ErrorCode.CLOCK_SET_BACK


class VaultRestoredError(ContactNeededError):
    """The licenses of this device were put back from a backup. They are kept."""

    default_code = ErrorCode.VAULT_RESTORED


class DownloadError(VodsealError):
    """A download ended. What was staged is kept, and a next start goes on from it."""

    def __init__(
        self, code: ErrorCode, message: str = "", *, remedy: str = "", request_id: str = ""
    ) -> None:
        """``code`` is one of the download group."""
        super().__init__(message, code=code, remedy=remedy, request_id=request_id)


class MediaRefusedError(DownloadError):
    """A media server refused a URL of the playlist, of a key, or of the file."""


class RequestError(VodsealError):
    """The service refused a request, or gave no usable answer. Nothing changed."""

    def __init__(
        self, code: ErrorCode, message: str = "", *, server_code: str = "", request_id: str = ""
    ) -> None:
        """``server_code`` is the service's own word, such as ``InvalidVideo.NotFound``."""
        super().__init__(message, code=code, request_id=request_id)
        self.server_code = server_code


class StoppedError(VodsealError):
    """The run was stopped by another call. What was fetched is kept."""

    default_code = ErrorCode.INTERRUPTED


class PlayError(VodsealError):
    """A file does not play. The file is as it was."""

    default_code = ErrorCode.DEMUXER_OPENSTREAM


class TranscodeError(VodsealError):
    """A source cannot be made into streams. No stream of it was kept."""

    default_code = ErrorCode.TRANSCODE_FAILED


class CopyRefusedError(TranscodeError):
    """Packets of the source cannot be stored as they are; encoding them may still do."""


class RpcError(VodsealError):
    """What the service answers to a request that it refuses. Nothing changed.

    ``server_code`` is a key of ``rpc.codes.SERVER_ERRORS``, or one of its
    patterns such as ``MissingVideoId``; the HTTP status follows from it.
    """

    default_code = ErrorCode.SERVER_POP_UNKNOWN

    def __init__(self, server_code: str, message: str = "") -> None:
        """Without a message, the table's own is sent."""
        super().__init__(message or server_code)
        self.server_code = server_code


class ThrottledError(RpcError):
    """What the service answers to who asks too often. Nothing changed."""

    def __init__(self, server_code: str, *, retry_after: int) -> None:
        """``retry_after``: the seconds after which it may be asked again."""
        super().__init__(server_code)
        self.retry_after = retry_after


class UploadRefusedError(RpcError):
    """What the service answers to an upload that it refuses. Nothing changed.

    ``server_code`` is a row of the service's table of upload refusals.
    """


class KeyServiceError(VodsealError):
    """The key service does not answer, or refuses us. No key was made or opened."""

    default_code = ErrorCode.KEY_SERVICE_UNUSABLE


class AuditLogError(VodsealError):
    """The audit log cannot be written, or does not hold. No key left the service."""

    default_code = ErrorCode.AUDIT_LOG_UNUSABLE


class OperatorError(VodsealError):
    """A command on this machine cannot go on."""

    def __init__(self, code: ErrorCode, message: str = "", *, remedy: str = "") -> None:
        """``code`` is one of our own numbers."""
        super().__init__(message, code=code, remedy=remedy)
