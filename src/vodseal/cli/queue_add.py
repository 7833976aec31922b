"""``vodseal queue add``: choose a track, and put it into a queue."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - the parser looks at it
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from vodseal.cli.app_options import NO_APP, AppOptions
from vodseal.cli.choosing import choose_track, read_source
from vodseal.cli.interrupts import Interrupts
from vodseal.cli.queue_run import item_members
from vodseal.cli.terminal import Json, Terminal
from vodseal.cli.watcher import Watcher
from vodseal.clock import SystemClock
from vodseal.errors import MisuseError
from vodseal.sdk.downloader import MediaDownloader
from vodseal.sdk.manager.editor import QueueEditor
from vodseal.sdk.manager.model import TimeWindow

__all__ = ["Rate", "add", "read_window"]

Rate = Annotated[int | None, Parameter(validator=Number(gte=1))]
"""``--rate``, in bytes per second."""

_Track = Annotated[int | None, Parameter(validator=Number(gte=0))]


def read_window(text: str | None) -> TimeWindow | None:
    """Return the window of ``--window``, or None when it was left out."""
    return None if text is None else TimeWindow.parse(text)


def add(
    vid: str,
    /,
    *,
    save_dir: Path,
    source: Path,
    definition: str | None = None,
    track: _Track = None,
    group: str = "",
    priority: int = 0,
    window: str | None = None,
    rate: Rate = None,
    options: AppOptions = NO_APP,
    endpoint: str | None = None,
    json: Json = False,
) -> None:
    """Put a video at the end of a queue. Nothing is downloaded before `queue run`.

    Without --track and --definition the largest track is chosen. The credential in
    the source file is used for that, and is not stored.

    Example: vodseal queue add 93ab850b4f6f44eab54b6e91d24d81d4 --save-dir ~/films
    --source source.json --security-file encryptedApp.dat --group "My series"

    Args:
        vid: The video's id.
        save_dir: The folder of the queue and of its files; made when it is missing.
        source: A source file, as `vodseal credentials` prints it.
        definition: The definition to download, such as HD.
        track: The index of the track to download.
        group: What it belongs to, such as a series.
        priority: Higher ones go first.
        window: The time of day when it may run, such as 22:00-06:00.
        rate: The most bytes per second that it may take.
        options: Which app this is.
        endpoint: The service's address, in place of the source file's.
        json: Print events, one JSON object a line; the last is the download.
    """
    if track is not None and definition is not None:
        raise MisuseError("--track and --definition exclude each other")
    times = read_window(window)
    chosen = read_source(source, vid, endpoint)
    options.load()
    terminal = Terminal(as_json=json)
    downloader = MediaDownloader()
    try:
        with Interrupts(terminal.say) as interrupts, terminal.bars() as bars:
            watcher = Watcher(downloader, terminal, bars, interrupts, SystemClock())
            found = choose_track(watcher, downloader, chosen, definition, track)
            media = downloader.media_info
    finally:
        downloader.release()
    with QueueEditor(save_dir) as editor:
        item = editor.add(
            vid,
            found,
            title=media.title if media else "",
            group=group,
            priority=priority,
            window=times,
            bytes_per_second=rate,
        )
        terminal.answer(item_members(item), f"{item.id}")
