"""How streams are encrypted on their way, by the names that GetPlayInfo uses (wire 5.3)."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["EncryptType"]


class EncryptType(StrEnum):
    """What we make, and what we open. The vendor's own encryption is neither."""

    NONE = ""
    HLS = "HLSEncryption"
    """AES-128, the key at an address: any HLS player with a token (wire 10)."""
    PRIVATE = "VodsealEncryption"
    """AES-128, the key inside licenses alone (SPEC rpc §10)."""
