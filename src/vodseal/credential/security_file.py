"""The file that an app ships with: its private key, wrapped, and whom it trusts.

Promises, in order of weight:

1. The app's private key opens for one app identity and, where the file was
   issued so, only with the app's private string (SPEC credential §4.2). The
   wrap commits to its key, so no file opens under two strings.
2. Every bit is under the signature of the key that the file brings; it is
   verified before anything is parsed (SPEC credential §4.1).
3. Whatever is wrong with a file, ``SecurityFileError`` says so, and says what to
   do; its cause is the precise error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from vodseal.container.cbor import decode_map, encode
from vodseal.container.cobblestone import open_message, seal_message
from vodseal.container.keys import ID_SIZE
from vodseal.container.layout import KEY_SIZE, sealed_message_size
from vodseal.credential.envelope import (
    EnvelopeType,
    open_self_anchored,
    seal_self_anchored,
)
from vodseal.credential.fingerprint import AppIdentity, AppKind
from vodseal.credential.opening import Opening, opening_from_cbor
from vodseal.credential.requirements import AppRequirements, IdentityLevel
from vodseal.credential.trust import VerificationKeys
from vodseal.errors import (
    CredentialError,
    FormatError,
    MalformedError,
    MisuseError,
    WrongKeyError,
)
from vodseal.errors import SecurityFileError as _Refused

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from vodseal.container.cbor import CborMap

__all__ = ["SecurityFile", "UnlockedApp", "issue_security_file"]

_VERSION: Final = 1
_LABEL: Final = b"vodseal1/appkey\0"
_WRAPPED_SIZE: Final = sealed_message_size(KEY_SIZE)
_NOT_THIS_APP: Final = "the security file was issued for another app"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockedApp:
    """An app that has shown who it is."""

    serial: bytes
    """16 bytes: which security file it was."""

    fingerprint: bytes
    app_key: X25519PrivateKey = field(repr=False)
    """Opens the outer wrap of a license."""

    trust: VerificationKeys
    level: IdentityLevel = IdentityLevel.FILE
    """How it has shown that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityFile:
    """A security file whose signature holds; its app key is still wrapped."""

    serial: bytes
    identity: AppIdentity
    app_public_key: bytes
    wrapped_app_key: bytes = field(repr=False)
    opening: Opening
    not_before: int
    not_after: int
    """Seconds since 1970, UTC; 0 is no limit."""

    trust: VerificationKeys
    requirements: AppRequirements

    @classmethod
    def parse(cls, data: bytes) -> SecurityFile:
        """Return the security file that ``data`` holds.

        Raises:
            SecurityFileError: It is not one, was altered, or breaks a rule.
        """
        try:
            anchor, body = open_self_anchored(data, EnvelopeType.SECURITY_FILE)
            parsed = _parse_body(body)
            if anchor not in parsed.trust.by_type.get(EnvelopeType.SECURITY_FILE, ()):
                raise WrongKeyError("it is signed by a key that it does not list")
        except (FormatError, CredentialError) as error:
            message = f"the security file cannot be used: {error.message}"
            raise _Refused(message) from error
        return parsed

    def check_validity(self, now: float) -> None:
        """Check that the file may be used at ``now``.

        Raises:
            SecurityFileError: It is too early or too late.
        """
        if now < self.not_before or (self.not_after and now >= self.not_after):
            raise _Refused("the security file is not valid at this time")

    def open(
        self,
        identity: AppIdentity,
        private_string: str | None,
        *,
        level: IdentityLevel = IdentityLevel.FILE,
    ) -> UnlockedApp:
        """Return the app, whose private key is now open. Kind 1 takes a tenth of a second.

        Raises:
            SecurityFileError: The file is another app's, the string is missing
                or wrong, or the key inside is not the one it should be.
            AppIdentityError: The file asks for a higher ``level``.
        """
        if identity != self.identity:
            raise _Refused(_NOT_THIS_APP)
        self.requirements.check_level(level)
        wrapping_key = self.opening.derive(private_string)
        context = _context(identity.fingerprint, self.serial)
        try:
            raw = open_message(wrapping_key, context, self.wrapped_app_key)
        except FormatError as error:
            message = "the private string is wrong, or the security file is another app's"
            raise _Refused(message) from error
        app_key = X25519PrivateKey.from_private_bytes(raw)
        if app_key.public_key().public_bytes_raw() != self.app_public_key:
            raise _Refused("the security file holds a key pair that is none")
        return UnlockedApp(
            serial=self.serial,
            fingerprint=identity.fingerprint,
            app_key=app_key,
            trust=self.trust,
            level=level,
        )


def issue_security_file(
    *,
    identity: AppIdentity,
    app_private_key: X25519PrivateKey,
    opening: Opening,
    private_string: str | None,
    serial: bytes,
    trust: VerificationKeys,
    signing_key: Ed25519PrivateKey,
    not_before: int = 0,
    not_after: int = 0,
    requirements: AppRequirements | None = None,
) -> bytes:
    """Return a security file for ``identity``; nobody needs the app's private key after it.

    Raises:
        MisuseError: The serial has not 16 bytes, or ``trust`` does not list the
            signing key for security files.
        SecurityFileError: ``opening`` needs a private string, and there is none.
    """
    anchor = signing_key.public_key().public_bytes_raw()
    if len(serial) != ID_SIZE:
        raise MisuseError("a serial has 16 bytes")
    if anchor not in trust.by_type.get(EnvelopeType.SECURITY_FILE, ()):
        raise MisuseError("the signing key has to be among the trusted ones")
    asked = (requirements or AppRequirements()).to_cbor()
    context = _context(identity.fingerprint, serial)
    wrapped = seal_message(
        opening.derive(private_string), context, app_private_key.private_bytes_raw()
    )
    body: CborMap = {
        0: _VERSION,
        1: serial,
        2: identity.identifier,
        3: int(identity.kind),
        4: identity.fingerprint,
        5: app_private_key.public_key().public_bytes_raw(),
        6: wrapped,
        7: opening.to_cbor(),
        8: not_before,
        9: not_after,
        11: trust.to_cbor(),
    }
    if asked:
        body[10] = asked
    return seal_self_anchored(EnvelopeType.SECURITY_FILE, encode(body), signing_key)


def _context(fingerprint: bytes, serial: bytes) -> bytes:
    return _LABEL + fingerprint + serial


def _parse_body(body: bytes) -> SecurityFile:
    fields = decode_map(body)
    fields.version(_VERSION)
    kind = AppKind(fields.integer(3, least=1, most=len(AppKind)))
    identity = AppIdentity(kind=kind, identifier=fields.octets(2))
    if fields.octets(4) != identity.fingerprint:
        raise MalformedError("identifier and fingerprint disagree")
    trusted = fields.map(11)
    requirements = AppRequirements()
    if fields.has(10):
        requirements = AppRequirements.from_cbor(fields.map(10))
        if not requirements.to_cbor():
            raise MalformedError("requirements that ask for nothing are left out")
    parsed = SecurityFile(
        serial=fields.octets(1, size=ID_SIZE),
        identity=identity,
        app_public_key=fields.octets(5, size=KEY_SIZE),
        wrapped_app_key=fields.octets(6, size=_WRAPPED_SIZE),
        opening=opening_from_cbor(fields.map(7)),
        not_before=fields.integer(8),
        not_after=fields.integer(9),
        trust=VerificationKeys.from_cbor(trusted),
        requirements=requirements,
    )
    trusted.finish()
    fields.finish()
    return parsed
