"""What every part of the service works with, in one explicit object."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

    from vodseal.clock import Clock
    from vodseal.service.audit.log import AuditLog
    from vodseal.service.blobs.protocol import BlobStore
    from vodseal.service.kms.protocol import KeyService
    from vodseal.service.settings import Settings

__all__ = ["ServiceContext", "ServiceKeys"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceKeys:
    """The service's own keys, unwrapped: made once, kept in memory, stored wrapped."""

    credential: Ed25519PrivateKey = field(repr=False)
    """Signs security files."""
    license: Ed25519PrivateKey = field(repr=False)
    """Signs licenses."""
    digests: Ed25519PrivateKey = field(repr=False)
    """Signs lists of segment digests."""
    revocation: Ed25519PrivateKey = field(repr=False)
    """Signs the list of what is revoked."""
    enrolment: Ed25519PrivateKey = field(repr=False)
    """Signs certificates of devices."""
    audit: Ed25519PrivateKey = field(repr=False)
    """Signs the audit log."""
    time: Ed25519PrivateKey = field(repr=False)
    """Signs the time."""
    tokens: bytes = field(repr=False)
    """Seals session tokens, PlayAuth and HLS tokens; 32 bytes."""
    urls: str = field(repr=False)
    """Signs media URLs (wire 12, type A)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceContext:
    """Where state, keys, bytes and time come from. Parts that need more take it as arguments."""

    settings: Settings
    sessions: async_sessionmaker[AsyncSession]
    """``async with context.sessions.begin() as session:`` is one transaction that may write.

    It holds the write lock from its first line: no await for anything but the
    session inside, and never one inside another.
    """
    reads: async_sessionmaker[AsyncSession]
    """``async with context.reads.begin() as session:`` reads, and locks nobody out."""
    kms: KeyService
    """Whatever it wraps or opens is recorded in ``audit``."""
    audit: AuditLog
    keys: ServiceKeys
    blobs: BlobStore
    clock: Clock
    random: Callable[[int], bytes] = field(repr=False)
