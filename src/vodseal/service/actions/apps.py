"""Apps and their security files (wire 5.4; our own RegisterApp and the rest)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from vodseal.credential.decrypt_string import check_private_string
from vodseal.credential.fingerprint import AppIdentity, AppKind
from vodseal.credential.requirements import AppRequirements, IdentityLevel
from vodseal.credential.revocation import Subject
from vodseal.errors import CredentialError, RpcError
from vodseal.rpc.replay import format_time
from vodseal.service.database.models import App
from vodseal.service.revocations import is_revoked, revoke
from vodseal.service.security_files import (
    Issued,
    Order,
    identity_of,
    issue,
    requirements_of,
)
from vodseal.service.service_settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

    from vodseal.service.parameters import Parameters
    from vodseal.service.runtime import Call, Service

__all__ = [
    "describe_app",
    "generate_download_secret_key",
    "list_apps",
    "register_app",
    "reissue_app",
    "revoke_app",
]

_SERIAL_SIZE: Final = 16
_KEY_SIZE: Final = 32
_KINDS: Final = {kind.label: kind for kind in AppKind}
_ACTIVE: Final = "Active"
_REVOKED: Final = "Revoked"
_GRACE_SECONDS: Final = 30 * 86_400
_MAX_GRACE_SECONDS: Final = 10 * 365 * 86_400


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
    issued = await _stored(service, Order(identity=identity, private_string=None), call.now)
    return {"AppEncryptKey": base64.b64encode(issued.security_file).decode("ascii")}


async def register_app(service: Service, call: Call) -> Mapping[str, object]:
    """Register an app and return its security file; this is the only time it is told.

    Raises:
        RpcError: ``InvalidParameter.*``, ``Missing*``.
    """
    order = Order(
        identity=_identity(call.parameters),
        private_string=_opening(call.parameters),
        requirements=_requirements(call.parameters, AppRequirements()),
        needs_certificate=call.parameters.boolean("NeedsCertificate", default=True),
    )
    return _told(await _stored(service, order, call.now))


async def reissue_app(service: Service, call: Call) -> Mapping[str, object]:
    """Return another security file for the same app; the one before has a time of grace.

    It ends after ``GraceSeconds``, at once when they are 0, and earlier when it was to
    end earlier. What was downloaded with it is moved with a rekey (B50).

    Raises:
        RpcError: ``InvalidApp.NotFound``, ``InvalidApp.Incomplete``,
            ``InvalidParameter.*``, ``Missing*``. Nothing changed.
    """
    serial = call.parameters.hexadecimal("Serial", _SERIAL_SIZE)
    grace = call.parameters.integer(
        "GraceSeconds", default=_GRACE_SECONDS, least=0, most=_MAX_GRACE_SECONDS
    )
    async with service.context.reads.begin() as session:
        former = await session.get(App, serial)
    if former is None:
        raise RpcError("InvalidApp.NotFound")
    order = Order(
        identity=identity_of(former),
        private_string=_opening(call.parameters),
        requirements=_requirements(call.parameters, requirements_of(former)),
        needs_certificate=call.parameters.boolean(
            "NeedsCertificate", default=former.needs_certificate
        ),
        replaces=serial,
    )
    issued = await issue(service.context, order, call.now)
    async with service.context.sessions.begin() as session:
        session.add(issued.row)
        await _end(session, serial, since=call.now + grace, now=call.now)
    return _told(issued)


async def list_apps(service: Service, call: Call) -> Mapping[str, object]:
    """Return every app, in the order they were registered."""
    async with service.context.reads.begin() as session:
        rows = await session.scalars(select(App).order_by(App.created_at, App.serial))
        return {"AppList": [_describe(row, call.now) for row in rows]}


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
    return {"App": _describe(row, call.now)}


async def revoke_app(service: Service, call: Call) -> Mapping[str, object]:
    """Issue no more licenses to an app; those that devices hold end at the next contact.

    Raises:
        RpcError: ``InvalidApp.NotFound``.
    """
    serial = call.parameters.hexadecimal("Serial", _SERIAL_SIZE)
    async with service.context.sessions.begin() as session:
        if await session.get(App, serial) is None:
            raise RpcError("InvalidApp.NotFound")
        if not await is_revoked(session, Subject.APP, serial, call.now):
            await _end(session, serial, since=call.now, now=call.now)
    return {}


async def _end(session: AsyncSession, serial: str, *, since: float, now: float) -> None:
    """Revoke a security file from ``since`` on, inside a transaction."""
    row = await session.get_one(App, serial)
    row.ends_at = since if row.ends_at is None else min(row.ends_at, since)
    await revoke(session, Subject.APP, serial, since=since, now=now)


async def _stored(service: Service, order: Order, now: float) -> Issued:
    issued = await issue(service.context, order, now)
    async with service.context.sessions.begin() as session:
        session.add(issued.row)
    return issued


def _told(issued: Issued) -> Mapping[str, object]:
    return {
        "Serial": issued.row.serial,
        "Fingerprint": issued.row.fingerprint,
        "SecurityFile": base64.b64encode(issued.security_file).decode("ascii"),
    }


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


def _opening(parameters: Parameters) -> str | None:
    """Return the private string; None for a file that opens alone."""
    alone = parameters.boolean("FileAlone", default=False)
    return None if alone else _private_string(parameters)


def _requirements(parameters: Parameters, default: AppRequirements) -> AppRequirements:
    level = parameters.integer(
        "LeastIdentityLevel", default=default.least_level, least=0, most=max(IdentityLevel)
    )
    return AppRequirements(
        least_level=IdentityLevel(level),
        file_key_store=parameters.boolean("FileKeyStore", default=default.file_key_store),
    )


def _describe(row: App, now: float) -> dict[str, object]:
    ended = row.status != _ACTIVE or (row.ends_at is not None and now >= row.ends_at)
    return {
        "Serial": row.serial,
        "Kind": row.kind,
        "Identifier": row.identifier,
        "Fingerprint": row.fingerprint,
        "Opening": row.opening,
        "Status": _REVOKED if ended else _ACTIVE,
        "EndTime": "" if row.ends_at is None else format_time(row.ends_at),
        "Replaces": row.replaces or "",
        "LeastIdentityLevel": row.least_level,
        "FileKeyStore": row.file_key_store,
        "NeedsCertificate": row.needs_certificate,
        "CreationTime": format_time(row.created_at),
    }
