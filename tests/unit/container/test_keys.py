from __future__ import annotations

import hashlib
import hmac

import pytest

from vodseal.container import keys
from vodseal.errors import MisuseError

CK, ID = bytes(range(32)), b"0123456789abcdef"


def expand(info: bytes, length: int) -> bytes:
    """HKDF-Expand of RFC 5869, 2.3, for at most one block."""
    return hmac.digest(CK, info + b"\1", hashlib.sha256)[:length]


def test_every_key_is_the_specification_s() -> None:
    assert keys.key_check_value(CK, ID) == expand(b"vodseal1/kcv\0" + ID, 16)
    assert keys.part_key(CK, ID) == expand(b"vodseal1/part\0" + ID, 32)
    assert keys.meta_key(CK, ID) == expand(b"vodseal1/meta\0" + ID, 32)
    assert keys.stage_key(CK, ID) == expand(b"vodseal1/stage\0" + ID, 32)
    assert keys.job_key(CK, ID) == expand(b"vodseal1/job\0" + ID, 32)
    mac_key = expand(b"vodseal1/hdr\0" + ID, 32)
    assert keys.header_mac(CK, ID, b"covered") == hmac.digest(mac_key, b"covered", hashlib.sha256)


def test_contexts_name_file_and_place() -> None:
    assert keys.part_context(ID, 258) == b"vodseal1/part\0" + ID + b"\0\0\1\2"
    assert keys.meta_context(ID) == b"vodseal1/meta\0" + ID


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(MisuseError):
        keys.hkdf_expand(bytes(size), b"info")
