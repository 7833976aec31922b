"""The key service of one machine: a master key in a file (security 4, "Local").

A blob is ``u8 provider | 8 master key id | u32 version | Cobblestone-256
message``. The message's key is ``HKDF-Expand-SHA256(master key of that version,
"vodseal1/kms" 00 || context)`` and its context repeats the head of the blob, so
that a blob opens only as what it was made for. Old versions open what they
wrapped; new blobs are made with the newest one.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Final

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from vodseal.errors import TamperedError
from vodseal.service.kms.protocol import DataKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.service.kms.master_key import MasterKey
    from vodseal.service.kms.protocol import KeyContext

__all__ = ["LocalKeyService"]

_PROVIDER: Final = 1
_HEAD: Final = struct.Struct(">B8sI")
_LABEL: Final = b"vodseal1/kms\0"


class LocalKeyService:
    """A ``KeyService`` over a master key in memory."""

    def __init__(self, master: MasterKey, random: Callable[[int], bytes]) -> None:
        self._master = master
        self._random = random

    async def generate_data_key(self, context: KeyContext, size: int) -> DataKey:
        """Return a fresh key of ``size`` bytes, bound to ``context``."""
        plain = self._random(size)
        return DataKey(plain=plain, blob=await self.encrypt(plain, context))

    async def encrypt(self, plain: bytes, context: KeyContext) -> bytes:
        """Return ``plain`` wrapped under the newest version of the master key."""
        version = self._master.current
        head = _HEAD.pack(_PROVIDER, self._master.id, version)
        sealer = Cobblestone256Encryptor(self._wrapping_key(version, context), _LABEL + head)
        return head + sealer.update(plain) + sealer.finalize()

    async def decrypt(self, blob: bytes, context: KeyContext) -> bytes:
        """Return the key inside ``blob``.

        Raises:
            TamperedError: Another context, another master key, or altered.
        """
        head = blob[: _HEAD.size]
        try:
            provider, master_id, version = _HEAD.unpack(head)
            if (provider, master_id) != (_PROVIDER, self._master.id):
                raise TamperedError("the wrapped key belongs to another master key")
            opener = Cobblestone256Decryptor(self._wrapping_key(version, context), _LABEL + head)
            return opener.update(blob[_HEAD.size :]) + opener.finalize()
        except (struct.error, InvalidTag, ValueError) as error:
            raise TamperedError("the wrapped key does not open") from error

    async def reencrypt(self, blob: bytes, context: KeyContext) -> bytes:
        """Return the same key, wrapped under the newest version.

        Raises:
            TamperedError: As for ``decrypt``.
        """
        return await self.encrypt(await self.decrypt(blob, context), context)

    def _wrapping_key(self, version: int, context: KeyContext) -> bytes:
        master = self._master.versions.get(version)
        if master is None:
            raise TamperedError("the wrapped key needs a version of the master key that is gone")
        text = json.dumps(dict(context), sort_keys=True, separators=(",", ":"))
        return HKDFExpand(SHA256(), 32, _LABEL + text.encode()).derive(master)
