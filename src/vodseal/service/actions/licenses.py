"""Licenses after they were issued: check-in, policy, list, revocation (SPEC license §9, §10)."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select

from vodseal.credential.device import device_id
from vodseal.credential.revocation import Subject
from vodseal.errors import FormatError, RpcError
from vodseal.license.receipt import Receipt
from vodseal.license.time_token import MAX_WITHDRAWN, NONCE_SIZE, TimeToken
from vodseal.rpc.replay import format_time
from vodseal.service.audit.chain import AuditEvent
from vodseal.service.audit.scope import AuditScope, current_scope
from vodseal.service.catalog import find_video
from vodseal.service.database.models import App, LicenseRow
from vodseal.service.license_policy import APP, VIDEO, effective_policy, own_values, store
from vodseal.service.licensing import ACTIVE, RELEASED, REVOKED
from vodseal.service.revocations import is_revoked, revoke

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession

    from vodseal.service.context import ServiceContext
    from vodseal.service.parameters import Parameters
    from vodseal.service.runtime import Call, Service

__all__ = [
    "check_in_device",
    "get_license_policy",
    "list_licenses",
    "revoke_licenses",
    "set_license_policy",
    "time_token",
]

_ID_SIZE: Final = 16
_KEY_SIZE: Final = 32
_MAX_RECEIPTS: Final = 256
_MAX_LIST: Final = 1000
_MAX_TEXT: Final = 128 * 1024


def time_token(
    context: ServiceContext,
    parameters: Parameters,
    now: float,
    *,
    withdrawn: tuple[bytes, ...] = (),
    license_digest: bytes = b"",
) -> str:
    """Return a time token for the request's nonce, in base64; nothing without a nonce.

    Raises:
        RpcError: ``InvalidParameter.Nonce``.
    """
    if not parameters.text("Nonce"):
        return ""
    nonce = bytes.fromhex(parameters.hexadecimal("Nonce", NONCE_SIZE))
    token = TimeToken(
        time=int(now), nonce=nonce, withdrawn=withdrawn, license_digest=license_digest
    )
    return base64.b64encode(token.seal(context.keys.time)).decode("ascii")


async def check_in_device(service: Service, call: Call) -> Mapping[str, object]:
    """Take a device's receipts, and return the time and what of its licenses is withdrawn.

    Raises:
        RpcError: ``InvalidParameter.*``, ``Missing*``.
    """
    parameters = call.parameters
    parameters.required("Nonce")
    kem, signing = (
        parameters.octets(name, _KEY_SIZE) for name in ("DeviceKemKey", "DeviceSigningKey")
    )
    device = device_id(kem, signing)
    held = _license_ids(parameters)
    released = _receipts(parameters, device, Ed25519PublicKey.from_public_bytes(signing))
    if released:
        await _release_all(service.context, released)
    async with service.context.reads.begin() as session:
        withdrawn = await _withdrawn(session, device, held, call.now)
    token = time_token(service.context, parameters, call.now, withdrawn=withdrawn)
    return {"TimeToken": token}


async def get_license_policy(service: Service, call: Call) -> Mapping[str, object]:
    """Return the policy of an app or a video, and what of it is its own.

    Raises:
        RpcError: ``InvalidApp.NotFound``, ``InvalidVideo.NotFound``, ``MissingVideoId``.
    """
    async with service.context.reads.begin() as session:
        return await _policy(session, *await _subject(session, call.parameters))


async def set_license_policy(service: Service, call: Call) -> Mapping[str, object]:
    """Set one value for an app or a video, or take it back; return as ``get_license_policy``.

    Raises:
        RpcError: As there, and ``InvalidParameter.Name``, ``InvalidParameter.Value``.
    """
    name, value = call.parameters.required("Name"), call.parameters.text("Value")
    async with service.context.sessions.begin() as session:
        scope, subject = await _subject(session, call.parameters)
        await store(session, scope, subject, name=name, value=value, now=call.now)
        return await _policy(session, scope, subject)


async def list_licenses(service: Service, call: Call) -> Mapping[str, object]:
    """Return the licenses that the filters choose, the newest first, at most 1,000.

    Raises:
        RpcError: ``InvalidParameter.*``.
    """
    query = select(LicenseRow).where(*_filters(call.parameters))
    newest = query.order_by(LicenseRow.issued_at.desc(), LicenseRow.download_id).limit(_MAX_LIST)
    async with service.context.reads.begin() as session:
        rows = (await session.scalars(newest)).all()
    return {"LicenseList": [_describe(row) for row in rows]}


async def revoke_licenses(service: Service, call: Call) -> Mapping[str, object]:
    """Revoke licenses: no device gets them again, and theirs go with their next check-in.

    Raises:
        RpcError: ``InvalidParameter.*``; ``MissingDownloadId`` without any filter.
    """
    filters = _filters(call.parameters)
    if not filters:
        raise RpcError("MissingDownloadId")
    count = 0
    async with service.context.sessions.begin() as session:
        for row in await session.scalars(select(LicenseRow).where(*filters)):
            if row.status == REVOKED:
                continue
            row.status, count = REVOKED, count + 1
            await revoke(session, Subject.LICENSE, row.download_id, since=call.now, now=call.now)
    return {"Count": count}


def _license_ids(parameters: Parameters) -> list[str]:
    names = parameters.text("LicenseIds", max_length=_MAX_TEXT).lower().split(",")
    ids = [name for name in names if name]
    digits = set("0123456789abcdef")
    if len(ids) > MAX_WITHDRAWN or any(len(i) != 2 * _ID_SIZE or set(i) - digits for i in ids):
        raise RpcError("InvalidParameter.LicenseIds")
    return ids


def _receipts(parameters: Parameters, device: bytes, device_key: Ed25519PublicKey) -> list[Receipt]:
    """Return the receipts that this device has signed; others are passed over.

    One that cannot be read would be sent for ever, if it was refused.
    """
    texts = parameters.text("Receipts", max_length=_MAX_TEXT).split(",")
    found = []
    for text in texts[:_MAX_RECEIPTS]:
        try:
            receipt = Receipt.open(base64.b64decode(text, validate=True), device_key)
        except (FormatError, binascii.Error):
            continue
        if receipt.device_id == device:
            found.append(receipt)
    return found


async def _release_all(context: ServiceContext, receipts: Collection[Receipt]) -> None:
    """Release the licenses; each is recorded before, and with what came of it (SPEC keys §2.5)."""
    scope = current_scope()
    for batch in {context.audit.add(_release_event(scope, one, "asked")) for one in receipts}:
        await context.audit.wait(batch)
    async with context.sessions.begin() as session:
        done = [(one, await _release(session, one)) for one in receipts]
    for receipt, is_released in done:
        event = _release_event(scope, receipt, "ok" if is_released else "passed over")
        scope.batches.add(context.audit.add(event))


async def _release(session: AsyncSession, receipt: Receipt) -> bool:
    """Return whether the receipt is of a license that was active until now."""
    identity = (receipt.license_id.hex(), receipt.device_id.hex())
    row = await session.get(LicenseRow, identity)
    if row is None or row.status != ACTIVE or row.sequence > receipt.sequence:
        return False
    row.status = RELEASED
    return True


def _release_event(scope: AuditScope, receipt: Receipt, result: str) -> AuditEvent:
    return AuditEvent(
        actor=scope.actor,
        action="license.release",
        object=receipt.license_id.hex(),
        result=result,
        request_id=scope.request_id,
        context={"DeviceId": receipt.device_id.hex(), "via": scope.via},
    )


async def _withdrawn(
    session: AsyncSession, device: bytes, held: Collection[str], now: float
) -> tuple[bytes, ...]:
    """Return which of the licenses that a device holds it has to delete."""
    if await is_revoked(session, Subject.DEVICE, device.hex(), now):
        return tuple(map(bytes.fromhex, held))
    query = select(LicenseRow).where(
        LicenseRow.device_id == device.hex(), LicenseRow.download_id.in_(held)
    )
    rows = list(await session.scalars(query))
    serials = {row.app_serial for row in rows}
    ended = {one for one in serials if await is_revoked(session, Subject.APP, one, now)}
    gone = []
    for row in rows:
        revoked = await is_revoked(session, Subject.LICENSE, row.download_id, now)
        if revoked or row.status != ACTIVE or row.app_serial in ended:
            gone.append(bytes.fromhex(row.download_id))
    return tuple(gone)


async def _subject(session: AsyncSession, parameters: Parameters) -> tuple[str, str]:
    if not parameters.text("Serial"):
        return VIDEO, (await find_video(session, parameters)).id
    app = await session.get(App, parameters.hexadecimal("Serial", _ID_SIZE))
    if app is None:
        raise RpcError("InvalidApp.NotFound")
    return APP, app.fingerprint


async def _policy(session: AsyncSession, scope: str, subject: str) -> Mapping[str, object]:
    named = {"fingerprint": subject} if scope == APP else {"video_id": subject}
    policy = await effective_policy(session, **named)
    return {
        "Policy": dict(policy.values),
        "Own": await own_values(session, scope, subject),
    }


def _filters(parameters: Parameters) -> list[ColumnElement[bool]]:
    columns = {
        "VideoId": LicenseRow.video_id,
        "UserName": LicenseRow.user_name,
        "DeviceId": LicenseRow.device_id,
        "DownloadId": LicenseRow.download_id,
    }
    given = {name: parameters.text(name, max_length=64) for name in columns}
    return [columns[name] == value for name, value in given.items() if value]


def _describe(row: LicenseRow) -> dict[str, object]:
    return {
        "DownloadId": row.download_id,
        "DeviceId": row.device_id,
        "VideoId": row.video_id,
        "UserName": row.user_name,
        "AppSerial": row.app_serial,
        "Status": row.status,
        "Sequence": row.sequence,
        "IssueTime": format_time(row.issued_at),
        "ExpireTime": format_time(row.expires_at) if row.expires_at else "",
    }
