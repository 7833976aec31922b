"""The CBOR of every format: what decodes is what would have been written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuzz import kit
from vodseal.container.cbor import decode, encode

if TYPE_CHECKING:
    from collections.abc import Iterator

CBOR_FROM = 0


def test_one(data: bytes) -> bool:
    def read() -> None:
        assert encode(decode(data)) == data

    return kit.takes(read)


def seeds() -> Iterator[bytes]:
    yield from kit.payloads("license", "license")
    yield from kit.payloads("credential", "revocation-list")
    yield from kit.bodies("credential", "security-file")
    yield from (b"\xa1\x00\x9f\xff", b"\xd8\x1c\x81\xd8\x1d\x00", b"\xc2\x41\x01", b"\xf9\x7c\x00")
    yield from (b"\x5b\x00\x00\x00\x7f\xff\xff\xff\xff", b"\x9b\x00\x00\x00\x00\x7f\xff\xff\xff")
