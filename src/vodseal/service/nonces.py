"""Nonces that outlive the process: each is taken once (SPEC rpc §11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from vodseal.errors import RpcError
from vodseal.service.database.models import Nonce

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

__all__ = ["use_nonce"]


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
