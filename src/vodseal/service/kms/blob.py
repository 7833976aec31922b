"""The head of a wrapped key: which provider, key and version can open it (SPEC keys §1).

``u8 provider | 8 key id | u32 version``, then what the provider itself made.
Rows are found by the head's 13 bytes, so it is never parsed out of a database.
"""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from vodseal.errors import TamperedError

if TYPE_CHECKING:
    from vodseal.service.kms.protocol import KeyContext

__all__ = [
    "HEAD_SIZE",
    "KEY_ID_SIZE",
    "BlobHead",
    "ProviderId",
    "context_text",
    "key_handle",
    "split_blob",
]

KEY_ID_SIZE: Final = 8
_HEAD: Final = struct.Struct(">B8sI")
HEAD_SIZE: Final = _HEAD.size


class ProviderId(IntEnum):
    """Who wraps. The values are stored: never renamed, never reused."""

    LOCAL = 1
    PKCS11 = 2
    AWS_KMS = 3

    @property
    def label(self) -> str:
        """Return the name that settings and operators use."""
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobHead:
    """Who can open a blob."""

    provider: ProviderId
    key_id: bytes
    version: int

    def encode(self) -> bytes:
        """Return the 13 bytes that a blob begins with."""
        return _HEAD.pack(self.provider, self.key_id, self.version)

    @property
    def name(self) -> str:
        """Return it for people, such as ``local/0011223344556677/2``."""
        return f"{self.provider.label}/{self.key_id.hex()}/{self.version}"


def split_blob(blob: bytes, provider: ProviderId, key_id: bytes) -> tuple[BlobHead, bytes]:
    """Return the head of a blob of this provider and key, and what follows it.

    Raises:
        TamperedError: It is too short, or another provider's or key's.
    """
    try:
        found, found_id, version = _HEAD.unpack(blob[:HEAD_SIZE])
    except struct.error as error:
        raise TamperedError("the wrapped key does not open") from error
    if (found, found_id) != (provider, key_id):
        raise TamperedError("the wrapped key belongs to another master key")
    return BlobHead(provider=provider, key_id=key_id, version=version), blob[HEAD_SIZE:]


def key_handle(blob: bytes) -> bytes:
    """Return what a key URI's EDK is looked up by: SHA-256 of it.

    The EDK stays in playlists, and with clients, when a rotation has replaced
    the wrapped key: it names the key then, and opens nothing any more.
    """
    return hashlib.sha256(blob).digest()


def context_text(context: KeyContext) -> bytes:
    """Return the one text of a context: JSON, sorted, without blanks."""
    return json.dumps(dict(context), sort_keys=True, separators=(",", ":")).encode()
