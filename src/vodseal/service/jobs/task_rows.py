"""What the runner reads and writes: tasks, their jobs, and the streams they become.

Each function is one transaction. A task whose video is gone is gone with it
(``ON DELETE CASCADE``); every function says so by its result.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, func, select, update

from vodseal.license.digests import DIGEST_SIZE, seal_digests
from vodseal.service.catalog import media_prefix
from vodseal.service.database.models import Stream, TranscodeJob, TranscodeTask, Video
from vodseal.service.lifecycle import Event, advance
from vodseal.service.templates import TEMPLATE_GROUPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

    from vodseal.media.encryption import EncryptType
    from vodseal.service.context import ServiceContext
    from vodseal.service.packaging.messages import Failed, Finished, FinishedStream, Planned

__all__ = [
    "ClaimedTask",
    "claim_task",
    "record_failure",
    "record_plan",
    "record_progress",
    "record_streams",
    "requeue_tasks",
    "stream_ids",
]

_DONE: Final = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedTask:
    """A task that this runner works on."""

    id: str
    video_id: str
    group_id: str
    source_key: str
    source_key_blob: bytes | None = field(repr=False)
    attempts: int
    """How often it was begun, this time included."""


async def requeue_tasks(context: ServiceContext, only: str = "") -> int:
    """Put tasks back that are marked as running, all or the one named; return how many."""
    async with context.sessions.begin() as session:
        query = select(TranscodeTask).where(TranscodeTask.state == "running")
        if only:
            query = query.where(TranscodeTask.id == only)
        tasks = (await session.scalars(query)).all()
        for task in tasks:
            task.state = "queued"
    return len(tasks)


async def claim_task(context: ServiceContext) -> ClaimedTask | None:
    """Return the task that has waited longest, marked as running; None when none waits."""
    async with context.reads.begin() as session:
        waiting = select(TranscodeTask.id).where(TranscodeTask.state == "queued").limit(1)
        if await session.scalar(waiting) is None:
            return None
    async with context.sessions.begin() as session:
        query = select(TranscodeTask).where(TranscodeTask.state == "queued")
        query = query.order_by(TranscodeTask.created_at, TranscodeTask.id).limit(1)
        task = await session.scalar(query.with_for_update(skip_locked=True))
        if task is None:
            return None
        video = await session.get_one(Video, task.video_id)
        video.status = advance(video.status, Event.TRANSCODE).value
        video.modified_at = context.clock.now()
        task.state, task.status, task.progress = "running", "Processing", 0
        task.error_code = task.error_message = ""
        task.attempts += 1
        await session.execute(delete(TranscodeJob).where(TranscodeJob.task_id == task.id))
        return ClaimedTask(
            id=task.id,
            video_id=video.id,
            group_id=task.template_group_id,
            source_key=video.source_key or "",
            source_key_blob=video.source_key_blob,
            attempts=task.attempts,
        )


async def stream_ids(context: ServiceContext, video_id: str) -> set[str]:
    """Return the ids of a video's streams."""
    async with context.reads.begin() as session:
        return set(await session.scalars(select(Stream.id).where(Stream.video_id == video_id)))


async def record_plan(context: ServiceContext, claimed: ClaimedTask, plan: Planned) -> bool:
    """Enter a job for each stream that will be made; False when the task is gone."""
    now = context.clock.now()
    async with context.sessions.begin() as session:
        task = await session.get(TranscodeTask, claimed.id)
        if task is None:
            return False
        task.error_message = "; ".join(plan.notes)
        await session.execute(delete(TranscodeJob).where(TranscodeJob.task_id == claimed.id))
        session.add_all(
            TranscodeJob(
                id=stream.job_id,
                task_id=claimed.id,
                position=position,
                template_id=f"{claimed.group_id}-{stream.definition}-{stream.format}",
                definition=stream.definition,
                format=stream.format,
                created_at=now,
            )
            for position, stream in enumerate(plan.streams)
        )
    return True


async def record_progress(context: ServiceContext, claimed: ClaimedTask, percent: int) -> bool:
    """Enter how far the task is; False when it is gone."""
    async with context.sessions.begin() as session:
        task = await session.get(TranscodeTask, claimed.id)
        if task is None:
            return False
        task.progress = percent
        await _update_jobs(session, claimed, {"progress": percent})
    return True


