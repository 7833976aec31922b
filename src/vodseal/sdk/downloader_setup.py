"""What an app tells a downloader before it begins (client-surface 1.2, A2, A3, A6, A15, A17).

Setting takes effect with the next prepare or start; listeners at once.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vodseal.download.rate import RateLimit
from vodseal.errors import MisuseError
from vodseal.sdk.config import DownloaderConfig
from vodseal.sdk.credentials import LiveSource
from vodseal.sdk.listeners import Event, Listeners
from vodseal.sdk.sources import VidAuth, VidSts

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.media.tracks import MediaInfo
    from vodseal.sdk.credentials import CredentialProvider
    from vodseal.sdk.error_info import ErrorInfo
    from vodseal.sdk.playlists import UrlConverter
    from vodseal.sdk.sources import Source

__all__ = ["DownloaderSetup"]


_process_converter: Final[list[UrlConverter]] = []
"""The process's converter, or nothing."""


class DownloaderSetup:
    """The settings of one downloader, and the URL converter of the process."""

    def __init__(self) -> None:
        """Begin without save dir, source, track and listeners."""
        self._lock = threading.Lock()
        self._listeners = Listeners()
        self._config = DownloaderConfig()
        self._converter: UrlConverter | None = None
        self._provider: CredentialProvider | None = None
        self._rate_limit = RateLimit()
        self._save_dir: str | None = None
        self._source: Source | None = None
        self._live: LiveSource | None = None
        self._index: int | None = None

    def set_save_dir(self, save_dir: str | os.PathLike[str]) -> None:
        """Choose the folder of the file; it is created when it is missing (B13).

        A relative path is taken from where the process is now.
        """
        text = os.fspath(save_dir)
        self._save_dir = str(Path(text).absolute()) if text else None

    def set_on_prepared_listener(self, listener: Callable[[MediaInfo], object] | None) -> None:
        """Have ``listener`` called with the tracks, once for each prepare."""
        self._listeners.set_function(Event.PREPARED, listener)

    def set_on_progress_listener(
        self,
        downloading: Callable[[int], object] | None,
        processing: Callable[[int], object] | None = None,
    ) -> None:
        """Have both called with percent: of the download, then of the processing (B29)."""
        self._listeners.set_function(Event.DOWNLOADING, downloading)
        self._listeners.set_function(Event.PROCESSING, processing)

    def set_on_completion_listener(self, listener: Callable[[], object] | None) -> None:
        """Have ``listener`` called when the file is finished."""
        self._listeners.set_function(Event.COMPLETION, listener)

    def set_on_error_listener(self, listener: Callable[[ErrorInfo], object] | None) -> None:
        """Have ``listener`` called when a prepare or a download fails."""
        self._listeners.set_function(Event.ERROR, listener)

    def set_delegate(self, delegate: object | None) -> None:
        """Have the methods of ``delegate`` called; all of them are optional.

        They are ``on_prepared(downloader, media_info)``,
        ``on_downloading_progress(downloader, percent)``,
        ``on_processing_progress(downloader, percent)``,
        ``on_completion(downloader)`` and ``on_error(downloader, error_info)``.
        """
        self._listeners.set_delegate(delegate)

    def set_downloader_config(self, config: DownloaderConfig) -> None:
        """Choose timeouts, headers and proxy (B43)."""
        self._config = config

    def get_downloader_config(self) -> DownloaderConfig:
        """Return the network settings."""
        return self._config

    @property
    def rate_limit(self) -> RateLimit:
        """The cap on this downloader's bytes per second; it can be changed at any time."""
        return self._rate_limit

    def set_credential_provider(self, provider: CredentialProvider | None) -> None:
        """Have ``provider`` asked for a fresh source when a run needs one (B51).

        That is when it starts, ahead of the end of its credential, and when the
        credential is refused. The source that ``start`` begins with needs only its
        vid then. It is called on a thread of its own; a stop does not wait for it.
        """
        self._provider = provider

    def set_play_url_convert_callback(self, converter: UrlConverter | None) -> None:
        """Have ``converter`` see every media URL of this downloader (B44).

        It gets the URL and its format, "m3u8", "mp4" or "" when unknown, and
        returns the URL to fetch, or None to fetch it as it is. It is called on
        the run's thread.
        """
        self._converter = converter

    @staticmethod
    def set_convert_url_callback(converter: UrlConverter | None) -> None:
        """Have ``converter`` see the media URLs of downloaders that have none of their own."""
        _process_converter[:] = [] if converter is None else [converter]

    def _url_converter(self) -> UrlConverter | None:
        """Return the downloader's converter, else the process's."""
        return self._converter or next(iter(_process_converter), None)

    def select_item(self, index: int) -> None:
        """Choose the track by its index, which is not its position in the list."""
        self._index = index

    def update_source(self, source: Source) -> None:
        """Replace the source (B10).

        A run that is under way goes on with it: what is still to be fetched is
        fetched by its URLs, and nothing again. Without a run nothing is asked for
        before ``start``. A source of another video waits for the next start.

        Raises:
            MisuseError: ``source`` is of another kind (B42).
        """
        accepted = self._accept(source)
        with self._lock:
            self._source = accepted
            if accepted is not None and self._live is not None:
                self._live.replace(accepted)

    def _live_source(self, source: Source | None) -> LiveSource | None:
        return None if source is None else LiveSource(source, provider=self._provider)

    def _keep(self, live: LiveSource | None) -> None:
        """Keep the source that a run ended with, unless the app set another one."""
        with self._lock:
            if live is not None and live is self._live and self._source is live.first:
                self._source = live.current

    @staticmethod
    def _accept(source: Source | None) -> Source | None:
        """Return ``source``, when it is of a kind that can be downloaded; None is one (B4)."""
        if source is None or isinstance(source, VidSts | VidAuth):
            return source
        raise MisuseError("only VidSts and VidAuth can be downloaded")
