"""What every key service offers (security 4, "KMS interface").

A blob opens only under the context it was wrapped with, so that a blob moved
from one row to another opens nothing. A context names the purpose and the
object; it is no secret, and it is never stored beside the blob.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

__all__ = ["DataKey", "KeyContext", "KeyService"]

KeyContext: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataKey:
    """A fresh key, in clear for use now, and wrapped for storing."""

    plain: bytes = field(repr=False)
    blob: bytes


class KeyService(Protocol):
    """Makes and opens wrapped keys."""

    async def generate_data_key(self, context: KeyContext, size: int) -> DataKey:
        """Return a fresh key of ``size`` bytes, bound to ``context``."""

    async def encrypt(self, plain: bytes, context: KeyContext) -> bytes:
        """Return ``plain`` wrapped: for keys that were made elsewhere."""

    async def decrypt(self, blob: bytes, context: KeyContext) -> bytes:
        """Return the key inside ``blob``.

        Raises:
            TamperedError: The blob is not ours, was altered, or belongs to
                another context; which of them is not told.
        """

    async def reencrypt(self, blob: bytes, context: KeyContext) -> bytes:
        """Return the same key under the newest version of the master key.

        Raises:
            TamperedError: As for ``decrypt``.
        """
