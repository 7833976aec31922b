"""A key service whose every use is in the audit log before the key is out (SPEC keys §2.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vodseal.errors import KeyServiceError, TamperedError
from vodseal.service.audit.chain import AuditEvent
from vodseal.service.audit.scope import current_scope

if TYPE_CHECKING:
    from vodseal.service.audit.log import AuditLog
    from vodseal.service.kms.protocol import DataKey, KeyContext, KeyProvider

__all__ = ["AuditedKeyService"]


class AuditedKeyService:
    """A ``KeyService`` over a provider; it keeps a record of who used which key."""

    def __init__(self, provider: KeyProvider, log: AuditLog) -> None:
        self._provider = provider
        self._log = log

    async def generate_data_key(self, context: KeyContext, size: int) -> DataKey:
        """Return a fresh key of ``size`` bytes, bound to ``context``.

        Raises:
            AuditLogError: It could not be recorded.
            KeyServiceError: The provider does not answer.
        """
        key = await self._provider.generate_data_key(context, size)
        await self._record("key.generate", context)
        return key

    async def encrypt(self, plain: bytes, context: KeyContext) -> bytes:
        """Return ``plain`` wrapped.

        Raises:
            AuditLogError, KeyServiceError: As for ``generate_data_key``.
        """
        blob = await self._provider.encrypt(plain, context)
        await self._record("key.wrap", context)
        return blob

    async def decrypt(self, blob: bytes, context: KeyContext) -> bytes:
        """Return the key inside ``blob``.

        Raises:
            TamperedError: It does not open; this is recorded too.
            AuditLogError, KeyServiceError: As for ``generate_data_key``.
        """
        try:
            plain = await self._provider.decrypt(blob, context)
        except (TamperedError, KeyServiceError) as error:
            await self._record("key.open", context, type(error).__name__)
            raise
        await self._record("key.open", context)
        return plain

    async def reencrypt(self, blob: bytes, context: KeyContext) -> bytes:
        """Return the same key under the newest version of the master key.

        Raises:
            TamperedError, AuditLogError, KeyServiceError: As for ``decrypt``.
        """
        fresh = await self._provider.reencrypt(blob, context)
        await self._record("key.rewrap", context)
        return fresh

    async def _record(self, action: str, context: KeyContext, result: str = "ok") -> None:
        scope = current_scope()
        names = [value for name, value in context.items() if name != "purpose"]
        event = AuditEvent(
            actor=scope.actor,
            action=action,
            object="/".join([context.get("purpose", ""), *names]),
            result=result,
            request_id=scope.request_id,
            context={**context, "via": scope.via},
        )
        batch = self._log.add(event)
        if scope.is_grouped:
            scope.batches.add(batch)
        else:
            await self._log.wait(batch)
