"""A sealed file: its bytes as they come, or its header under a MAC that holds again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fuzz import kit
from vodseal.container.header import Header
from vodseal.container.inspect import describe
from vodseal.container.keys import header_mac, key_check_value
from vodseal.container.layout import HEADER_SIZE
from vodseal.container.reader import SealedReader
from vodseal.container.source import MemorySource

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY: Final = bytes.fromhex(next(kit.vectors("container", "file"))[0]["key"])
_MAC_AT, _KCV_AT = 112, 96


def test_one(data: bytes) -> bool:
    """The first byte says which: odd repairs key check value, MAC and padding."""
    if not data:
        return False
    content = data[1:]
    if data[0] & 1:
        return kit.takes(lambda: _header(content))
    source = MemorySource(content)
    kit.takes(lambda: describe(source))
    return kit.takes(lambda: SealedReader(source, KEY).readall())


def _header(content: bytes) -> None:
    fixed = content[:_KCV_AT].ljust(_KCV_AT, b"\0")
    covered = fixed + key_check_value(KEY, fixed[16:32])
    whole = (covered + header_mac(KEY, fixed[16:32], covered)).ljust(HEADER_SIZE, b"\0")
    header = Header.peek(whole)
    assert Header.open(whole, KEY, file_size=header.file_size) == header
    assert header.encode(KEY) == whole


def seeds() -> Iterator[bytes]:
    for _, data in kit.vectors("container", "file"):
        if len(data) < 8 * HEADER_SIZE:
            yield b"\0" + data
        yield b"\1" + data[:_KCV_AT]
