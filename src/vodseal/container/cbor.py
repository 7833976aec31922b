"""Deterministic CBOR, and nothing beside it (SPEC container §6.1).

One value has one encoding, and only that one is read: whatever decodes is
encoded again and compared, which refuses trailing bytes, long integers,
indefinite lengths, duplicate keys and any other order of keys. Maps have
integer keys from 0 to 23 (one byte each, so that every ordering rule agrees);
values are integers, bytes, text, booleans, lists and maps. Floats and null are
refused although they would survive re-encoding. A tag is refused before what it
stands for is built: a few hundred bytes of references can mean more values than
anybody has the time to look at.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn, TypeAlias

import cbor2

from vodseal.errors import MalformedError, MisuseError, UnsupportedVersionError

__all__ = ["CborMap", "CborValue", "Fields", "decode", "decode_map", "encode"]

CborValue: TypeAlias = "int | bytes | str | bool | list[CborValue] | dict[int, CborValue]"
CborMap: TypeAlias = dict[int, CborValue]

_MAX_KEY: Final = 23
_MAX_INTEGER: Final = (1 << 64) - 1
_MAX_DEPTH: Final = 8


class _NoTags(dict[int, Any]):
    """A decoder for every semantic tag, which refuses it."""

    def __missing__(self, tag: int) -> Any:
        return _refuse_tag


def _refuse_tag(*_: object) -> NoReturn:
    raise MalformedError  # cbor2 puts its own words in front


_NO_TAGS: Final = _NoTags()


def encode(value: CborValue) -> bytes:
    """Return the one encoding of ``value``.

    Raises:
        MisuseError: ``value`` holds something that the format does not know.
    """
    try:
        _check(value, 0)
    except MalformedError as error:
        raise MisuseError(error.message) from None
    return cbor2.dumps(value, canonical=True)


def decode(data: bytes) -> CborValue:
    """Return the value that ``data`` encodes.

    Raises:
        MalformedError: ``data`` is not the one encoding of a value we know.
    """
    try:
        value = cbor2.loads(
            data,
            max_depth=_MAX_DEPTH,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            semantic_decoders=_NO_TAGS,
        )
    except (cbor2.CBORDecodeError, ValueError, TypeError, RecursionError, OverflowError) as error:
        raise MalformedError("not CBOR, or not of the kind that we write") from error
    _check(value, 0)
    if cbor2.dumps(value, canonical=True) != data:
        raise MalformedError("CBOR in another than its one encoding")
    checked: CborValue = value
    return checked


def decode_map(data: bytes) -> Fields:
    """Return the fields of the map that ``data`` encodes.

    Raises:
        MalformedError: ``data`` is not the one encoding of a map.
    """
    value = decode(data)
    if not isinstance(value, dict):
        raise MalformedError("a map is expected at the top")
    return Fields(value)


class Fields:
    """The fields of a decoded map, each taken once, with its type and bounds.

    ``finish`` at the end refuses a map with a field that nobody asked for: an
    unknown field is a later version, not a thing to pass over.
    """

    def __init__(self, values: CborMap) -> None:
        """Take a map that ``decode`` returned."""
        self._rest = dict(values)

    def version(self, known: int) -> None:
        """Check the version of the map, which is its field 0.

        Raises:
            MalformedError: It has none.
            UnsupportedVersionError: It is not ``known``.
        """
        if self.integer(0) != known:
            raise UnsupportedVersionError

    def integer(self, key: int, *, least: int = 0, most: int = _MAX_INTEGER) -> int:
        """Return the integer of ``key`` within its bounds."""
        value = self._take(key)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise MalformedError(f"field {key} is not an integer from {least} to {most}")
        return value

    def boolean(self, key: int) -> bool:
        """Return the boolean of ``key``."""
        value = self._take(key)
        if not isinstance(value, bool):
            raise MalformedError(f"field {key} is not a boolean")
        return value

    def octets(self, key: int, *, size: int | None = None, most: int = 1 << 26) -> bytes:
        """Return the bytes of ``key``: exactly ``size``, or at most ``most``."""
        value = self._take(key)
        if not isinstance(value, bytes) or len(value) > most or size not in {None, len(value)}:
            raise MalformedError(f"field {key} is not bytes of its size")
        return value

    def text(self, key: int, *, most: int = 4096) -> str:
        """Return the text of ``key``, of at most ``most`` characters."""
        value = self._take(key)
        if not isinstance(value, str) or len(value) > most:
            raise MalformedError(f"field {key} is not text of its size")
        return value

    def items(self, key: int, *, most: int = 1 << 16) -> list[CborValue]:
        """Return the list of ``key``, of at most ``most`` items."""
        value = self._take(key)
        if not isinstance(value, list) or len(value) > most:
            raise MalformedError(f"field {key} is not a list of its size")
        return value

    def map(self, key: int) -> Fields:
        """Return the map of ``key``; finish it too."""
        return Fields(as_map(self._take(key)))

    def remaining(self) -> list[int]:
        """Return the keys that were not taken yet, in order."""
        return sorted(self._rest)

    def has(self, key: int) -> bool:
        """Return whether ``key`` is there and was not taken yet."""
        return key in self._rest

    def finish(self) -> None:
        """Check that every field was taken.

        Raises:
            MalformedError: One was not.
        """
        if self._rest:
            raise MalformedError(f"unknown fields {self.remaining()}")

    def _take(self, key: int) -> CborValue:
        if key not in self._rest:
            raise MalformedError(f"field {key} is missing")
        return self._rest.pop(key)


def as_map(value: CborValue) -> CborMap:
    """Return ``value``, which has to be a map.

    Raises:
        MalformedError: It is not.
    """
    if not isinstance(value, dict):
        raise MalformedError("a map is expected")
    return value


def _check(value: object, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise MalformedError("nested too deeply")
    if isinstance(value, int):  # A boolean is one too.
        if not -_MAX_INTEGER - 1 <= value <= _MAX_INTEGER:
            raise MalformedError("an integer does not fit eight bytes")
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            if type(key) is not int or not 0 <= key <= _MAX_KEY:
                raise MalformedError("a map key is not an integer from 0 to 23")
            _check(item, depth + 1)
    elif not isinstance(value, (bytes, str)):
        raise MalformedError(f"a {type(value).__name__} is not allowed")
