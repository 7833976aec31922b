"""The meta of a sealed file, behind its seal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuzz import kit
from fuzz.targets.container import KEY
from vodseal.container.cobblestone import open_message, seal_message
from vodseal.container.header import Header
from vodseal.container.keys import meta_context, meta_key
from vodseal.container.layout import HEADER_SIZE
from vodseal.container.reader import SealedReader
from vodseal.container.source import MemorySource
from vodseal.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

CBOR_FROM = 0
_FILE = next(data for head, data in kit.vectors("container", "file") if head["expect"] == "ok")
_GOOD = Header.peek(_FILE[:HEADER_SIZE])
_BODY = _FILE[HEADER_SIZE : _GOOD.meta_offset]
_SEAL = meta_key(KEY, _GOOD.file_id), meta_context(_GOOD.file_id)


def test_one(data: bytes) -> bool:
    """A file of a vector, with ``data`` as its meta."""
    if not data:
        return False
    sealed = seal_message(*_SEAL, data)
    header = Header(
        file_id=_GOOD.file_id,
        download_id=_GOOD.download_id,
        plaintext_size=_GOOD.plaintext_size,
        meta_size=len(sealed),
    )
    file = header.encode(KEY) + _BODY + sealed

    def read() -> None:
        reader = SealedReader(MemorySource(file), KEY)
        assert reader.meta is not None
        assert len(reader.readall()) == _GOOD.plaintext_size

    return kit.takes(read)


def seeds() -> Iterator[bytes]:
    for head, data in kit.vectors("container", "file"):
        try:
            header = Header.peek(data[:HEADER_SIZE])
            key = meta_key(bytes.fromhex(head["key"]), header.file_id)
            yield open_message(key, meta_context(header.file_id), data[header.meta_offset :])
        except FormatError:
            continue
