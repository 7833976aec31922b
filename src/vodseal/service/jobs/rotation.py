"""Rotation of the master key: a new version, then every stored key under it (SPEC keys §1.7).

Four promises:

1. It goes on after a kill at any point: what is left to do is read from the
   heads of the stored keys, never from memory.
2. A key is replaced only if it is still the one that was read, in the same
   transaction as the progress that counts it.
3. Old versions open what they wrapped until a start of the service finds no
   key under one of them; only then are they archived, because at a start, and
   at no other time, no key is in use that is not stored yet.
4. A failure waits and tries again; it is told by the progress.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, LargeBinary, func, inspect, select, update
from sqlalchemy.exc import SQLAlchemyError

from vodseal.errors import AuditLogError, KeyServiceError, TamperedError
from vodseal.service.audit.chain import AuditEvent
from vodseal.service.audit.scope import AuditScope, audit_scope
from vodseal.service.database.rotation_models import KeyRotation
from vodseal.service.kms.blob import HEAD_SIZE
from vodseal.service.wrapped_columns import WRAPPED_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vodseal.service.context import ServiceContext
    from vodseal.service.kms.protocol import KeyProvider
    from vodseal.service.wrapped_columns import WrappedColumn

__all__ = ["KeyRotator"]

_BATCH: Final = 50
_RETRY_SECONDS: Final = 10.0
_ROTATING, _REWRAPPING, _DONE = "rotating", "rewrapping", "done"
_log = logging.getLogger(__name__)


class KeyRotator:
    """Rotates the master key of one service."""

    def __init__(self, context: ServiceContext, provider: KeyProvider) -> None:
        self._context = context
        self._provider = provider
        self._task: asyncio.Task[None] | None = None
        self._beginning = asyncio.Lock()
        self._stopping = asyncio.Event()

    @property
    def head_name(self) -> str:
        """Return provider, key and version that wrap now."""
        return self._provider.head.name

    async def start(self) -> None:
        """Go on with what a former run has begun; else archive the versions that nothing needs.

        To be called before anything else wraps a key.
        """
        if await self._open_row() is None:
            if not await self._count_old():
                await self._archive()
                return
            await self._insert(_REWRAPPING)
        self._task = asyncio.create_task(self._work())

    async def begin(self) -> KeyRotation:
        """Begin a rotation, or find the one that is under way; return its progress."""
        async with self._beginning:
            row = await self._open_row()
            if row is None:
                row = await self._insert(_ROTATING)
                self._task = asyncio.create_task(self._work())
        return row

    async def newest(self) -> KeyRotation | None:
        """Return the progress of the newest rotation; None when there never was one."""
        async with self._context.reads.begin() as session:
            query = select(KeyRotation).order_by(KeyRotation.id.desc()).limit(1)
            found: KeyRotation | None = await session.scalar(query)
        return found

    async def stop(self) -> None:
        """Stop after the keys at hand; the next start goes on."""
        self._stopping.set()
        if self._task is not None:
            await self._task

    async def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                if await self._step():
                    return
            except (KeyServiceError, AuditLogError, SQLAlchemyError, OSError) as error:
                _log.warning("The rotation waits", extra={"reason": type(error).__name__})
                await self._tell(str(error) if not isinstance(error, SQLAlchemyError) else "")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), _RETRY_SECONDS)

    async def _step(self) -> bool:
        """Do the next thing; return whether it was the last."""
        row = await self._open_row()
        if row is None:
            return True
        if row.state == _ROTATING:
            await self._rotate(row)
            await self._update(row.id, state=_REWRAPPING, total=await self._count_old(), error="")
            return False
        for wrapped in WRAPPED_COLUMNS:
            failed = 0
            while rows := await self._old_rows(wrapped, failed):
                if self._stopping.is_set():
                    return True
                failed += await self._rewrap(row.id, wrapped, rows)
        now = self._context.clock.now()
        left = await self._count_old()
        told = f"{left} keys do not open and stay under an old version" if left else ""
        await self._update(row.id, state=_DONE, finished_at=now, failed=left, error=told)
        return True

    async def _rotate(self, row: KeyRotation) -> None:
        if self._provider.head.encode() != row.from_head:
            return  # a kill came between the new version and its row
        event = AuditEvent(actor="service", action="key.rotate", object=self.head_name)
        await self._context.audit.record(event)
        await self._provider.rotate()

    async def _rewrap(self, row_id: int, wrapped: WrappedColumn, rows: Sequence[Any]) -> int:
        """Wrap the keys of ``rows`` anew; return how many do not open."""
        fresh: list[tuple[Any, bytes]] = []
        scope = AuditScope(via="rotation", is_grouped=True)
        async with audit_scope(self._context.audit, scope):
            for row in rows:
                with contextlib.suppress(TamperedError):
                    blob = getattr(row, wrapped.name)
                    again = await self._context.kms.reencrypt(blob, wrapped.context_of(row))
                    fresh.append((row, again))
        async with self._context.sessions.begin() as session:
            for row, blob in fresh:
                same = [column == getattr(row, column.key) for column in _identity(wrapped)]
                query = update(wrapped.model).where(
                    *same, wrapped.column == getattr(row, wrapped.name)
                )
                await session.execute(query.values({wrapped.name: blob}))
            progress = update(KeyRotation).where(KeyRotation.id == row_id)
            done = KeyRotation.done + len(fresh)
            await session.execute(progress.values(done=done, error=""))
        return len(rows) - len(fresh)

    async def _old_rows(self, wrapped: WrappedColumn, failed: int) -> Sequence[Any]:
        query = select(wrapped.model).where(self._is_old(wrapped)).order_by(*_identity(wrapped))
        async with self._context.reads.begin() as session:
            return (await session.scalars(query.offset(failed).limit(_BATCH))).all()

    async def _count_old(self) -> int:
        async with self._context.reads.begin() as session:
            counts = [
                await session.scalar(
                    select(func.count()).select_from(wrapped.model).where(self._is_old(wrapped))
                )
                for wrapped in WRAPPED_COLUMNS
            ]
        return sum(count or 0 for count in counts)

    def _is_old(self, wrapped: WrappedColumn) -> ColumnElement[bool]:
        head = func.substr(wrapped.column, 1, HEAD_SIZE, type_=LargeBinary)
        return head != self._provider.head.encode()

    async def _archive(self) -> None:
        try:
            count = await self._provider.archive()
        except KeyServiceError as error:
            _log.warning("Old versions are not archived", extra={"reason": error.message})
            return
        if count:
            event = AuditEvent(
                actor="service",
                action="key.archive",
                object=self.head_name,
                context={"versions": str(count)},
            )
            await self._context.audit.record(event)

    async def _insert(self, state: str) -> KeyRotation:
        total = await self._count_old() if state == _REWRAPPING else 0
        row = KeyRotation(
            state=state,
            from_head=self._provider.head.encode(),
            total=total,
            started_at=self._context.clock.now(),
        )
        async with self._context.sessions.begin() as session:
            session.add(row)
        return row

    async def _open_row(self) -> KeyRotation | None:
        async with self._context.reads.begin() as session:
            query = select(KeyRotation).where(KeyRotation.state != _DONE).limit(1)
            found: KeyRotation | None = await session.scalar(query)
        return found

    async def _update(self, row_id: int, **values: object) -> None:
        async with self._context.sessions.begin() as session:
            await session.execute(
                update(KeyRotation).where(KeyRotation.id == row_id).values(**values)
            )

    async def _tell(self, error: str) -> None:
        with contextlib.suppress(SQLAlchemyError):
            row = await self._open_row()
            if row is not None:
                await self._update(row.id, error=error or "the database cannot be written")


def _identity(wrapped: WrappedColumn) -> tuple[Any, ...]:
    columns = inspect(wrapped.model).primary_key
    return tuple(getattr(wrapped.model, column.name) for column in columns)
