"""``vodseal download``: a video into a file, by the vendor's own sequence of calls.

Prepare, choose a track, update the source, start. The public SDK does all of it;
what is here listens and prints. With ``--json`` an event is a line, in the order
in which the listeners were called (design 5).
"""

from __future__ import annotations

import dataclasses
from pathlib import Path  # noqa: TC003 - the parser looks at it
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import App, Parameter
from cyclopts.validators import Number

from vodseal.cli.app_options import NO_APP, AppOptions
from vodseal.cli.interrupts import Interrupts
from vodseal.cli.terminal import Json, Terminal
from vodseal.cli.watcher import Watcher
from vodseal.clock import SystemClock
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, MisuseError, OperatorError
from vodseal.sdk.downloader import MediaDownloader
from vodseal.sdk.sources import source_from_json

if TYPE_CHECKING:
    from vodseal.media.tracks import MediaInfo, TrackInfo
    from vodseal.sdk.sources import Source

__all__ = ["download"]

download: Final = App(name="download")

_NO_ANSWER: Final = frozenset({ErrorCode.REQUEST_FAIL, ErrorCode.SERVER_NO_RESPONSE})


@download.default
def run(
    vid: str,
    /,
    *,
    source: Path,
    save_dir: Path,
    options: AppOptions = NO_APP,
    definition: str | None = None,
    track: Annotated[int | None, Parameter(validator=Number(gte=0))] = None,
    endpoint: str | None = None,
    json: Json = False,
) -> None:
    """Download a video into a file that only this app, on this device, can play.

    Without --track and --definition the largest track is chosen. What was
    fetched is kept: the same command again goes on from there.

    Example: vodseal download 93ab850b4f6f44eab54b6e91d24d81d4
    --source source.json --save-dir ~/films --security-file encryptedApp.dat
    --app-key-file encryptedApp.key --app ./cinema

    Args:
        vid: The video's id.
        source: A source file, as `vodseal credentials` prints it.
        save_dir: The folder of the finished file; made when it is missing.
        options: Which app this is.
        definition: The definition to download, such as HD.
        track: The index of the track to download.
        endpoint: The service's address, in place of the source file's.
        json: Print events, one JSON object a line.
    """
    if track is not None and definition is not None:
        raise MisuseError("--track and --definition exclude each other")
    chosen = _read_source(source, vid, endpoint)
    options.load()
    terminal = Terminal(as_json=json)
    downloader = MediaDownloader()
    try:
        with Interrupts(terminal.say) as interrupts, terminal.bars() as bars:
            watcher = Watcher(downloader, terminal, bars, interrupts, SystemClock())
            index = _prepare(watcher, downloader, chosen, definition, track)
            downloader.set_save_dir(save_dir)
            downloader.select_item(index)
            downloader.update_source(chosen)
            downloader.start()
            watcher.wait()
            path = downloader.get_file_path()
    finally:
        downloader.release()
    terminal.event("completed", path=path)
    if not json:
        terminal.answer({}, path)


def _read_source(file: Path, vid: str, endpoint: str | None) -> Source:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file} cannot be read"
        raise OperatorError(ErrorCode.INPUT_FILE_UNUSABLE, message) from error
    source = dataclasses.replace(source_from_json(text), vid=vid)
    return dataclasses.replace(source, endpoint=endpoint) if endpoint else source


def _prepare(
    watcher: Watcher,
    downloader: MediaDownloader,
    source: Source,
    definition: str | None,
    track: int | None,
) -> int:
    """Return the index to download; tell of the tracks on the way.

    A track that is named needs no prepare (B25): when the service is away, the
    download may still have all that it needs.
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
    return track if track is not None else _choose(media, definition).index


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
