"""Vector files as the tests need them: read once, with our error class for each word of the specs."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from spec.vector import parse

from vodseal.errors import (
    FormatError,
    MalformedError,
    NotSealedError,
    TamperedError,
    TruncatedError,
    UnsupportedVersionError,
    WrongKeyError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

SPEC = Path(__file__).resolve().parents[2] / "spec"
CLASSES: Mapping[str, type[FormatError]] = {
    "not-sealed": NotSealedError,
    "truncated": TruncatedError,
    "unsupported": UnsupportedVersionError,
    "wrong-key": WrongKeyError,
    "tampered": TamperedError,
    "malformed": MalformedError,
}


class Case(NamedTuple):
    name: str
    reader: str
    expect: str
    released: int
    sha256: str
    given: dict[str, str]
    data: bytes

    def octets(self, name: str) -> bytes:
        return bytes.fromhex(self.given[name])

    def several(self, name: str) -> list[bytes]:
        return [bytes.fromhex(each) for each in self.given[name].split(",") if each]

    def check(self, plain: bytes) -> None:
        """What a reader gave out is what the vector allows, to the byte."""
        assert (len(plain), hashlib.sha256(plain).hexdigest()) == (self.released, self.sha256)


def load(path: Path) -> Case:
    given, data = parse(path.read_bytes())
    assert given.pop("vodseal-vector") == "1"
    reader, expect = given.pop("reader"), given.pop("expect")
    released, sha256 = int(given.pop("released")), given.pop("sha256")
    return Case(path.stem, reader, expect, released, sha256, given, data)


def paths(name: str) -> list[Path]:
    return sorted((SPEC / name / "vectors").glob("*.vec"))
