"""How a downloader uses the network (client-surface 1.7, B43)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from vodseal.errors import MisuseError

__all__ = ["DEFAULT_USER_AGENT", "DownloaderConfig"]

_PIN: Final = r"sha256//[A-Za-z0-9+/]{43}="
_PINS: Final = re.compile(f"{_PIN}(;{_PIN})*", re.ASCII)


def _user_agent() -> str:
    try:
        return f"vodseal/{version('vodseal')}"
    except PackageNotFoundError:  # run from a source tree that is not installed
        return "vodseal"


DEFAULT_USER_AGENT: Final = _user_agent()


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloaderConfig:
    """Timeouts in milliseconds, headers, proxy. Empty texts mean: none.

    ``network_timeout_ms`` is how long an answer may stay away. Only
    ``http_proxy`` makes a proxy: the environment is not asked. It may hold a
    password, so it is not shown.
    """

    network_timeout_ms: int = 15_000
    connect_timeout_ms: int = 5_000
    referer: str = ""
    user_agent: str = DEFAULT_USER_AGENT
    http_proxy: str = field(default="", repr=False)
    pinned_public_key: str = ""
    """Public keys that a server may have, beside a certificate that holds: SHA-256 of
    each, as curl writes it, ``sha256//BASE64``, with ``;`` in between. Service, media
    and key servers are held to the one list, and then only https is spoken."""

    def __post_init__(self) -> None:
        if self.network_timeout_ms <= 0 or self.connect_timeout_ms <= 0:
            raise MisuseError("timeouts are positive, in milliseconds")
        for text in (self.referer, self.user_agent, self.http_proxy):
            if any(character < " " or character == "\x7f" for character in text):
                raise MisuseError("a header or proxy holds a control character")
        if self.pinned_public_key and not _PINS.fullmatch(self.pinned_public_key):
            raise MisuseError("pins are sha256//BASE64 of 32 bytes, with ; in between")
