"""Read the parameters of a request, strictly: what is wrong is named (wire 4)."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Final

from vodseal.errors import RpcError
from vodseal.rpc.codec import decode_json

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Parameters"]

_TRUE: Final = frozenset({"true", "1"})
_FALSE: Final = frozenset({"false", "0"})
_INTEGER: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Parameters:
    """The parameters of one request. An empty one counts as absent."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, name: str, *, default: str = "", max_length: int = 8192) -> str:
        """Return a text.

        Raises:
            RpcError: ``LengthExceededMax``, ``IllegalCharacters``.
        """
        value = self._values.get(name) or default
        if len(value) > max_length:
            raise RpcError("LengthExceededMax", f"{name} exceeds {max_length} characters.")
        if _CONTROL.search(value):
            raise RpcError("IllegalCharacters", f"{name} contains illegal characters.")
        return value

    def required(self, name: str, *, max_length: int = 8192) -> str:
        """Return a text that must be there.

        Raises:
            RpcError: ``Missing{name}``, or as ``text``.
        """
        value = self.text(name, max_length=max_length)
        if not value.strip():
            raise RpcError(f"Missing{name}")
        return value

    def integer(self, name: str, *, default: int, least: int, most: int) -> int:
        """Return a whole number between two bounds.

        Raises:
            RpcError: ``InvalidParameter.{name}``.
        """
        text = self._values.get(name) or ""
        if not text:
            return default
        if _INTEGER.fullmatch(text) is None or not least <= int(text) <= most:
            message = f"The specified parameter {name} must be from {least} to {most}."
            raise RpcError(f"InvalidParameter.{name}", message)
        return int(text)

    def boolean(self, name: str, *, default: bool) -> bool:
        """Return a truth value, in any of the spellings that clients send.

        Raises:
            RpcError: ``InvalidParameter.{name}``.
        """
        text = (self._values.get(name) or str(default)).lower()
        if text not in _TRUE | _FALSE:
            raise RpcError(f"InvalidParameter.{name}")
        return text in _TRUE

    def choice(self, name: str, choices: frozenset[str], *, default: str) -> str:
        """Return one of ``choices``.

        Raises:
            RpcError: ``InvalidParameter.{name}``.
        """
        value = self._values.get(name) or default
        if value not in choices:
            raise RpcError(f"InvalidParameter.{name}")
        return value

    def names(self, name: str) -> list[str]:
        """Return the parts of a comma list, without blanks and empty ones."""
        parts = (part.strip() for part in self.text(name).split(","))
        return [part for part in parts if part]

    def json_object(self, name: str) -> dict[str, object]:
        """Return a JSON object, an empty one when the parameter is absent.

        Raises:
            RpcError: ``InvalidParameter.{name}``.
        """
        try:
            return decode_json(self._values.get(name) or "{}")
        except ValueError:
            raise RpcError(f"InvalidParameter.{name}") from None

    def octets(self, name: str, size: int) -> bytes:
        """Return ``size`` bytes from standard base64.

        Raises:
            RpcError: ``Missing{name}``, ``InvalidParameter.{name}``.
        """
        try:
            data = base64.b64decode(self.required(name), validate=True)
        except (ValueError, binascii.Error):
            data = b""
        if len(data) != size:
            raise RpcError(f"InvalidParameter.{name}")
        return data

    def hexadecimal(self, name: str, size: int) -> str:
        """Return ``size`` bytes as lower-case hexadecimal digits.

        Raises:
            RpcError: ``Missing{name}``, ``InvalidParameter.{name}``.
        """
        text = self.required(name).lower()
        if re.fullmatch(rf"[0-9a-f]{{{size * 2}}}", text) is None:
            raise RpcError(f"InvalidParameter.{name}")
        return text
