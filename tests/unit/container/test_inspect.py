from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vodseal.container.inspect import describe
from vodseal.container.source import MemorySource
from vodseal.errors import NotSealedError, TruncatedError

if TYPE_CHECKING:
    from .conftest import Seal


def test_the_license_id_is_told_without_a_key(seal: Seal) -> None:
    data = seal(b"film")
    found = describe(MemorySource(data))
    assert found.header.download_id == b"download-id-0016"
    assert found.header.plaintext_size == 4
    assert found.is_whole


def test_a_cut_file_is_described_as_cut(seal: Seal) -> None:
    assert not describe(MemorySource(seal(b"film")[:-1])).is_whole


def test_another_kind_of_file_is_told(seal: Seal) -> None:
    with pytest.raises(NotSealedError):
        describe(MemorySource(b"\0\0\0\x18ftypmp42" + bytes(5000)))
    with pytest.raises(TruncatedError):
        describe(MemorySource(seal(b"film")[:100]))
