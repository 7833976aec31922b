"""A security file, behind the signature of the key that it brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuzz import kit
from vodseal.container.cbor import decode, encode
from vodseal.credential.envelope import EnvelopeType
from vodseal.credential.security_file import SecurityFile
from vodseal.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

CBOR_FROM = 0


def test_one(data: bytes) -> bool:
    file = kit.anchored(EnvelopeType.SECURITY_FILE, data)

    def read() -> None:
        parsed = SecurityFile.parse(file)
        kit.takes(lambda: parsed.check_validity(1_800_000_000))
        for kind in EnvelopeType:
            parsed.trust.for_type(kind)
        if not parsed.opening.needs_private_string:  # what Argon2id costs is bounded, and large
            kit.takes(lambda: parsed.open(parsed.identity, None))

    return kit.takes(read)


def seeds() -> Iterator[bytes]:
    """Those of the vectors, signed by our key in the place of theirs."""
    for body in kit.bodies("credential", "security-file"):
        try:
            value = decode(body)
        except FormatError:
            yield body
            continue
        if isinstance(value, dict) and isinstance(trusted := value.get(11), dict):
            trusted[int(EnvelopeType.SECURITY_FILE)] = list(kit.TRUSTED)
        yield encode(value)
