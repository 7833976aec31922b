"""The long-lived key pairs of operators and app servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from vodseal.errors import RpcError
from vodseal.rpc.signing_v1 import Credential
from vodseal.service.database.models import AccessKey
from vodseal.service.kms import contexts
from vodseal.service.session_tokens import new_key_id, new_secret

if TYPE_CHECKING:
    from vodseal.service.context import ServiceContext

__all__ = ["AccessKeys", "ensure_admin_key"]

_PREFIX: Final = "VSAK"
_ID_LENGTH: Final = 20


class AccessKeys:
    """Secrets by key id; one that was used stays in memory."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._secrets: dict[str, str] = {}

    async def secret(self, key_id: str) -> str:
        """Return the secret of an active key.

        Raises:
            RpcError: ``InvalidAccessKeyId.NotFound``, ``InvalidAccessKeyId.Inactive``.
        """
        known = self._secrets.get(key_id)
        if known is not None:
            return known
        async with self._context.reads.begin() as session:
            row = await session.get(AccessKey, key_id)
        if row is None:
            raise RpcError("InvalidAccessKeyId.NotFound")
        if row.status != "Active":
            raise RpcError("InvalidAccessKeyId.Inactive")
        plain = await self._context.kms.decrypt(row.secret_blob, contexts.access_key(key_id))
        self._secrets[key_id] = plain.decode("ascii")
        return self._secrets[key_id]


async def ensure_admin_key(context: ServiceContext) -> Credential | None:
    """Return a fresh admin key when there is no key at all; None when there is one.

    It is stored before it is returned; its secret can never be read again.
    """
    async with context.reads.begin() as session:
        if await session.scalar(select(func.count()).select_from(AccessKey)):
            return None
    credential = Credential(
        access_key_id=new_key_id(context.random, _PREFIX, _ID_LENGTH),
        access_key_secret=new_secret(context.random),
    )
    key_context = contexts.access_key(credential.access_key_id)
    blob = await context.kms.encrypt(credential.access_key_secret.encode(), key_context)
    async with context.sessions.begin() as session:
        session.add(
            AccessKey(
                id=credential.access_key_id,
                secret_blob=blob,
                created_at=context.clock.now(),
            )
        )
    return credential
