"""What every key service offers (SPEC keys §1; security 4, "KMS interface").

A blob opens only under the context it was wrapped with, so that a blob moved
from one row to another opens nothing. A context names the purpose and the
object; it is no secret, and it is never stored beside the blob.

A blob begins with a head that says who can open it: provider, key and version
(``kms.blob``). The head is authenticated with the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from vodseal.service.kms.blob import BlobHead

__all__ = ["DataKey", "KeyContext", "KeyProvider", "KeyService"]

KeyContext: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataKey:
    """A fresh key, in clear for use now, and wrapped for storing."""

    plain: bytes = field(repr=False)
    blob: bytes


class KeyService(Protocol):
    """Makes and opens wrapped keys: what the rest of the service works with."""

    async def generate_data_key(self, context: KeyContext, size: int) -> DataKey:
        """Return a fresh key of ``size`` bytes, bound to ``context``."""

    async def encrypt(self, plain: bytes, context: KeyContext) -> bytes:
        """Return ``plain``, 1 to 4096 bytes, wrapped: for keys that were made elsewhere."""

    async def decrypt(self, blob: bytes, context: KeyContext) -> bytes:
        """Return the key inside ``blob``.

        Raises:
            TamperedError: The blob is not ours, was altered, or belongs to
                another context; which of them is not told.
            KeyServiceError: The provider does not answer, or refuses us.
        """

    async def reencrypt(self, blob: bytes, context: KeyContext) -> bytes:
        """Return the same key under the newest version of the master key.

        Raises:
            TamperedError, KeyServiceError: As for ``decrypt``.
        """


class KeyProvider(KeyService, Protocol):
    """A key service with its master key: what is opened at a start, and rotated."""

    @property
    def head(self) -> BlobHead:
        """Return the head of the blobs that are made now: provider, key, newest version."""

    async def rotate(self) -> None:
        """Make a new version of the master key, durably, and wrap with it from now on.

        Raises:
            KeyServiceError: There is no new version; everything is as it was.
        """

    async def archive(self) -> int:
        """Put the older versions away, where nothing opens with them; return how many.

        Nothing is destroyed: a restored backup may need them.

        Raises:
            KeyServiceError: Some are where they were.
        """

    async def close(self) -> None:
        """Let go of the provider. Closing twice is harmless."""
