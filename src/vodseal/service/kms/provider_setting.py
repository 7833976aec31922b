"""The setting ``key-service``: which provider wraps the keys (docs/reference/settings.md).

``local``; ``pkcs11:token=NAME;object=LABEL?module-path=FILE&pin-source=FILE``, as
RFC 7512 spells it; ``aws-kms:KEY?endpoint=URL``, KEY an id, an ARN or an alias.
A PIN is never part of it: options of a command are there for everybody to see.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from vodseal.errors import KeyServiceError, MisuseError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["AwsSetting", "LocalSetting", "Pkcs11Setting", "ProviderSetting", "parse_key_service"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSetting:
    """A master key file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pkcs11Setting:
    """A token, and how to log into it."""

    module: Path
    token: str
    pin_source: Path
    label: str = ""
    """The master key's object label; empty for one named after the data folder."""

    def read_pin(self) -> str:
        """Return the PIN.

        Raises:
            KeyServiceError: The file cannot be read.
        """
        try:
            return self.pin_source.read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise KeyServiceError(f"the PIN file {self.pin_source} cannot be read") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsSetting:
    """A key of AWS KMS."""

    key: str
    endpoint: str | None = None


ProviderSetting = LocalSetting | Pkcs11Setting | AwsSetting


def parse_key_service(text: str) -> ProviderSetting:
    """Return what the setting names.

    Raises:
        MisuseError: It is not one of the three forms.
    """
    scheme, _, rest = text.partition(":")
    path, _, query = rest.partition("?")
    if text == "local":
        return LocalSetting()
    if scheme == "pkcs11":
        found = _members(path, ";", ("token", "object"))
        found |= _members(query, "&", ("module-path", "pin-source"))
        if {"token", "module-path", "pin-source"} <= set(found):
            return Pkcs11Setting(
                module=Path(found["module-path"]),
                token=found["token"],
                pin_source=Path(found["pin-source"].removeprefix("file://").removeprefix("file:")),
                label=found.get("object", ""),
            )
        raise _refuse("pkcs11 needs token, module-path and pin-source")
    if scheme == "aws-kms" and path:
        return AwsSetting(key=path, endpoint=_members(query, "&", ("endpoint",)).get("endpoint"))
    raise _refuse("key-service is local, pkcs11:... or aws-kms:...")


def _members(text: str, separator: str, known: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for member in filter(None, text.split(separator)):
        name, _, value = member.partition("=")
        if name not in known:
            raise _refuse(f"key-service takes {', '.join(known)} here, not {name!r}")
        found[name] = unquote(value)
    return found


def _refuse(message: str) -> MisuseError:
    return MisuseError(message, remedy="See docs/reference/settings.md, key-service.")
