"""The key service of one machine: a master key in a file (SPEC keys §1.4).

A blob is its head and a Cobblestone-256 message. The message's key is
``HKDF-Expand-SHA256(master key of that version, "vodseal1/kms" 00 || context)``
and its context repeats the head of the blob, so that a blob opens only as what
it was made for. Old versions open what they wrapped; new blobs are made with
the newest one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from vodseal.errors import KeyServiceError, OperatorError, TamperedError
from vodseal.service.kms.blob import BlobHead, ProviderId, context_text, split_blob
from vodseal.service.kms.master_key import add_version, archive_versions
from vodseal.service.kms.protocol import DataKey

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vodseal.service.kms.master_key import MasterKey
    from vodseal.service.kms.protocol import KeyContext

__all__ = ["LocalKeyService"]

_LABEL: Final = b"vodseal1/kms\0"


class LocalKeyService:
    """A ``KeyProvider`` over a master key in memory, whose file is at ``path``."""

    def __init__(self, path: Path, master: MasterKey, random: Callable[[int], bytes]) -> None:
        self._path = path
        self._master = master
        self._random = random

    @property
    def head(self) -> BlobHead:
        """Return the head of the blobs that are made now."""
        return self._head(self._master.current)

    async def generate_data_key(self, context: KeyContext, size: int) -> DataKey:
        """Return a fresh key of ``size`` bytes, bound to ``context``."""
        plain = self._random(size)
        return DataKey(plain=plain, blob=await self.encrypt(plain, context))

    async def encrypt(self, plain: bytes, context: KeyContext) -> bytes:
        """Return ``plain`` wrapped under the newest version of the master key."""
        version = self._master.current
        head = self._head(version).encode()
        sealer = Cobblestone256Encryptor(self._wrapping_key(version, context), _LABEL + head)
        return head + sealer.update(plain) + sealer.finalize()

    async def decrypt(self, blob: bytes, context: KeyContext) -> bytes:
        """Return the key inside ``blob``.

        Raises:
            TamperedError: Another context, another master key, or altered.
        """
        head, sealed = split_blob(blob, ProviderId.LOCAL, self._master.id)
        opener = Cobblestone256Decryptor(
            self._wrapping_key(head.version, context), _LABEL + head.encode()
        )
        try:
            return opener.update(sealed) + opener.finalize()
        except (InvalidTag, ValueError) as error:
            raise TamperedError("the wrapped key does not open") from error

    async def reencrypt(self, blob: bytes, context: KeyContext) -> bytes:
        """Return the same key, wrapped under the newest version.

        Raises:
            TamperedError: As for ``decrypt``.
        """
        return await self.encrypt(await self.decrypt(blob, context), context)

    async def rotate(self) -> None:
        """Write a new version into the master key file, and wrap with it from now on.

        Raises:
            KeyServiceError: The file cannot be written.
        """
        try:
            self._master = await asyncio.to_thread(
                add_version, self._path, self._master, self._random
            )
        except OperatorError as error:
            raise KeyServiceError(error.message) from error

    async def archive(self) -> int:
        """Move the older versions into the file ``.archive`` beside the master key file.

        Raises:
            KeyServiceError: A file cannot be written.
        """
        before = len(self._master.versions)
        try:
            self._master = await asyncio.to_thread(archive_versions, self._path, self._master)
        except OperatorError as error:
            raise KeyServiceError(error.message) from error
        return before - len(self._master.versions)

    async def close(self) -> None:
        """Do nothing: the key is in memory alone."""

    def _head(self, version: int) -> BlobHead:
        return BlobHead(provider=ProviderId.LOCAL, key_id=self._master.id, version=version)

    def _wrapping_key(self, version: int, context: KeyContext) -> bytes:
        master = self._master.versions.get(version)
        if master is None:
            raise TamperedError("the wrapped key needs a version of the master key that is gone")
        return HKDFExpand(SHA256(), 32, _LABEL + context_text(context)).derive(master)
