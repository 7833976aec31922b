"""``vodseal download``: a video into a file, by the vendor's own sequence of calls.

Prepare, choose a track, update the source, start. The public SDK does all of it;
what is here listens and prints. With ``--json`` an event is a line, in the order
in which the listeners were called (design 5).
"""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - the parser looks at it
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import App, Parameter
from cyclopts.validators import Number

from vodseal.cli.app_options import NO_APP, AppOptions
from vodseal.cli.choosing import choose_index, read_source
from vodseal.cli.interrupts import Interrupts
from vodseal.cli.terminal import Json, Terminal
from vodseal.cli.watcher import Watcher
from vodseal.clock import SystemClock
from vodseal.errors import MisuseError
from vodseal.sdk.downloader import MediaDownloader

if TYPE_CHECKING:
    from vodseal.sdk.sources import Source

__all__ = ["download", "download_file"]

download: Final = App(name="download")


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
    chosen = read_source(source, vid, endpoint)
    options.load()
    terminal = Terminal(as_json=json)
    path = download_file(terminal, chosen, save_dir, definition=definition, track=track)
    if not json:
        terminal.answer({}, path)


def download_file(
    terminal: Terminal,
    source: Source,
    save_dir: Path,
    *,
    definition: str | None = None,
    track: int | None = None,
) -> str:
    """Return the path of the finished file; events and bars tell how far it is.

    Raises:
        DownloadError: It failed. What was fetched is kept.
        OperatorError: ``INTERRUPTED``; likewise.
    """
    downloader = MediaDownloader()
    try:
        with Interrupts(terminal.say) as interrupts, terminal.bars() as bars:
            watcher = Watcher(downloader, terminal, bars, interrupts, SystemClock())
            index = choose_index(watcher, downloader, source, definition, track)
            downloader.set_save_dir(save_dir)
            downloader.select_item(index)
            downloader.update_source(source)
            downloader.start()
            watcher.wait()
            path = downloader.get_file_path()
    finally:
        downloader.release()
    terminal.event("completed", path=path)
    return path or ""
