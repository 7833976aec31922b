"""Wait until the service has made a video's streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from vodseal.errors import TranscodeError
from vodseal.rpc.messages.videos import GetVideoInfoRequest

if TYPE_CHECKING:
    from vodseal.cli.bars import Bars
    from vodseal.cli.interrupts import Interrupts
    from vodseal.cli.terminal import Terminal
    from vodseal.sdk.transport import RpcClient

__all__ = ["wait_for_streams"]

_POLL_SECONDS: Final = 0.4
_READY: Final = "Normal"
_FAILED: Final = frozenset({"TranscodeFail", "UploadFail", "ProduceFail", "Blocked"})
_WHOLE: Final = 100


def wait_for_streams(
    client: RpcClient,
    vid: str,
    size: int,
    *,
    terminal: Terminal,
    bars: Bars,
    interrupts: Interrupts,
) -> str:
    """Return the video's status once it can be played, and tell of progress until then.

    ``size`` is that of the original: the bar shows how much of it is done.

    Raises:
        TranscodeError: It never will be; the message is the service's reason.
        RequestError: The service cannot be asked.
        OperatorError: ``INTERRUPTED``; the service goes on by itself.
    """
    told = -1
    while True:
        status = client.send(GetVideoInfoRequest(video_id=vid)).video.status
        if status in _FAILED:
            raise TranscodeError(f"no streams could be made of video {vid}: {_reason(client, vid)}")
        percent = _WHOLE if status == _READY else min(_progress(client, vid), _WHOLE - 1)
        bars.update("transcoding", size * percent // _WHOLE, size)
        if percent > told:
            told = percent
            terminal.event("transcoding", vid=vid, percent=percent)
        if status == _READY:
            return status
        interrupts.wait(_POLL_SECONDS)
        interrupts.check()


def _progress(client: RpcClient, vid: str) -> int:
    task = _task(client, vid)
    jobs = [job.get("TranscodeProgress", 0) for job in task.get("TranscodeJobInfoList", [])]
    if "TranscodeProgress" in task:
        return int(task["TranscodeProgress"])
    return int(sum(jobs) / len(jobs)) if jobs else 0


def _reason(client: RpcClient, vid: str) -> str:
    task = _task(client, vid)
    told = [task, *task.get("TranscodeJobInfoList", [])]
    reasons = dict.fromkeys(str(one["ErrorMessage"]) for one in told if one.get("ErrorMessage"))
    return "; ".join(reasons) or "the service gives no reason"


def _task(client: RpcClient, vid: str) -> dict[str, Any]:
    """Return the newest task of a video; an empty one while there is none."""
    tasks = client.call("ListTranscodeTask", {"VideoId": vid}).get("TranscodeTaskList") or []
    if not tasks:
        return {}
    found = client.call("GetTranscodeTask", {"TranscodeTaskId": tasks[0]["TranscodeTaskId"]})
    task: dict[str, Any] = found.get("TranscodeTask") or {}
    return task
