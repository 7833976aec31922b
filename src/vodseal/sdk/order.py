"""What an app asked for when it called start()."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vodseal.clock import Clock
    from vodseal.download.rate import RateLimit
    from vodseal.sdk.config import DownloaderConfig
    from vodseal.sdk.credentials import LiveSource
    from vodseal.sdk.playlists import UrlConverter
    from vodseal.vault.key_service import KeyService

__all__ = ["Order", "required_source"]

S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The source, the place, the track, and what the app set beside them."""

    live: LiveSource | None
    """The source, which the app may replace while it runs."""

    save_dir: str | None
    index: int | None
    config: DownloaderConfig
    convert: UrlConverter | None
    rate: RateLimit
    """How fast media may come in."""

    keys: KeyService | None
    """The process's key service, when a security file is loaded."""

    home: Path
    clock: Clock
    random: Callable[[int], bytes] = field(repr=False)


def required_source(source: S | None) -> S:
    """Return the source.

    Raises:
        DownloadError: ``STS_SOURCE_NULL``: there is none (B4).
    """
    if source is None:
        raise DownloadError(ErrorCode.STS_SOURCE_NULL, "No source was given")
    return source
