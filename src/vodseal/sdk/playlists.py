"""The playlist of a stream, and the app's word about every media URL in it (B44)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, PlaylistError
from vodseal.media.playlist import MAX_PLAYLIST_SIZE, parse_media

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.media.playlist import MediaPlaylist

__all__ = ["PLAYLIST", "MediaAddresses", "SmallFetcher", "UrlConverter", "not_a_playlist"]

_log = logging.getLogger(__name__)

UrlConverter: TypeAlias = "Callable[[str, str], str | None]"
"""Gets a media URL and its format ("m3u8", "mp4", or "" when unknown); returns the
URL to use in its place, or None for the URL as it is (B44)."""

PLAYLIST: Final = "m3u8"
"""The format of a stream that has a playlist."""


class SmallFetcher(Protocol):
    """Who fetches playlists and keys."""

    def get(self, url: str, *, limit: int) -> bytes:
        """Return the body, of at most ``limit`` bytes.

        Raises:
            DownloadError: ``URL_CANNOT_REACH`` or ``NET_ERROR``.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaAddresses:
    """Media URLs, as the app wants them, and the playlists behind them."""

    fetcher: SmallFetcher
    convert: UrlConverter | None = field(repr=False)

    def playlist(self, url: str) -> MediaPlaylist:
        """Return the media playlist at ``url``.

        Raises:
            DownloadError: ``URL_CANNOT_REACH``, ``NET_ERROR``, or
                ``NOT_SUPPORT_FORMAT`` for what is no media playlist.
        """
        convert = self.converter(PLAYLIST)
        text = self.fetcher.get(convert(url) if convert else url, limit=MAX_PLAYLIST_SIZE)
        try:
            return parse_media(text, url)
        except PlaylistError as error:
            raise not_a_playlist(error) from error

    def converter(self, hint: str) -> Callable[[str], str] | None:
        """Return what makes the URL to fetch of a URL with the format ``hint``."""
        convert = self.convert
        if convert is None:
            return None

        def converted(url: str) -> str:
            try:
                return convert(url, hint) or url
            except Exception as error:  # noqa: BLE001 - the converter is the app's
                kind = type(error).__name__  # its text may hold the signed URL
                _log.error("A URL converter raised %s; the URL is used as it is", kind)
                return url

        return converted


def not_a_playlist(error: PlaylistError) -> DownloadError:
    """Return the error of a playlist that cannot be taken."""
    return DownloadError(ErrorCode.NOT_SUPPORT_FORMAT, f"The stream's playlist: {error.message}")
