"""Apps and their security files (wire 5.4; our own RegisterApp and the rest).

The app's private key and its private string exist here for the length of one
request, and are stored nowhere: a lost security file is issued anew.
"""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import select

from vodseal.credential.decrypt_string import check_private_string
from vodseal.credential.envelope import EnvelopeType
from vodseal.credential.fingerprint import AppIdentity, AppKind
from vodseal.credential.opening import Argon2Opening, FileAloneOpening
from vodseal.credential.security_file import issue_security_file
from vodseal.credential.trust import VerificationKeys
from vodseal.errors import CredentialError, RpcError
from vodseal.rpc.replay import format_time
from vodseal.service.database.models import App
from vodseal.service.service_settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodseal.credential.opening import Opening
    from vodseal.service.context import ServiceKeys
    from vodseal.service.parameters import Parameters
    from vodseal.service.runtime import Call, Service

__all__ = [
    "describe_app",
    "generate_download_secret_key",
    "list_apps",
    "register_app",
    "revoke_app",
]

_SERIAL_SIZE: Final = 16
_KEY_SIZE: Final = 32
_KINDS: Final = {kind.label: kind for kind in AppKind}
_FILE_ALONE: Final = "file-alone"
_PRIVATE_STRING: Final = "private-string"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issued:
    serial: str
    fingerprint: str
    security_file: bytes


async def generate_download_secret_key(service: Service, call: Call) -> Mapping[str, object]:
    """Return a key file as the vendor's does: it opens by itself, for its app.

    Raises:
        RpcError: ``Forbidden.NotSecureMode``, ``InvalidParameter.*``, ``Missing*``.
    """
    settings = await read_settings(service.context)
    if settings["download-mode"] != "secure":
        raise RpcError("Forbidden.NotSecureMode")
    text = call.parameters.required("AppIdentification", max_length=256)
    private_string = _private_string(call.parameters)
    try:
        identity = AppIdentity.from_identification(text)
    except CredentialError as error:
        raise RpcError("InvalidParameter.AppIdentification", error.message) from None
    del private_string  # checked as the vendor does; the file opens without it
    issued = await _issue(service, call, identity, None)
    return {"AppEncryptKey": base64.b64encode(issued.security_file).decode("ascii")}


async def register_app(service: Service, call: Call) -> Mapping[str, object]:
    """Register an app and return its security file; this is the only time it is told.

    Raises:
        RpcError: ``InvalidParameter.*``, ``Missing*``.
    """
    identity = _identity(call.parameters)
    alone = call.parameters.boolean("FileAlone", default=False)
    private_string = None if alone else _private_string(call.parameters)
    issued = await _issue(service, call, identity, private_string)
    return {
        "Serial": issued.serial,
        "Fingerprint": issued.fingerprint,
        "SecurityFile": base64.b64encode(issued.security_file).decode("ascii"),
    }


async def list_apps(service: Service, _call: Call) -> Mapping[str, object]:
    """Return every app, in the order they were registered."""
    async with service.context.reads.begin() as session:
        rows = await session.scalars(select(App).order_by(App.created_at, App.serial))
        return {"AppList": [_describe(row) for row in rows]}


async def describe_app(service: Service, call: Call) -> Mapping[str, object]:
    """Return one app.

    Raises:
        RpcError: ``InvalidApp.NotFound``.
    """
    serial = call.parameters.hexadecimal("Serial", _SERIAL_SIZE)
    async with service.context.reads.begin() as session:
        row = await session.get(App, serial)
    if row is None:
        raise RpcError("InvalidApp.NotFound")
    return {"App": _describe(row)}


async def revoke_app(service: Service, call: Call) -> Mapping[str, object]:
    """Stop issuing licenses to an app. Licenses that devices hold go on.

    Raises:
        RpcError: ``InvalidApp.NotFound``.
    """
    serial = call.parameters.hexadecimal("Serial", _SERIAL_SIZE)
    async with service.context.sessions.begin() as session:
        row = await session.get(App, serial)
        if row is None:
            raise RpcError("InvalidApp.NotFound")
        row.status = "Revoked"
    return {}


def _identity(parameters: Parameters) -> AppIdentity:
    label = parameters.required("Kind", max_length=32)
    kind = _KINDS.get(label)
    if kind is None:
        raise RpcError("InvalidParameter.Kind", f"Kind may be: {', '.join(sorted(_KINDS))}.")
    text = parameters.required("Identifier", max_length=256)
    try:
        if kind is AppKind.PYTHON:
            return AppIdentity.python(text, parameters.octets("ManifestKey", _KEY_SIZE))
        if kind is AppKind.ANDROID_SHA1:
            return AppIdentity.android_sha1(text)
        if kind is AppKind.IOS_BUNDLE:
            return AppIdentity.ios_bundle(text)
        return AppIdentity.windows_serial(text)
    except CredentialError as error:
        raise RpcError("InvalidParameter.Identifier", error.message) from None


def _private_string(parameters: Parameters) -> str:
    text = parameters.required("AppDecryptKey")
    try:
        check_private_string(text)
    except CredentialError as error:
        raise RpcError("InvalidParameter.AppDecryptKey", error.message) from None
    return text


async def _issue(
    service: Service, call: Call, identity: AppIdentity, private_string: str | None
) -> _Issued:
    random = service.context.random
    app_key = X25519PrivateKey.from_private_bytes(random(_KEY_SIZE))
    serial = random(_SERIAL_SIZE)
    opening: Opening = FileAloneOpening(salt=random(16), secret=random(_KEY_SIZE))
    if private_string is not None:
        opening = Argon2Opening(salt=random(16))
    security_file = await asyncio.to_thread(  # Argon2id takes a tenth of a second
        issue_security_file,
        identity=identity,
        app_private_key=app_key,
        opening=opening,
        private_string=private_string,
        serial=serial,
        trust=_trust(service.context.keys),
        signing_key=service.context.keys.credential,
    )
    row = App(
        serial=serial.hex(),
        kind=identity.kind.label,
        identifier=identity.text,
        fingerprint=identity.fingerprint.hex(),
        public_key=app_key.public_key().public_bytes_raw(),
        opening=_FILE_ALONE if private_string is None else _PRIVATE_STRING,
        created_at=call.now,
    )
    async with service.context.sessions.begin() as session:
        session.add(row)
    return _Issued(serial=row.serial, fingerprint=row.fingerprint, security_file=security_file)


def _trust(keys: ServiceKeys) -> VerificationKeys:
    return VerificationKeys(
        {
            EnvelopeType.SECURITY_FILE: (keys.credential.public_key().public_bytes_raw(),),
            EnvelopeType.LICENSE: (keys.license.public_key().public_bytes_raw(),),
            EnvelopeType.SEGMENT_DIGESTS: (keys.digests.public_key().public_bytes_raw(),),
        }
    )


def _describe(row: App) -> dict[str, object]:
    return {
        "Serial": row.serial,
        "Kind": row.kind,
        "Identifier": row.identifier,
        "Fingerprint": row.fingerprint,
        "Opening": row.opening,
        "Status": row.status,
        "CreationTime": format_time(row.created_at),
    }
