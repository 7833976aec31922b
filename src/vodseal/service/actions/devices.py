"""Devices: enrolment, list, revocation (SPEC rpc §7, credential §10)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from sqlalchemy import select

from vodseal.credential.certificate import DeviceCertificate
from vodseal.credential.device import KeyStoreLevel
from vodseal.credential.enrolment import NONCE_SIZE, SECRET_SIZE, seal_challenge
from vodseal.credential.requirements import IdentityLevel
from vodseal.credential.revocation import Subject
from vodseal.errors import RpcError
from vodseal.rpc.replay import format_time
from vodseal.service.database.models import App, Device
from vodseal.service.devices import AskingDevice, ChallengeKey, asking_device, check_stamp
from vodseal.service.limits import Scope
from vodseal.service.nonces import use_nonce
from vodseal.service.revocations import is_revoked, refuse_revoked, revoke

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

    from vodseal.service.runtime import Call, Service

__all__ = ["enroll_device", "get_enrolment_challenge", "list_devices", "revoke_device"]

_ID_SIZE: Final = 16
_MAX_LIST: Final = 1000


async def get_enrolment_challenge(service: Service, call: Call) -> Mapping[str, object]:
    """Return a challenge that only who has opened the app's security file can answer.

    Raises:
        RpcError: ``InvalidApp.NotFound``, ``Forbidden.*Revoked``, ``InvalidParameter.*``.
    """
    device = asking_device(call.parameters)
    async with service.context.reads.begin() as session:
        app = await _app(session, device, call.now)
    key = ChallengeKey.of(service.context)
    nonce = key.new_nonce(service.context, call.now)
    challenge = seal_challenge(
        key.secret(nonce, device),
        app_public_key=X25519PublicKey.from_public_bytes(app.public_key),
        nonce=nonce,
        device_id=device.id,
    )
    return {"Nonce": _text(nonce), "Challenge": _text(challenge)}


async def enroll_device(service: Service, call: Call) -> Mapping[str, object]:
    """Record a device that has answered its challenge, and return its certificate.

    Raises:
        RpcError: ``InvalidParameter.*``, ``Missing*``, ``InvalidTimeStamp.Expired``,
            ``SignatureNonceUsed``, ``InvalidApp.NotFound``, ``Forbidden.*Revoked``,
            ``Forbidden.IdentityLevel``, ``Forbidden.KeyStoreLevel``. Nothing changed.
    """
    context, parameters = service.context, call.parameters
    device = asking_device(parameters)
    identity = IdentityLevel(
        parameters.integer("IdentityLevel", default=0, least=0, most=max(IdentityLevel))
    )
    key_store = KeyStoreLevel(
        parameters.integer("KeyStoreLevel", default=0, least=0, most=max(KeyStoreLevel))
    )
    nonce = parameters.octets("Nonce", NONCE_SIZE)
    answer = parameters.octets("Answer", SECRET_SIZE)
    check_stamp(call, device)
    service.limits.count(Scope.DEVICE, device.id.hex(), call.action)
    end = ChallengeKey.of(context).check(nonce, device, answer, call.now)
    async with context.sessions.begin() as session:
        app = await _app(session, device, call.now)
        if identity < app.least_level:
            raise RpcError("Forbidden.IdentityLevel")
        if key_store is KeyStoreLevel.FILE and not app.file_key_store:
            raise RpcError("Forbidden.KeyStoreLevel")
        await use_nonce(session, "enrolment", nonce, ends_at=end, now=call.now)
        await session.merge(_row(device, identity, key_store, call.now))
    certificate = DeviceCertificate(
        kem_public_key=device.kem_key,
        signing_public_key=device.signing_key,
        serial=device.serial,
        fingerprint=bytes.fromhex(app.fingerprint),
        identity_level=identity,
        key_store_level=key_store,
        issued_at=int(call.now),
    )
    return {"Certificate": _text(certificate.seal(context.keys.enrolment))}


async def list_devices(service: Service, call: Call) -> Mapping[str, object]:
    """Return the devices of an app, or all; the newest first, at most 1,000.

    Raises:
        RpcError: ``InvalidParameter.AppSerial``.
    """
    query = select(Device).order_by(Device.enrolled_at.desc(), Device.id).limit(_MAX_LIST)
    if call.parameters.text("AppSerial"):
        serial = call.parameters.hexadecimal("AppSerial", _ID_SIZE)
        query = query.where(Device.app_serial == serial)
    async with service.context.reads.begin() as session:
        rows = (await session.scalars(query)).all()
        return {"DeviceList": [await _describe(session, row, call.now) for row in rows]}


async def revoke_device(service: Service, call: Call) -> Mapping[str, object]:
    """Revoke a device, for every app: it gets no more licenses, and is on the list.

    Raises:
        RpcError: ``MissingDeviceId``, ``InvalidParameter.DeviceId``.
    """
    name = call.parameters.hexadecimal("DeviceId", _ID_SIZE)
    async with service.context.sessions.begin() as session:
        if not await is_revoked(session, Subject.DEVICE, name, call.now):
            await revoke(session, Subject.DEVICE, name, since=call.now, now=call.now)
    return {}


async def _app(session: AsyncSession, device: AskingDevice, now: float) -> App:
    named = {Subject.APP: device.serial.hex(), Subject.DEVICE: device.id.hex()}
    await refuse_revoked(session, named, now)
    app = await session.get(App, device.serial.hex())
    if app is None:
        raise RpcError("InvalidApp.NotFound")
    return app


def _row(
    device: AskingDevice, identity: IdentityLevel, key_store: KeyStoreLevel, now: float
) -> Device:
    return Device(
        id=device.id.hex(),
        app_serial=device.serial.hex(),
        kem_key=device.kem_key,
        signing_key=device.signing_key,
        identity_level=int(identity),
        key_store_level=int(key_store),
        enrolled_at=now,
    )


async def _describe(session: AsyncSession, row: Device, now: float) -> dict[str, object]:
    revoked = await is_revoked(session, Subject.DEVICE, row.id, now)
    return {
        "DeviceId": row.id,
        "AppSerial": row.app_serial,
        "IdentityLevel": row.identity_level,
        "KeyStoreLevel": row.key_store_level,
        "Status": "Revoked" if revoked else "Active",
        "EnrolmentTime": format_time(row.enrolled_at),
    }


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
