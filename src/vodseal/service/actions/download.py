"""GetDownloadPolicy, AcquireDownloadLicense, GetSegmentDigests: our own actions."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from vodseal.credential.device import device_id
from vodseal.credential.revocation import Subject
from vodseal.errors import RpcError, TamperedError
from vodseal.license.acquire import AcquireClaim
from vodseal.license.issue import issue_license
from vodseal.license.time_token import license_digest
from vodseal.media.encryption import EncryptType
from vodseal.service.actions.licenses import time_token
from vodseal.service.catalog import find_video
from vodseal.service.database.models import App, Stream
from vodseal.service.devices import asking_device, check_enrolled
from vodseal.service.kms import contexts
from vodseal.service.licensing import Wanted, grant
from vodseal.service.lifecycle import Status
from vodseal.service.revocations import refuse_revoked
from vodseal.service.service_settings import read_settings, settings_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodseal.service.context import ServiceContext
    from vodseal.service.parameters import Parameters
    from vodseal.service.runtime import Call, Service

__all__ = ["acquire_download_license", "get_download_policy", "get_segment_digests"]

_ID_SIZE: Final = 16
_KEY_SIZE: Final = 32
_SIGNATURE_SIZE: Final = 64
_MAX_TRACK: Final = 1 << 31


async def get_download_policy(service: Service, call: Call) -> Mapping[str, object]:
    """Return how a video may be saved, at this moment (B12, B48).

    Raises:
        RpcError: ``InvalidVideo.NotFound``.
    """
    async with service.context.reads.begin() as session:
        await find_video(session, call.parameters)
        settings = await settings_in(session)
    return {"DownloadMode": settings["download-mode"]}


async def get_segment_digests(service: Service, call: Call) -> Mapping[str, object]:
    """Return the signed digests of a stream.

    Raises:
        RpcError: ``InvalidVideo.NotFound``, ``NoSuchResource``.
    """
    async with service.context.reads.begin() as session:
        video = await find_video(session, call.parameters)
        stream = await session.get(Stream, call.parameters.required("JobId", max_length=64))
    if stream is None or stream.video_id != video.id or stream.digest_manifest is None:
        raise RpcError("NoSuchResource")
    return {
        "Manifest": base64.b64encode(stream.digest_manifest).decode("ascii"),
        "Digests": base64.b64encode(stream.digests or b"").decode("ascii"),
    }


async def acquire_download_license(service: Service, call: Call) -> Mapping[str, object]:
    """Return a license for one download on one device.

    Asked again with the same download and device, it holds the same content key
    and a higher sequence: an answer that was lost on the way costs nothing.

    Raises:
        RpcError: ``Forbidden.DownloadOff``, ``Forbidden.NotSecureMode``,
            ``InvalidVideo.NotFound``, ``Forbidden.IllegalStatus``, ``NoSuchResource``,
            ``InvalidApp.NotFound``, ``InvalidParameter.*``, ``Forbidden.*Revoked``,
            ``Forbidden.DeviceNotEnrolled``, ``SignatureNonceUsed``, and those of ``grant``.
    """
    context, parameters = service.context, call.parameters
    mode = (await read_settings(context))["download-mode"]
    _check_not_off(mode)
    claim = _claim(parameters)
    app, stream = await _check_objects(context, call, claim)
    _check_mode(mode, stream)
    await check_enrolled(service, call, app, asking_device(parameters))
    device = _device_id(claim)
    wanted = Wanted(
        claim=claim,
        device_id=device,
        track=parameters.integer("TrackIndex", default=0, least=0, most=_MAX_TRACK),
        user_name=call.caller.name,
        fingerprint=app.fingerprint,
    )
    granted = await grant(context, wanted, call.now)
    key_context = contexts.license_key(claim.download_id.hex(), device.hex())
    envelope = issue_license(
        granted.terms,
        await context.kms.decrypt(granted.key_blob, key_context),
        app_public_key=X25519PublicKey.from_public_bytes(app.public_key),
        device_public_key=X25519PublicKey.from_public_bytes(claim.kem_public_key),
        signing_key=context.keys.license,
        transport_key=await _transport_key(context, stream),
    )
    digest = license_digest(envelope)
    return {
        "License": base64.b64encode(envelope).decode("ascii"),
        "TimeToken": time_token(context, parameters, call.now, license_digest=digest),
    }


def _check_not_off(mode: str) -> None:
    if mode == "off":
        raise RpcError("Forbidden.DownloadOff")


def _check_mode(mode: str, stream: Stream) -> None:
    """Normal mode needs licenses only for what is opened while it is saved (SPEC rpc §10)."""
    if mode != "secure" and stream.encrypt_type != EncryptType.PRIVATE:
        raise RpcError("Forbidden.NotSecureMode")


async def _transport_key(context: ServiceContext, stream: Stream) -> bytes | None:
    """Return the key that has no address (SPEC rpc §10); None for every other stream."""
    if stream.encrypt_type != EncryptType.PRIVATE or stream.key_blob is None:
        return None
    key_context = contexts.stream(stream.video_id, stream.id, EncryptType.PRIVATE)
    return await context.kms.decrypt(stream.key_blob, key_context)


def _device_id(claim: AcquireClaim) -> bytes:
    return device_id(claim.kem_public_key, claim.signing_public_key)


def _claim(parameters: Parameters) -> AcquireClaim:
    """Return what the device asks for; its signature holds."""
    claim = AcquireClaim(
        video_id=parameters.required("VideoId", max_length=64),
        job_id=parameters.required("JobId", max_length=64),
        download_id=bytes.fromhex(parameters.hexadecimal("DownloadId", _ID_SIZE)),
        app_serial=bytes.fromhex(parameters.hexadecimal("AppSerial", _ID_SIZE)),
        kem_public_key=parameters.octets("DeviceKemKey", _KEY_SIZE),
        signing_public_key=parameters.octets("DeviceSigningKey", _KEY_SIZE),
    )
    try:
        claim.verify(parameters.octets("DeviceSignature", _SIGNATURE_SIZE))
    except TamperedError:
        raise RpcError("InvalidParameter.DeviceSignature") from None
    return claim


async def _check_objects(
    context: ServiceContext, call: Call, claim: AcquireClaim
) -> tuple[App, Stream]:
    """Return the app, when it may have a license, and the stream, when it is there."""
    async with context.reads.begin() as session:
        video = await find_video(session, call.parameters)
        stream = await session.get(Stream, claim.job_id)
        app = await session.get(App, claim.app_serial.hex())
        named = {
            Subject.APP: claim.app_serial.hex(),
            Subject.DEVICE: _device_id(claim).hex(),
            Subject.LICENSE: claim.download_id.hex(),
        }
        await refuse_revoked(session, named, call.now)
    if video.status != Status.NORMAL:
        raise RpcError("Forbidden.IllegalStatus")
    if stream is None or stream.video_id != video.id:
        raise RpcError("NoSuchResource")
    if app is None:
        raise RpcError("InvalidApp.NotFound")
    return app, stream
