"""``vodseal videos``: upload videos, and look after them."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - the parser looks at it
from typing import TYPE_CHECKING, Final

from cyclopts import App

from vodseal.cli.commands import group_help
from vodseal.cli.interrupts import Interrupts
from vodseal.cli.profile import find_profile, open_admin
from vodseal.cli.terminal import Flag, Json, Terminal
from vodseal.cli.transcoding import wait_for_streams
from vodseal.cli.upload_note import Film, UploadNote
from vodseal.cli.uploading import Uploader
from vodseal.clock import SystemClock
from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError, RequestError, TranscodeError
from vodseal.rpc.messages.fields import to_wire
from vodseal.rpc.messages.videos import (
    DeleteVideoRequest,
    GetVideoInfoRequest,
    GetVideoListRequest,
)
from vodseal.sdk.meter import Meter

if TYPE_CHECKING:
    from vodseal.rpc.messages.videos import Video

__all__ = ["videos"]

videos: Final = App(
    name="videos",
    help=group_help("videos", "videos upload holiday.mov --wait"),
)

_COLUMNS: Final = ("vid", "status", "duration", "size", "title")
_PAGE_SIZE: Final = 100


@videos.command
def upload(
    file: Path,
    /,
    *,
    title: str | None = None,
    wait: Flag = False,
    template_group: str | None = None,
    json: Json = False,
) -> None:
    """Upload a film; the service makes streams of it. The same command again goes on.

    Example: vodseal videos upload holiday.mov --title "Our holiday" --wait

    Args:
        file: The film.
        title: Its title; the file's name when left out.
        wait: Wait until the streams are made.
        template_group: clear, encrypted, cmaf, private or private-cmaf; all but the first also
            with -source behind.
        json: Print events, one JSON object a line.
    """
    terminal, clock = Terminal(as_json=json), SystemClock()
    film = _film(file, title, template_group)
    profile = find_profile()
    note = UploadNote(film, profile.endpoint)
    with open_admin() as client, Interrupts(terminal.say) as interrupts, terminal.bars() as bars:
        meter, told = Meter(clock), None

        def show(done: int) -> None:
            nonlocal told
            measured = meter.measure(done, film.size)
            bars.update("uploading", done, film.size)
            if measured["percent"] != told:
                told = measured["percent"]
                terminal.event("uploading", vid=note.video_id, **measured)

        uploader = Uploader(
            client, film, note, clock=clock, interrupts=interrupts, on_progress=show
        )
        vid = uploader.run()
        terminal.event("uploaded", vid=vid)
        status = "UploadSucc"
        try:
            if wait:
                status = wait_for_streams(
                    client, vid, film.size, terminal=terminal, bars=bars, interrupts=interrupts
                )
        except TranscodeError:
            note.forget()  # there is nothing to go on with
            raise
    note.forget()
    _tell_result(terminal, vid, status)


@videos.command(name="list")
def list_(*, status: str | None = None, json: Json = False) -> None:
    """List the videos, newest first.

    Example: vodseal videos list --status Normal

    Args:
        status: Only videos with this status.
        json: Print one JSON object.
    """
    found: list[Video] = []
    with open_admin() as client:
        while True:
            page = len(found) // _PAGE_SIZE + 1
            request = GetVideoListRequest(status=status, page_no=page, page_size=_PAGE_SIZE)
            answer = client.send(request)
            found += answer.video_list
            if len(answer.video_list) < _PAGE_SIZE or len(found) >= answer.total:
                break
    Terminal(as_json=json).table("videos", _COLUMNS, [_row(video) for video in found])


@videos.command
def show(vid: str, /, *, json: Json = False) -> None:
    """Show what the service knows about a video.

    Example: vodseal videos show 93ab850b4f6f44eab54b6e91d24d81d4

    Args:
        vid: The video's id.
        json: Print one JSON object.
    """
    with open_admin() as client:
        video = client.send(GetVideoInfoRequest(video_id=vid)).video
    more = {name: value for name, value in to_wire(video).items() if name not in _SHORTENED}
    Terminal(as_json=json).answer({**_row(video), **more})


@videos.command
def delete(vid: str, /, *, json: Json = False) -> None:
    """Delete a video for good, with its streams and its original.

    Example: vodseal videos delete 93ab850b4f6f44eab54b6e91d24d81d4

    Args:
        vid: The video's id.
        json: Print one JSON object.
    """
    with open_admin() as client:
        answer = client.send(DeleteVideoRequest(video_ids=vid))
    if vid in answer.non_exist_video_ids:
        message = f"there is no video {vid}"
        raise RequestError(ErrorCode.SERVER_VOD_INVALIDVIDEO_NOTFOUND, message)
    Terminal(as_json=json).answer({"vid": vid, "deleted": True}, f"deleted {vid}")


_SHORTENED: Final = frozenset({"VideoId", "Title", "Status", "Duration", "Size", "Snapshots"})


def _row(video: Video) -> dict[str, object]:
    return {
        "vid": video.video_id,
        "title": video.title,
        "status": video.status,
        "duration": video.duration,
        "size": video.size,
    }


def _film(file: Path, title: str | None, template_group: str | None) -> Film:
    try:
        if not file.is_file():
            raise OperatorError(ErrorCode.INPUT_FILE_UNUSABLE, f"{file}: there is no such file")
        state = file.stat()
    except OSError as error:
        message = f"{file}: {error.strerror}"
        raise OperatorError(ErrorCode.INPUT_FILE_UNUSABLE, message) from error
    return Film(
        path=file.resolve(),
        size=state.st_size,
        modified_ns=state.st_mtime_ns,
        title=title or file.stem,
        template_group=template_group,
    )


def _tell_result(terminal: Terminal, vid: str, status: str) -> None:
    if terminal.as_json:
        terminal.event("completed", vid=vid, status=status)
    else:
        terminal.answer({}, vid)
