"""An app's network settings, as the engine takes them (client-surface 1.7, B43)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from vodseal.download.fetch import FetcherConfig

if TYPE_CHECKING:
    from vodseal.download.rate import RateLimit
    from vodseal.sdk.config import DownloaderConfig

__all__ = ["fetcher_config"]

_MOST_CONNECTIONS: Final = 16


def fetcher_config(config: DownloaderConfig, rate: RateLimit | None = None) -> FetcherConfig:
    """Return the settings of ``config`` for media servers, and the cap on their rate."""
    return FetcherConfig(
        connect_timeout=config.connect_timeout_ms / 1000,
        read_timeout=config.network_timeout_ms / 1000,
        referer=config.referer,
        user_agent=config.user_agent,
        proxy=config.http_proxy,
        most_connections=_MOST_CONNECTIONS,
        pinned_public_key=config.pinned_public_key,
        rate=rate,
    )
