"""On whose behalf keys are used: set at the service's edge, read where keys are (SPEC keys §2).

A request sets it once; whatever wraps or opens a key below it is recorded under
its name. Without one, the service itself is the actor.
"""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from vodseal.service.audit.log import AuditLog, Batch

__all__ = ["AuditScope", "audit_scope", "current_scope"]


@dataclass(slots=True, kw_only=True)
class AuditScope:
    """Who asks, for what, and which of their records are not durable yet."""

    via: str
    """The action, or the part of the service: ``key-server``, ``upload``, ``transcode``."""
    actor: str = "service"
    request_id: str = ""
    is_grouped: bool = False
    """Records wait for the end of the scope, where no key has left the service yet."""
    batches: set[Batch] = field(default_factory=set)


_SERVICE: Final = AuditScope(via="service")
_scope: ContextVar[AuditScope] = ContextVar("audit_scope", default=_SERVICE)


def current_scope() -> AuditScope:
    """Return the scope of this task."""
    return _scope.get()


@contextlib.asynccontextmanager
async def audit_scope(log: AuditLog, scope: AuditScope) -> AsyncIterator[AuditScope]:
    """Have ``scope`` hold in the block; at its end, all of its records are durable.

    Raises:
        AuditLogError: They are not: what the block has made may not be given out.
    """
    token = _scope.set(scope)
    try:
        yield scope
    finally:
        _scope.reset(token)
        for batch in scope.batches:
            await log.wait(batch)
