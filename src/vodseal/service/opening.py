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

from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError
from vodseal.rpc.replay import NonceWindow
from vodseal.service.access_keys import AccessKeys, ensure_admin_key
from vodseal.service.authn import Authenticator
from vodseal.service.blobs.local import LocalBlobs
from vodseal.service.catalog import sweep
from vodseal.service.context import ServiceContext
from vodseal.service.data_folder import DataFolder
from vodseal.service.database.engine import migrate, open_database, sqlite_url
from vodseal.service.kms.local import LocalKeyService
from vodseal.service.kms.master_key import create_master_key, load_master_key
from vodseal.service.runtime import Service
from vodseal.service.service_keys import has_service_keys, load_service_keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

    from vodseal.clock import Clock
    from vodseal.rpc.signing_v1 import Credential
    from vodseal.service.kms.master_key import MasterKey
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
    """
    async with contextlib.AsyncExitStack() as stack:
        folder = await asyncio.to_thread(DataFolder, settings.data, random)
        stack.callback(folder.close)
        url = sqlite_url(folder.database)
        await asyncio.to_thread(migrate, url)
        database = open_database(url)
        stack.push_async_callback(database.close)
        master = await _master_key(settings, folder, database.reads, random)
        kms = LocalKeyService(master, random)
        keys = await load_service_keys(database.writes, kms, random, clock.now())
        context = ServiceContext(
            settings=settings,
            sessions=database.writes,
            reads=database.reads,
            kms=kms,
            keys=keys,
            blobs=LocalBlobs(folder.blobs),
            clock=clock,
            random=random,
        )
        admin_key = await ensure_admin_key(context)
        await sweep(context, folder.uploads)
        runner = make_runner(context)
        await runner.start()
        stack.push_async_callback(runner.stop)
        service = Service(
            context=context,
            runner=runner,
            authenticator=Authenticator(context, AccessKeys(context), NonceWindow()),
            uploads=folder.uploads,
        )
        yield OpenedService(service=service, admin_key=admin_key)


async def _master_key(
    settings: Settings,
    folder: DataFolder,
    sessions: async_sessionmaker[AsyncSession],
    random: Callable[[int], bytes],
) -> MasterKey:
    path = settings.master_key or settings.home / "keys" / f"{folder.id}.key"
    _check_outside(path, folder.path)
    if path.exists() or await has_service_keys(sessions):
        return load_master_key(path)
    return create_master_key(path, random)


def _check_outside(path: Path, folder: Path) -> None:
    if path.resolve().is_relative_to(folder.resolve()):
        message = f"the master key {path} lies in the data folder: whoever takes it has both"
        remedy = "Choose a --master-key file outside of the data folder."
        raise OperatorError(ErrorCode.MASTER_KEY_UNUSABLE, message, remedy=remedy)
