"""Read and write the values of playlist tags (RFC 8216 section 4.2).

``NAME=value,NAME="quoted value"``: no spaces, no name twice. Numbers have the
one form that the RFC gives them, so that ``nan``, ``1e9`` and ``+1`` are refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from vodseal.errors import PlaylistError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "MAX_INTEGER",
    "Attributes",
    "parse_attributes",
    "parse_float",
    "parse_integer",
    "quoted",
]

MAX_INTEGER: Final = (1 << 63) - 1
"""More than the RFC allows would be 2^64-1; sizes and offsets end here."""

_ATTRIBUTE: Final = re.compile(r'([A-Z0-9-]{1,64})=("[^"\r\n]*"|[^",\s]+)(?:,(?!$)|$)', re.ASCII)
_INTEGER: Final = re.compile(r"[0-9]{1,19}", re.ASCII)
_FLOAT: Final = re.compile(r"[0-9]{1,19}(\.[0-9]{0,32})?", re.ASCII)
_HEX: Final = re.compile(r"0[xX]([0-9A-Fa-f]{1,32})", re.ASCII)
_UNQUOTABLE: Final = re.compile(r'["\x00-\x1f\x7f]')


def parse_integer(text: str) -> int:
    """Return a decimal integer, 0 to 2^63-1."""
    if _INTEGER.fullmatch(text) is None or int(text) > MAX_INTEGER:
        raise PlaylistError(f"{text[:32]!r} is not a decimal integer")
    return int(text)


def parse_float(text: str) -> float:
    """Return a decimal number that is not negative."""
    if _FLOAT.fullmatch(text) is None:
        raise PlaylistError(f"{text[:32]!r} is not a decimal number")
    return float(text)


def quoted(text: str) -> str:
    """Return ``text`` as a quoted string.

    Raises:
        PlaylistError: It holds a quote or a control character: there is no escape.
    """
    if _UNQUOTABLE.search(text):
        raise PlaylistError("a quoted string cannot hold a quote or a control character")
    return f'"{text}"'


class Attributes:
    """The attributes of one tag. Values are told apart by their quotes."""

    def __init__(self, tag: str, values: Mapping[str, str]) -> None:
        """``tag`` is for messages."""
        self._tag = tag
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def word(self, name: str, default: str | None = None) -> str:
        """Return an enumerated string or a bare number, as text."""
        value = self._get(name, default)
        if value.startswith('"'):
            raise PlaylistError(f"{name} of {self._tag} must not be quoted")
        return value

    def text(self, name: str, default: str | None = None) -> str:
        """Return a quoted string, without its quotes."""
        value = self._get(name, None if default is None else f'"{default}"')
        if not value.startswith('"'):
            raise PlaylistError(f"{name} of {self._tag} must be quoted")
        return value[1:-1]

    def integer(self, name: str, default: int | None = None) -> int:
        """Return a decimal integer."""
        return parse_integer(self.word(name, None if default is None else str(default)))

    def hex_bytes(self, name: str, size: int) -> bytes:
        """Return a hexadecimal sequence as ``size`` bytes, big endian."""
        match = _HEX.fullmatch(self.word(name))
        if match is None or len(match[1]) > 2 * size:
            raise PlaylistError(f"{name} of {self._tag} is not a {8 * size}-bit hex number")
        return bytes.fromhex(match[1].rjust(2 * size, "0"))

    def _get(self, name: str, default: str | None) -> str:
        value = self._values.get(name, default)
        if value is None:
            raise PlaylistError(f"{self._tag} lacks {name}")
        return value


def parse_attributes(tag: str, text: str) -> Attributes:
    """Return the attributes of ``tag``.

    Raises:
        PlaylistError: Not an attribute list, or a name occurs twice.
    """
    values: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = _ATTRIBUTE.match(text, position)
        if match is None:
            raise PlaylistError(f"{tag} holds no attribute list")
        name, value = match.groups()
        if name in values:
            raise PlaylistError(f"{tag} holds {name} twice")
        values[name] = value
        position = match.end()
    return Attributes(tag, values)
