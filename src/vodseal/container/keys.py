"""Every key that comes from a content key (SPEC container §3).

The content key is 32 uniform bytes, so HKDF-Expand alone derives from it; each
label ends with a zero byte and is followed by the id that the key is for, so
that no two uses can meet.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from vodseal.container.layout import KEY_SIZE
from vodseal.errors import MisuseError

__all__ = [
    "ID_SIZE",
    "KCV_SIZE",
    "MAC_SIZE",
    "header_mac",
    "hkdf_expand",
    "job_key",
    "key_check_value",
    "meta_context",
    "meta_key",
    "part_context",
    "part_key",
    "stage_key",
]

ID_SIZE: Final = 16
KCV_SIZE: Final = 16
MAC_SIZE: Final = 32

_KCV: Final = b"vodseal1/kcv\0"
_HEADER: Final = b"vodseal1/hdr\0"
_PART: Final = b"vodseal1/part\0"
_META: Final = b"vodseal1/meta\0"
_STAGE: Final = b"vodseal1/stage\0"
_JOB: Final = b"vodseal1/job\0"


def hkdf_expand(key: bytes, info: bytes, length: int = KEY_SIZE) -> bytes:
    """Return ``length`` bytes of HKDF-Expand-SHA256 (RFC 5869, 2.3) of a uniform key.

    Raises:
        MisuseError: ``key`` is not 32 bytes.
    """
    if len(key) != KEY_SIZE:
        raise MisuseError("a key of 32 bytes is expected")
    return HKDFExpand(algorithm=hashes.SHA256(), length=length, info=info).derive(key)


def key_check_value(content_key: bytes, file_id: bytes) -> bytes:
    """Return the 16 bytes that tell a wrong key from an altered file."""
    return hkdf_expand(content_key, _KCV + file_id, KCV_SIZE)


def header_mac(content_key: bytes, file_id: bytes, covered: bytes) -> bytes:
    """Return the HMAC-SHA256 over the header's first 112 bytes."""
    return hmac.digest(hkdf_expand(content_key, _HEADER + file_id), covered, hashlib.sha256)


def part_key(content_key: bytes, file_id: bytes) -> bytes:
    """Return the key of all parts of a file."""
    return hkdf_expand(content_key, _PART + file_id)


def part_context(file_id: bytes, part: int) -> bytes:
    """Return the context of one part: its file and its number."""
    return _PART + file_id + part.to_bytes(4, "big")


def meta_key(content_key: bytes, file_id: bytes) -> bytes:
    """Return the key of a file's meta."""
    return hkdf_expand(content_key, _META + file_id)


def meta_context(file_id: bytes) -> bytes:
    """Return the context of a file's meta."""
    return _META + file_id


def stage_key(content_key: bytes, download_id: bytes) -> bytes:
    """Return the key under which the pieces of a download are staged."""
    return hkdf_expand(content_key, _STAGE + download_id)


def job_key(content_key: bytes, download_id: bytes) -> bytes:
    """Return the key under which the record of a download is sealed."""
    return hkdf_expand(content_key, _JOB + download_id)