async def record_streams(
    context: ServiceContext, claimed: ClaimedTask, finished: Finished, wrapped: Mapping[str, bytes]
) -> bool:
    """Enter the streams, whose bytes are durable; False when the video is gone.

    ``wrapped`` holds the wrapped keys of those that are encrypted.
    """
    now = context.clock.now()
    async with context.sessions.begin() as session:
        video = await session.get(Video, claimed.video_id, with_for_update=True)
        task = await session.get(TranscodeTask, claimed.id)
        if video is None or task is None:
            return False
        last = select(func.max(Stream.position)).where(Stream.video_id == video.id)
        position = await session.scalar(last)
        first = 0 if position is None else position + 1
        encryption = TEMPLATE_GROUPS[claimed.group_id].encryption
        for offset, stream in enumerate(finished.streams):
            await _hide_former(session, video.id, stream, now)
            key_blob = wrapped.get(stream.job_id)
            row = _stream_row(context, video.id, stream, encryption, key_blob)
            row.position, row.created_at, row.modified_at = first + offset, now, now
            session.add(row)
        has_picture = any(stream.width for stream in finished.streams)
        video.media_type = "video" if has_picture else "audio"
        video.status = advance(video.status, Event.FINISH).value
        video.duration, video.modified_at = finished.duration, now
        task.state, task.status = _DONE, "CompleteAllSucc"
        task.progress, task.completed_at = 100, now
        done = {"status": "TranscodeSuccess", "progress": 100, "completed_at": now}
        await _update_jobs(session, claimed, done)
    return True


async def record_failure(context: ServiceContext, claimed: ClaimedTask, failed: Failed) -> None:
    """Enter why there will be no streams; nothing when the video is gone."""
    now = context.clock.now()
    async with context.sessions.begin() as session:
        video = await session.get(Video, claimed.video_id, with_for_update=True)
        task = await session.get(TranscodeTask, claimed.id)
        if video is None or task is None:
            return
        video.status = advance(video.status, Event.FAIL).value
        video.modified_at = now
        task.state, task.status, task.completed_at = _DONE, "CompleteAllFail", now
        task.error_code, task.error_message = failed.code, failed.reason
        reason = {"error_code": failed.code, "error_message": failed.reason}
        ended = {"status": "TranscodeFail", "completed_at": now}
        await _update_jobs(session, claimed, ended | reason)


async def _update_jobs(
    session: AsyncSession, claimed: ClaimedTask, values: Mapping[str, object]
) -> None:
    query = update(TranscodeJob).where(TranscodeJob.task_id == claimed.id)
    await session.execute(query.values(**values))


async def _hide_former(
    session: AsyncSession, video_id: str, stream: FinishedStream, now: float
) -> None:
    """Make older streams of the same definition and format invisible (wire 5.3)."""
    former = update(Stream).where(
        Stream.video_id == video_id,
        Stream.definition == stream.definition,
        Stream.format == stream.format,
        Stream.status == "Normal",
    )
    await session.execute(former.values(status="Invisible", modified_at=now))


def _stream_row(
    context: ServiceContext,
    video_id: str,
    stream: FinishedStream,
    encryption: EncryptType,
    key_blob: bytes | None,
) -> Stream:
    joined = stream.digests
    manifest, digests = seal_digests(
        vid=video_id,
        job_id=stream.job_id,
        digests=[joined[i : i + DIGEST_SIZE] for i in range(0, len(joined), DIGEST_SIZE)],
        signing_key=context.keys.digests,
        range_size=stream.range_size,
    )
    return Stream(
        id=stream.job_id,
        video_id=video_id,
        format=stream.format,
        definition=stream.definition,
        stream_type="video" if stream.width else "audio",
        encrypt_type=encryption.value or None,
        key_blob=key_blob,
        entry_key=f"{media_prefix(video_id)}/{stream.job_id}/{stream.entry}",
        size=stream.size,
        duration=stream.duration,
        bitrate_kbps=stream.size * 8 / 1000 / stream.duration if stream.duration else 0.0,
        fps=stream.fps,
        width=stream.width,
        height=stream.height,
        codec_name=stream.codec_name,
        specification=stream.specification,
        digest_manifest=manifest,
        digests=digests,
    )
