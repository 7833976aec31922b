"""What is to be downloaded: the source file that was named, and the track that is wanted."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, OperatorError
from vodseal.sdk.sources import VidSts, source_from_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from vodseal.cli.watcher import Watcher
    from vodseal.media.tracks import MediaInfo, TrackInfo
    from vodseal.sdk.credentials import CredentialRequest
    from vodseal.sdk.downloader import MediaDownloader
    from vodseal.sdk.sources import Source

__all__ = ["SourceFiles", "choose_index", "choose_track", "read_source"]

_NO_ANSWER: Final = frozenset({ErrorCode.REQUEST_FAIL, ErrorCode.SERVER_NO_RESPONSE})


def read_source(file: Path, vid: str | None = None, endpoint: str | None = None) -> Source:
    """Return the source in a file, for ``vid`` and at ``endpoint`` where they are given.

    Raises:
        OperatorError: ``INPUT_FILE_UNUSABLE``: the file cannot be read, or used.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file} cannot be read"
        raise OperatorError(ErrorCode.INPUT_FILE_UNUSABLE, message) from error
    source = source_from_json(text)
    source = dataclasses.replace(source, vid=vid) if vid else source
    return dataclasses.replace(source, endpoint=endpoint) if endpoint else source


class SourceFiles:
    """The source files of a queue. They are read anew whenever a credential is asked for."""

    def __init__(self, paths: Sequence[Path], endpoint: str | None) -> None:
        """Say now what is wrong with one.

        Raises:
            OperatorError: ``INPUT_FILE_UNUSABLE``.
        """
        self._paths = paths
        self._endpoint = endpoint
        for path in paths:
            read_source(path)

    def credential(self, request: CredentialRequest) -> Source | None:
        """Return the source of a video, from the first file that has one, as it is now."""
        for path in self._paths:
            source = read_source(path, None, self._endpoint)
            if isinstance(source, VidSts):
                return dataclasses.replace(source, vid=request.vid)
            if source.vid == request.vid:
                return source
        return None


def choose_index(
    watcher: Watcher,
    downloader: MediaDownloader,
    source: Source,
    definition: str | None,
    track: int | None,
) -> int:
    """Return the index to download; tell of the tracks on the way. See ``choose_track``."""
    found = choose_track(watcher, downloader, source, definition, track)
    return found if isinstance(found, int) else found.index


def choose_track(
    watcher: Watcher,
    downloader: MediaDownloader,
    source: Source,
    definition: str | None,
    track: int | None,
) -> TrackInfo | int:
    """Return the track to download, the largest that fits; tell of the tracks on the way.

    A track that is named needs no prepare (B25): when the service is away, the
    download may still have all that it needs.

    Raises:
        DownloadError, RequestError: Why there is none.
    """
    downloader.prepare(source)
    try:
        watcher.wait()
    except DownloadError as error:
        if track is None or error.code not in _NO_ANSWER:
            raise
        return track
    media = downloader.media_info
    if media is None:
        raise OperatorError(ErrorCode.UNKNOWN_ERROR, "prepare ended without tracks")
    watcher.tell_tracks(media)
    if track is not None:
        return media.track(track) or track
    return _choose(media, definition)


def _choose(media: MediaInfo, definition: str | None) -> TrackInfo:
    if not media.tracks:
        raise DownloadError(ErrorCode.NO_DOWNLOAD_ITEM, "the video has nothing to download")
    fitting = [
        one
        for one in media.tracks
        if definition is None or one.vod_definition.upper() == definition.upper()
    ]
    if not fitting:
        there = ", ".join(sorted({one.vod_definition for one in media.tracks}))
        raise DownloadError(
            ErrorCode.INVALID_ITEM,
            f"the video has no track of definition {definition}",
            remedy=f"There are: {there}.",
        )
    return max(fitting, key=lambda one: one.vod_file_size)
