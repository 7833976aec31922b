"""Issue security files: the first of an app, and those that take its place.

The app's private key and its private string exist here for the length of one
request, and are stored nowhere: a lost security file is issued anew.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from vodseal.credential.envelope import EnvelopeType
from vodseal.credential.fingerprint import AppIdentity, AppKind
from vodseal.credential.opening import Argon2Opening, FileAloneOpening
from vodseal.credential.requirements import AppRequirements, IdentityLevel
from vodseal.credential.security_file import issue_security_file
from vodseal.credential.trust import VerificationKeys
from vodseal.errors import RpcError
from vodseal.service.database.models import App

if TYPE_CHECKING:
    from vodseal.credential.opening import Opening
    from vodseal.service.context import ServiceContext, ServiceKeys

__all__ = [
    "FILE_ALONE",
    "PRIVATE_STRING",
    "Issued",
    "Order",
    "identity_of",
    "issue",
    "requirements_of",
]

FILE_ALONE: Final = "file-alone"
PRIVATE_STRING: Final = "private-string"

_SERIAL_SIZE: Final = 16
_KEY_SIZE: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a security file is to be."""

    identity: AppIdentity
    private_string: str | None = field(repr=False)
    """None for a file that opens alone."""

    requirements: AppRequirements = field(default_factory=AppRequirements)
    needs_certificate: bool = True
    """Whether licenses go to enrolled devices alone."""

    replaces: str | None = None
    """The serial of the file whose place it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A fresh security file, and the row that is to be stored with it."""

    row: App
    security_file: bytes = field(repr=False)


async def issue(context: ServiceContext, order: Order, now: float) -> Issued:
    """Return a security file and its row, which the caller stores."""
    random = context.random
    app_key = X25519PrivateKey.from_private_bytes(random(_KEY_SIZE))
    serial = random(_SERIAL_SIZE)
    opening: Opening = FileAloneOpening(salt=random(16), secret=random(_KEY_SIZE))
    if order.private_string is not None:
        opening = Argon2Opening(salt=random(16))
    security_file = await asyncio.to_thread(  # Argon2id takes a tenth of a second
        issue_security_file,
        identity=order.identity,
        app_private_key=app_key,
        opening=opening,
        private_string=order.private_string,
        serial=serial,
        trust=_trust(context.keys),
        signing_key=context.keys.credential,
        requirements=order.requirements,
    )
    row = App(
        serial=serial.hex(),
        kind=order.identity.kind.label,
        identifier=order.identity.text,
        manifest_key=_manifest_key(order.identity),
        fingerprint=order.identity.fingerprint.hex(),
        public_key=app_key.public_key().public_bytes_raw(),
        opening=FILE_ALONE if order.private_string is None else PRIVATE_STRING,
        least_level=int(order.requirements.least_level),
        file_key_store=order.requirements.file_key_store,
        needs_certificate=order.needs_certificate,
        replaces=order.replaces,
        created_at=now,
    )
    return Issued(row=row, security_file=security_file)


def identity_of(row: App) -> AppIdentity:
    """Return the identity of a registered app.

    Raises:
        RpcError: ``InvalidApp.Incomplete``: it was registered by a version that
            did not keep its manifest key.
    """
    if row.kind == AppKind.PYTHON.label:
        if row.manifest_key is None:
            raise RpcError("InvalidApp.Incomplete")
        return AppIdentity.python(row.identifier, row.manifest_key)
    kinds = {kind.label: kind for kind in AppKind}
    return AppIdentity(kind=kinds[row.kind], identifier=row.identifier.encode("ascii"))


def requirements_of(row: App) -> AppRequirements:
    """Return what the security file of a registered app asks for."""
    return AppRequirements(
        least_level=IdentityLevel(row.least_level), file_key_store=row.file_key_store
    )


def _manifest_key(identity: AppIdentity) -> bytes | None:
    head, _, key = identity.identifier.partition(b"\0")
    return key if identity.kind is AppKind.PYTHON and head else None


def _trust(keys: ServiceKeys) -> VerificationKeys:
    return VerificationKeys(
        {
            EnvelopeType.SECURITY_FILE: (keys.credential.public_key().public_bytes_raw(),),
            EnvelopeType.LICENSE: (keys.license.public_key().public_bytes_raw(),),
            EnvelopeType.DEVICE_CERTIFICATE: (keys.enrolment.public_key().public_bytes_raw(),),
            EnvelopeType.TIME_TOKEN: (keys.time.public_key().public_bytes_raw(),),
            EnvelopeType.REVOCATION: (keys.revocation.public_key().public_bytes_raw(),),
            EnvelopeType.SEGMENT_DIGESTS: (keys.digests.public_key().public_bytes_raw(),),
        }
    )
