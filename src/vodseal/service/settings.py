"""The settings of one run of the service: flags over environment over file (design 5).

What an operator may change while the service runs is not here but in
``service_settings``, stored in the database.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Settings", "load_settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this process serves. Every field is a flag, a variable and a line of the file."""

    data: Path
    """The data folder: database, blobs, uploads. VODSEAL_DATA."""
    host: str = "127.0.0.1"
    """The address to listen on. VODSEAL_HOST."""
    port: int = 8800
    """The port to listen on; 0 takes a free one. VODSEAL_PORT."""
    sts_min_seconds: int = 900
    """The shortest life that AssumeRole grants. VODSEAL_STS_MIN_SECONDS."""
    home: Path
    """The user's folder, where master keys lie by default. VODSEAL_HOME."""
    master_key: Path | None = None
    """The master key file, when it is not ``<home>/keys/<folder id>.key``. VODSEAL_MASTER_KEY."""
    key_service: str = "local"
    """Who wraps the keys: ``local``, ``pkcs11:..`` or ``aws-kms:..``. VODSEAL_KEY_SERVICE."""
    public_url: str = ""
    """The URL that clients reach us by, when it is not our own address. VODSEAL_PUBLIC_URL."""
    account_id: str = "1000000000000000"
    """What role and resource names call this account. VODSEAL_ACCOUNT_ID."""
    transcode_workers: int = 1
    """How many videos are transcoded at a time. VODSEAL_TRANSCODE_WORKERS."""
    rate_address: int = 300_000
    """Tokens a minute for one address, see ``limits``; 0 is no limit. VODSEAL_RATE_ADDRESS."""
    rate_user: int = 300_000
    """The same for one caller. VODSEAL_RATE_USER."""
    rate_app: int = 300_000
    """The same for one app. VODSEAL_RATE_APP."""
    rate_device: int = 6_000
    """The same for one device. VODSEAL_RATE_DEVICE."""
    log_level: str = "warning"
    """debug, info (one line a request), warning or error. VODSEAL_LOG_LEVEL."""


_INTEGERS: Final = {
    "port": range(65_536),
    "sts_min_seconds": range(1, 43_201),
    "transcode_workers": range(1, 65),
    "rate_address": range(1_000_000_000),
    "rate_user": range(1_000_000_000),
    "rate_app": range(1_000_000_000),
    "rate_device": range(1_000_000_000),
}
_LEVELS: Final = frozenset({"debug", "info", "warning", "error"})
_PATHS: Final = frozenset({"data", "home", "master_key"})


def load_settings(
    flags: Mapping[str, object], environment: Mapping[str, str], file: Path | None, home: Path
) -> Settings:
    """Return the settings: ``flags`` that are not None win over variables, these over ``file``.

    Raises:
        OperatorError: A file cannot be read, a name is unknown or a value is not
            of its kind.
    """
    values: dict[str, object] = {"data": home / "service", "home": home}
    values |= _from_file(file)
    for name in _names():
        text = environment.get(f"VODSEAL_{name.upper()}")
        if text:
            values[name] = text
    values |= {name: value for name, value in flags.items() if value is not None}
    converted = {name: _convert(name, value) for name, value in values.items()}
    return Settings(**converted)  # type: ignore[arg-type]


def _names() -> list[str]:
    return [item.name for item in fields(Settings)]


def _from_file(file: Path | None) -> dict[str, object]:
    if file is None:
        return {}
    try:
        with file.open("rb") as stream:
            table = tomllib.load(stream).get("service", {})
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise _refuse(f"{file} cannot be read as TOML: {error}") from error
    if not isinstance(table, dict):
        raise _refuse(f"{file}: 'service' is not a table")
    values = {str(name).replace("-", "_"): value for name, value in table.items()}
    unknown = sorted(set(values) - set(_names()))
    if unknown:
        raise _refuse(f"{file}: no such setting: {', '.join(unknown)}")
    return values


def _convert(name: str, value: object) -> object:
    if name in _PATHS:
        return Path(os.fspath(value)).expanduser().absolute()  # type: ignore[call-overload]
    option = name.replace("_", "-")
    if name == "log_level" and value not in _LEVELS:
        raise _refuse(f"{option} may be: {', '.join(sorted(_LEVELS))}")
    if name not in _INTEGERS:
        return value
    allowed = _INTEGERS[name]
    try:
        number = int(str(value))
    except ValueError as error:
        raise _refuse(f"{option} must be a whole number, not {value!r}") from error
    if number not in allowed:
        raise _refuse(f"{option} must be from {allowed[0]} to {allowed[-1]}, not {number}")
    return number


def _refuse(message: str) -> OperatorError:
    return OperatorError(ErrorCode.MISUSE, message, remedy="Correct the setting and run it again.")
