"""Open a data folder as a running service, and close it again.

The order is the promise: the folder is locked before anything in it is read;
the schema is checked before any row is; the master key is proved on the
service's own keys before it wraps anything new.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vodseal.errors import AuditLogError
from vodseal.service.access_keys import AccessKeys, ensure_admin_key
from vodseal.service.audit.audited_keys import AuditedKeyService
from vodseal.service.audit.chain import AuditEvent
from vodseal.service.audit.log import AuditLog
from vodseal.service.authn import Authenticator
from vodseal.service.blobs.local import LocalBlobs
from vodseal.service.catalog import sweep
from vodseal.service.context import ServiceContext
from vodseal.service.data_folder import DataFolder
from vodseal.service.database.engine import migrate, open_database, sqlite_url
from vodseal.service.jobs.rotation import KeyRotator
from vodseal.service.kms.opening import open_provider
from vodseal.service.limits import Limits
from vodseal.service.nonces import keep_window, open_window
from vodseal.service.runtime import Service, Turns
from vodseal.service.service_keys import has_service_keys, load_service_keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from vodseal.clock import Clock
    from vodseal.rpc.signing_v1 import Credential
    from vodseal.service.context import ServiceKeys
    from vodseal.service.database.engine import Database
    from vodseal.service.kms.protocol import KeyProvider
    from vodseal.service.runtime import Runner
    from vodseal.service.settings import Settings

__all__ = ["OpenedService", "open_service"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedService:
    """A service that is ready to answer."""

    service: Service
    admin_key: Credential | None = field(repr=False)
    """The operator's key, when this start has made it: it is told this once."""


@contextlib.asynccontextmanager
async def open_service(
    settings: Settings,
    make_runner: Callable[[ServiceContext], Runner],
    *,
    clock: Clock,
    random: Callable[[int], bytes],
) -> AsyncIterator[OpenedService]:
    """Yield the service on ``settings.data``; its runner has been started.

    Raises:
        OperatorError: ``DATA_FOLDER_*``, ``MASTER_KEY_UNUSABLE``. What is in the
            folder is as it was.
        KeyServiceError: The key service does not answer. As above.
        AuditLogError: The audit log does not hold, or cannot be written. As above.
    """
    async with contextlib.AsyncExitStack() as stack:
        folder = await asyncio.to_thread(DataFolder, settings.data, random)
        stack.callback(folder.close)
        database = await _open_database(folder, stack)
        is_used = await has_service_keys(database.reads)
        provider = await open_provider(settings, folder, random, is_used=is_used)
        stack.push_async_callback(provider.close)
        keys = await load_service_keys(database.writes, provider, random, clock.now())
        audit = await _open_audit(folder, keys, provider, clock, random)
        stack.push_async_callback(audit.close)
        context = ServiceContext(
            settings=settings,
            sessions=database.writes,
            reads=database.reads,
            kms=AuditedKeyService(provider, audit),
            audit=audit,
            keys=keys,
            blobs=LocalBlobs(folder.blobs),
            clock=clock,
            random=random,
        )
        admin_key = await ensure_admin_key(context)
        await sweep(context, folder.uploads)
        rotator = KeyRotator(context, provider)
        stack.push_async_callback(rotator.stop)
        await rotator.start()
        runner = make_runner(context)
        await runner.start()
        stack.push_async_callback(runner.stop)
        nonces = await open_window(context, is_used=is_used)
        stack.push_async_callback(keep_window, context, nonces)
        service = Service(
            context=context,
            runner=runner,
            rotator=rotator,
            authenticator=Authenticator(context, AccessKeys(context), nonces),
            limits=Limits.of(settings, clock),
            uploads=folder.uploads,
            joins=Turns(),
        )
        yield OpenedService(service=service, admin_key=admin_key)


async def _open_database(folder: DataFolder, stack: contextlib.AsyncExitStack) -> Database:
    url = sqlite_url(folder.database)
    await asyncio.to_thread(migrate, url)
    database = open_database(url)
    stack.push_async_callback(database.close)
    return database


async def _open_audit(
    folder: DataFolder,
    keys: ServiceKeys,
    provider: KeyProvider,
    clock: Clock,
    random: Callable[[int], bytes],
) -> AuditLog:
    """Return the audit log; that the service has opened its own keys is its first record."""
    log = await AuditLog.open(folder.audit, keys.audit, clock, random)
    event = AuditEvent(actor="service", action="service.start", object=provider.head.name)
    try:
        await log.record(event)
    except AuditLogError:
        await log.close()
        raise
    return log
