"""The service's own keys: made at the first start, stored wrapped, held in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError, TamperedError
from vodseal.service.context import ServiceKeys
from vodseal.service.database.models import ServiceKey
from vodseal.service.kms import contexts

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

    from vodseal.service.kms.protocol import KeyService

__all__ = ["has_service_keys", "load_service_keys"]

_SIGNING: Final = (
    "credential",
    "license",
    "digests",
    "revocation",
    "enrolment",
    "audit",
    "time",
)
_SECRETS: Final = ("tokens", "urls")
_SIZE: Final = 32


async def has_service_keys(sessions: async_sessionmaker[AsyncSession]) -> bool:
    """Return whether a master key was used here before."""
    async with sessions.begin() as session:
        return (await session.scalars(select(ServiceKey.name).limit(1))).first() is not None


async def load_service_keys(
    sessions: async_sessionmaker[AsyncSession],
    kms: KeyService,
    random: Callable[[int], bytes],
    now: float,
) -> ServiceKeys:
    """Return the service's keys; those that are missing are made and stored first.

    Raises:
        OperatorError: The master key is not the one that wrapped them.
    """
    async with sessions.begin() as session:
        blobs = {row.name: row.key_blob for row in await session.scalars(select(ServiceKey))}
    plain: dict[str, bytes] = {}
    fresh: list[ServiceKey] = []
    for name in (*_SIGNING, *_SECRETS):
        context = contexts.service_key(name)
        if name in blobs:
            try:
                plain[name] = await kms.decrypt(blobs[name], context)
            except TamperedError as error:
                message = "the master key is not the one this data folder was made with"
                raise OperatorError(ErrorCode.MASTER_KEY_UNUSABLE, message) from error
            continue
        plain[name] = random(_SIZE)
        blob = await kms.encrypt(plain[name], context)
        public = _signing_key(plain[name]).public_key().public_bytes_raw()
        fresh.append(
            ServiceKey(
                name=name,
                key_blob=blob,
                public_key=public if name in _SIGNING else None,
                created_at=now,
            )
        )
    if fresh:
        async with sessions.begin() as session:
            session.add_all(fresh)
    return ServiceKeys(
        credential=_signing_key(plain["credential"]),
        license=_signing_key(plain["license"]),
        digests=_signing_key(plain["digests"]),
        revocation=_signing_key(plain["revocation"]),
        enrolment=_signing_key(plain["enrolment"]),
        audit=_signing_key(plain["audit"]),
        time=_signing_key(plain["time"]),
        tokens=plain["tokens"],
        urls=plain["urls"].hex(),
    )


def _signing_key(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed)
