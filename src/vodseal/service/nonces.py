"""Nonces that outlive the process: each is taken once (SPEC rpc §3, §11).

Those of devices are written as they are used. Those of V1 signatures are too many
for that: they are kept when the service stops, and read when it starts. A service
that was killed could not keep them; it then takes no request that was dated before
it started again, which a client meets whose clock is behind by as much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from vodseal.errors import RpcError
from vodseal.rpc.replay import NonceWindow, UsedNonce
from vodseal.service.database.models import Nonce

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from vodseal.service.context import ServiceContext

__all__ = ["keep_window", "open_window", "use_nonce"]

_CALLER: Final = "key:"
_NEVER: Final = 1e18
_STOPPED: Final = "stopped"
"""The scope of the one row that says that the last run kept its nonces."""


async def use_nonce(
    session: AsyncSession, scope: str, value: bytes, *, ends_at: float, now: float
) -> None:
    """Note a nonce inside a transaction; forget those that are over.

    Call this after whatever the nonce belongs to was verified: who forges must
    not be able to use one up.

    Raises:
        RpcError: ``SignatureNonceUsed``. The transaction is of no more use.
    """
    await session.execute(delete(Nonce).where(Nonce.ends_at < now))
    session.add(Nonce(scope=scope, value=value.hex(), ends_at=ends_at))
    try:
        await session.flush()
    except IntegrityError:
        raise RpcError("SignatureNonceUsed") from None


async def open_window(context: ServiceContext, *, is_used: bool) -> NonceWindow:
    """Return the window of V1 nonces, with what the run before has kept.

    Args:
        context: The service's.
        is_used: Whether there was a run before.
    """
    now = context.clock.now()
    async with context.sessions.begin() as session:
        stopped = await session.scalar(select(Nonce.scope).where(Nonce.scope == _STOPPED))
        await session.execute(delete(Nonce).where(Nonce.scope == _STOPPED))
        rows = await session.scalars(select(Nonce).where(Nonce.scope.startswith(_CALLER)))
        used = [
            UsedNonce(row.ends_at, row.scope.removeprefix(_CALLER), row.value)
            for row in rows
            if row.ends_at >= now
        ]
    was_killed = is_used and stopped is None
    return NonceWindow(used, not_before=now if was_killed else 0.0)


async def keep_window(context: ServiceContext, window: NonceWindow) -> None:
    """Write down what ``window`` remembers: the last thing that a service does."""
    now = context.clock.now()
    rows = [
        {"scope": _CALLER + one.caller, "value": one.digest, "ends_at": one.end}
        for one in window.remembered(now)
    ]
    rows.append({"scope": _STOPPED, "value": "", "ends_at": _NEVER})
    async with context.sessions.begin() as session:
        await session.execute(delete(Nonce).where(Nonce.scope.startswith(_CALLER)))
        await session.execute(insert(Nonce), rows)
