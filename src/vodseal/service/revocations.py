"""What the service has revoked, and the signed list of it (SPEC credential §8).

Each act of revoking is a row, and rows are never changed or deleted: the number
of the last one is the number of the list. Who was revoked twice is so from the
earlier instant on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from vodseal.credential.revocation import RevocationList, Subject
from vodseal.errors import RpcError
from vodseal.service.database.models import Revocation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

__all__ = ["current_list", "is_revoked", "refuse_revoked", "revoke"]

_REFUSALS: Final = {
    Subject.APP: "Forbidden.AppRevoked",
    Subject.DEVICE: "Forbidden.DeviceRevoked",
    Subject.LICENSE: "Forbidden.LicenseRevoked",
}


async def revoke(
    session: AsyncSession, subject: Subject, name: str, *, since: float, now: float
) -> None:
    """Revoke ``name`` (32 hexadecimal digits) from ``since`` on, inside a transaction."""
    session.add(Revocation(subject=subject.label, name=name, since=since, created_at=now))
    await session.flush()


async def is_revoked(session: AsyncSession, subject: Subject, name: str, now: float) -> bool:
    """Return whether ``name`` is revoked at ``now``."""
    query = select(Revocation.number).where(
        Revocation.subject == subject.label, Revocation.name == name, Revocation.since <= now
    )
    return (await session.scalars(query.limit(1))).first() is not None


async def refuse_revoked(session: AsyncSession, names: Mapping[Subject, str], now: float) -> None:
    """Return when none of ``names`` is revoked at ``now`` (SPEC credential §8).

    Raises:
        RpcError: ``Forbidden.AppRevoked``, ``Forbidden.DeviceRevoked``,
            ``Forbidden.LicenseRevoked``.
    """
    # All are looked at before the first is told: every refusal takes the same time.
    revoked = [
        subject for subject, name in names.items() if await is_revoked(session, subject, name, now)
    ]
    if revoked:
        raise RpcError(_REFUSALS[revoked[0]])


async def current_list(session: AsyncSession, *, now: float, seconds: int) -> RevocationList:
    """Return everything that is revoked, as a list that is good for ``seconds``."""
    rows = await session.execute(
        select(Revocation.subject, Revocation.name, func.min(Revocation.since)).group_by(
            Revocation.subject, Revocation.name
        )
    )
    by_label: dict[str, dict[bytes, int]] = {subject.label: {} for subject in Subject}
    for label, name, since in rows:
        by_label[label][bytes.fromhex(name)] = int(since)
    number = await session.scalar(select(func.max(Revocation.number)))
    return RevocationList(
        number=number or 0,
        issued_at=int(now),
        expires_at=int(now) + seconds,
        revoked={subject: by_label[subject.label] for subject in Subject},
    )
