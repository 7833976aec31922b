"""Grant licenses: who may have one, until when, on how many devices.

Everything that a grant depends on is read and written in one transaction that
holds the write lock from its first line, so that a thousand requests for the last
free device give one license. Asked again by the same device for the same download,
the answer is the same license under its next sequence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, or_, select

from vodseal.errors import RpcError
from vodseal.license.model import LicenseTerms
from vodseal.service.database.models import App, LicenseRow
from vodseal.service.kms import contexts
from vodseal.service.license_policy import effective_policy

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from vodseal.license.acquire import AcquireClaim
    from vodseal.service.context import ServiceContext
    from vodseal.service.license_policy import LicensePolicy

__all__ = ["ACTIVE", "RELEASED", "REVOKED", "Grant", "Wanted", "grant"]

ACTIVE: Final = "Active"
RELEASED: Final = "Released"
REVOKED: Final = "Revoked"
_KEY_SIZE: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a device asks for; its signature holds."""

    claim: AcquireClaim
    device_id: bytes
    track: int
    user_name: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What the device gets: the terms, and the content key as it is stored."""

    terms: LicenseTerms
    key_blob: bytes


async def grant(context: ServiceContext, wanted: Wanted, now: float) -> Grant:
    """Return the terms of a license, durably noted.

    Raises:
        RpcError: ``Forbidden.DeviceLimit``, ``Forbidden.LicenseEnded``,
            ``Forbidden.LicenseRevoked``, ``InvalidParameter.DownloadId``. Nothing changed.
    """
    claim = wanted.claim
    identity = (claim.download_id.hex(), wanted.device_id.hex())
    fresh = await context.kms.generate_data_key(contexts.license_key(*identity), _KEY_SIZE)
    async with context.sessions.begin() as session:
        await _one_at_a_time(session, wanted.fingerprint)
        policy = await effective_policy(
            session, fingerprint=wanted.fingerprint, video_id=claim.video_id
        )
        row = await session.get(LicenseRow, identity)
        if row is not None and (row.video_id, row.job_id) != (claim.video_id, claim.job_id):
            raise RpcError("InvalidParameter.DownloadId", "DownloadId is in use.")
        if row is not None and row.fingerprint not in {"", wanted.fingerprint}:
            raise RpcError("InvalidParameter.DownloadId", "DownloadId is another app's.")
        if row is None or not _is_active(row, now):
            await _check_device_limit(session, wanted, policy, now)
        if row is None:
            row = _new_row(wanted, fresh.blob)
            session.add(row)
        _renew(row, wanted, policy, now)
    return Grant(terms=_terms(row, wanted, policy), key_blob=row.key_blob)


async def _one_at_a_time(session: AsyncSession, fingerprint: str) -> None:
    """Lock an app, all its security files: devices are counted over them together."""
    files = select(App.serial).where(App.fingerprint == fingerprint).order_by(App.serial)
    await session.execute(files.with_for_update())


def _is_active(row: LicenseRow, now: float) -> bool:
    return row.status == ACTIVE and (not row.expires_at or now < row.expires_at)


async def _check_device_limit(
    session: AsyncSession, wanted: Wanted, policy: LicensePolicy, now: float
) -> None:
    most = policy.number("max-devices")
    if not most:
        return
    query = select(func.count(func.distinct(LicenseRow.device_id))).where(
        LicenseRow.user_name == wanted.user_name,
        LicenseRow.fingerprint == wanted.fingerprint,
        LicenseRow.status == ACTIVE,
        or_(LicenseRow.expires_at == 0, LicenseRow.expires_at > now),
        LicenseRow.device_id != wanted.device_id.hex(),
    )
    if policy.devices_per_video:
        query = query.where(LicenseRow.video_id == wanted.claim.video_id)
    if (await session.scalar(query) or 0) >= most:
        raise RpcError("Forbidden.DeviceLimit")


def _new_row(wanted: Wanted, key_blob: bytes) -> LicenseRow:
    return LicenseRow(
        download_id=wanted.claim.download_id.hex(),
        device_id=wanted.device_id.hex(),
        video_id=wanted.claim.video_id,
        job_id=wanted.claim.job_id,
        track=wanted.track,
        status=ACTIVE,
        sequence=0,
        key_blob=key_blob,
        issued_at=0.0,
        expires_at=0.0,
    )


def _renew(row: LicenseRow, wanted: Wanted, policy: LicensePolicy, now: float) -> None:
    """Raise the sequence; begin a window, where it is the first or the policy allows another."""
    if row.status == REVOKED:
        raise RpcError("Forbidden.LicenseRevoked")
    if not row.sequence or policy.renewable:
        seconds = policy.number("license-seconds")
        row.issued_at = now
        row.expires_at = int(now) + seconds if seconds else 0.0
    elif row.expires_at and now >= row.expires_at:
        raise RpcError("Forbidden.LicenseEnded")
    row.status = ACTIVE
    row.sequence += 1
    row.app_serial = wanted.claim.app_serial.hex()
    row.fingerprint = wanted.fingerprint
    row.user_name = wanted.user_name


def _terms(row: LicenseRow, wanted: Wanted, policy: LicensePolicy) -> LicenseTerms:
    return LicenseTerms(
        license_id=wanted.claim.download_id,
        sequence=row.sequence,
        serial=wanted.claim.app_serial,
        fingerprint=bytes.fromhex(wanted.fingerprint),
        device_id=wanted.device_id,
        vid=wanted.claim.video_id,
        track=wanted.claim.job_id,
        issued_at=int(row.issued_at),
        not_before=policy.number("license-not-before"),
        expires_at=int(row.expires_at),
        play_window=policy.number("play-window-seconds"),
        max_offline=policy.number("max-offline-seconds"),
        renewable=policy.renewable,
    )
