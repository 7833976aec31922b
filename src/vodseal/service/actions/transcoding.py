"""GetTranscodeTask and ListTranscodeTask (wire 5.7)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from vodseal.errors import RpcError
from vodseal.rpc.replay import format_time
from vodseal.service.catalog import find_video
from vodseal.service.database.models import Stream, TranscodeJob, TranscodeTask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

    from vodseal.service.runtime import Call, Service

__all__ = ["get_transcode_task", "list_transcode_task"]

_MAX_PAGE_SIZE: Final = 50
_MAX_JOBS: Final = 10


async def get_transcode_task(service: Service, call: Call) -> Mapping[str, object]:
    """Return a task with its jobs; or jobs alone, when ``JobIds`` are asked for.

    Raises:
        RpcError: ``MissingTranscodeTaskId``, ``NoSuchResource``, ``InvalidParameter.JobIds``.
    """
    job_ids = call.parameters.names("JobIds")
    if len(job_ids) > _MAX_JOBS:
        raise RpcError("InvalidParameter.JobIds")
    async with service.context.reads.begin() as session:
        if job_ids:
            jobs = list(
                await session.scalars(select(TranscodeJob).where(TranscodeJob.id.in_(job_ids)))
            )
            found = {job.id for job in jobs}
            return {
                "TranscodeJobInfoList": await _describe_jobs(session, jobs),
                "NonExistJobIds": [item for item in job_ids if item not in found],
            }
        task_id = call.parameters.required("TranscodeTaskId", max_length=64)
        task = await session.get(TranscodeTask, task_id)
        if task is None:
            raise RpcError("NoSuchResource")
        query = select(TranscodeJob).where(TranscodeJob.task_id == task.id)
        jobs = list(await session.scalars(query.order_by(TranscodeJob.position)))
        infos = await _describe_jobs(session, jobs)
    return {
        "TranscodeTask": {**_describe_task(task), "TranscodeJobInfoList": infos},
        "NonExistJobIds": [],
    }


async def list_transcode_task(service: Service, call: Call) -> Mapping[str, object]:
    """Return the tasks of a video, newest first, without their jobs.

    Raises:
        RpcError: ``InvalidVideo.NotFound``, ``InvalidParameter.*``.
    """
    page = call.parameters.integer("PageNo", default=1, least=1, most=10_000)
    size = call.parameters.integer("PageSize", default=10, least=1, most=_MAX_PAGE_SIZE)
    async with service.context.reads.begin() as session:
        video = await find_video(session, call.parameters)
        query = select(TranscodeTask).where(TranscodeTask.video_id == video.id)
        total = await session.scalar(select(func.count()).select_from(query.subquery()))
        query = query.order_by(TranscodeTask.created_at.desc(), TranscodeTask.id)
        rows = await session.scalars(query.limit(size).offset((page - 1) * size))
        tasks = [_describe_task(row) for row in rows]
    return {"TranscodeTaskList": tasks, "Total": total or 0}


def _describe_task(task: TranscodeTask) -> dict[str, object]:
    described: dict[str, object] = {
        "TranscodeTaskId": task.id,
        "VideoId": task.video_id,
        "TaskStatus": task.status,
        "Trigger": task.trigger,
        "CreationTime": format_time(task.created_at),
        "CompleteTime": format_time(task.completed_at) if task.completed_at else "",
        "TranscodeTemplateGroupId": task.template_group_id,
        "TranscodeProgress": task.progress,
    }
    if task.error_code:
        described |= {"ErrorCode": task.error_code, "ErrorMessage": task.error_message}
    elif task.error_message:
        described["Note"] = task.error_message
    return described


async def _describe_jobs(
    session: AsyncSession, jobs: list[TranscodeJob]
) -> list[dict[str, object]]:
    ids = [job.id for job in jobs]
    rows = await session.scalars(select(Stream).where(Stream.id.in_(ids)))
    streams = {row.id: row for row in rows}
    return [_describe_job(job, streams.get(job.id)) for job in jobs]


def _describe_job(job: TranscodeJob, stream: Stream | None) -> dict[str, object]:
    described: dict[str, object] = {
        "TranscodeJobId": job.id,
        "TranscodeTemplateId": job.template_id,
        "TranscodeJobStatus": job.status,
        "TranscodeProgress": job.progress,
        "Priority": "6",
        "Definition": job.definition,
        "CreationTime": format_time(job.created_at),
        "CompleteTime": format_time(job.completed_at) if job.completed_at else "",
    }
    if job.error_code:
        described |= {"ErrorCode": job.error_code, "ErrorMessage": job.error_message}
    if stream is not None:
        described["OutputFile"] = _describe_output(stream)
    return described


def _describe_output(stream: Stream) -> dict[str, object]:
    output: dict[str, object] = {
        "OutputFileUrl": f"/{stream.entry_key}",
        "Format": stream.format,
        "Filesize": stream.size,
        "Duration": f"{stream.duration:.4f}",
        "Bitrate": f"{stream.bitrate_kbps:.3f}",
        "Fps": f"{stream.fps:g}",
        "Width": str(stream.width),
        "Height": str(stream.height),
    }
    if stream.encrypt_type:
        output["Encryption"] = json.dumps({"EncryptType": stream.encrypt_type})
    return output
