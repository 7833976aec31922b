"""Transcoding: GetTranscodeTask and ListTranscodeTask (wire 5.7)."""

from dataclasses import dataclass
from typing import Annotated

from vodseal.rpc.messages.fields import Message, Name
from vodseal.rpc.messages.requests import Request

__all__ = [
    "GetTranscodeTaskAnswer",
    "GetTranscodeTaskRequest",
    "ListTranscodeTaskAnswer",
    "ListTranscodeTaskRequest",
    "OutputFile",
    "TranscodeJobInfo",
    "TranscodeTask",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFile(Message):
    """What a job made. Numbers are texts, but for ``filesize``."""

    output_file_url: Annotated[str | None, Name("OutputFileUrl")] = None
    format: str | None = None
    filesize: int | None = None
    duration: str | None = None
    bitrate: str | None = None
    fps: str | None = None
    width: str | None = None
    height: str | None = None
    encryption: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscodeJobInfo(Message):
    """One stream in the making. ``definition`` is the template's name for it."""

    transcode_job_id: str = ""
    transcode_template_id: str | None = None
    transcode_job_status: str = ""
    transcode_progress: int = 0
    priority: str | None = None
    definition: str | None = None
    creation_time: str | None = None
    complete_time: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    output_file: OutputFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscodeTask(Message):
    """The jobs of one video. What follows the list is ours: the task's own progress and end."""

    transcode_task_id: str = ""
    video_id: str = ""
    task_status: str = ""
    trigger: str | None = None
    creation_time: str | None = None
    complete_time: str | None = None
    transcode_template_group_id: str | None = None
    transcode_job_info_list: tuple[TranscodeJobInfo, ...] | None = None

    transcode_progress: int | None = None
    error_code: str | None = None
    error_message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GetTranscodeTaskAnswer(Message):
    """A task, or the jobs that were asked for."""

    request_id: str = ""
    transcode_task: TranscodeTask | None = None
    transcode_job_info_list: tuple[TranscodeJobInfo, ...] | None = None
    non_exist_job_ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GetTranscodeTaskRequest(Request[GetTranscodeTaskAnswer]):
    """By task, or by a comma list of up to 10 jobs."""

    transcode_task_id: str | None = None
    job_ids: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTranscodeTaskAnswer(Message):
    """A page of tasks, newest first, without their jobs; ``total`` (ours) counts all."""

    request_id: str = ""
    total: int | None = None
    transcode_task_list: tuple[TranscodeTask, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTranscodeTaskRequest(Request[ListTranscodeTaskAnswer]):
    """``page_size``: up to 50."""

    video_id: str
    page_no: int = 1
    page_size: int = 10
    start_time: str | None = None
    end_time: str | None = None
