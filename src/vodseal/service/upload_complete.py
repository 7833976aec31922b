"""The end of an upload: bytes into the store, then one transaction.

Each attempt has a blob of its own, so that two that race cannot write over each
other: the transaction decides, and the loser's bytes are erased.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import delete

from vodseal.errors import UploadRefusedError
from vodseal.service.catalog import original_key
from vodseal.service.database.models import TranscodeTask, Upload, Video
from vodseal.service.kms import contexts
from vodseal.service.lifecycle import Event, advance, may
from vodseal.service.templates import TEMPLATE_GROUPS
from vodseal.service.threads import run_to_end
from vodseal.service.upload_files import BodyFile, Seal

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncSession

    from vodseal.service.context import ServiceContext
    from vodseal.service.runtime import Service
    from vodseal.service.upload_request import UploadTarget

__all__ = ["NewBody", "complete_upload", "new_body"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBody:
    """An original that is being written outside of the store."""

    path: Path
    file: BodyFile
    key_blob: bytes | None = field(repr=False)
    """Its content key, wrapped; null when it is stored clear."""
    blob_key: str


async def new_body(service: Service, target: UploadTarget) -> NewBody:
    """Return a fresh file for the original of ``target``, sealed when its group encrypts.

    Raises:
        OSError: It could not be created.
    """
    context = service.context
    seal, key_blob = None, None
    if TEMPLATE_GROUPS[target.template_group_id].encrypts:
        key = await context.kms.generate_data_key(contexts.original(target.video_id), 32)
        key_blob = key.blob
        seal = Seal(
            content_key=key.plain,
            identity=bytes.fromhex(target.video_id),
            object_key=target.object_key,
        )
    attempt = context.random(8).hex()
    path = service.uploads / f"{target.video_id}.{attempt}"
    file = await run_to_end(BodyFile, path, seal, context.random)
    return NewBody(
        path=path,
        file=file,
        key_blob=key_blob,
        blob_key=f"{original_key(target.video_id)}/{attempt}",
    )


async def complete_upload(
    service: Service,
    target: UploadTarget,
    body: NewBody,
    *,
    etag: str,
    content_type: str,
    upload_id: str = "",
) -> None:
    """Store a finished original, move its video on and enter its transcode task.

    Raises:
        UploadRefusedError: ``FileAlreadyExists`` or ``NoSuchKey``: another
            upload was faster, or the video is gone. The bytes are erased.
        OSError: The bytes could not be stored.
    """
    context = service.context
    await run_to_end(body.file.finish, content_type, context.clock.now())
    await context.blobs.put_file(body.blob_key, body.path)
    await context.blobs.make_durable(body.blob_key)
    try:
        async with context.sessions.begin() as session:
            former = await _move_on(session, context, target.video_id, body, etag)
            if upload_id:
                await session.execute(delete(Upload).where(Upload.id == upload_id))
    except BaseException:
        await context.blobs.delete_prefix(body.blob_key)
        raise
    if former is not None:
        await context.blobs.delete_prefix(former)
    service.runner.notify()


async def _move_on(
    session: AsyncSession, context: ServiceContext, video_id: str, body: NewBody, etag: str
) -> str | None:
    """Give the video its original and its task; return the blob of a former original."""
    now = context.clock.now()
    video = await session.get(Video, video_id, with_for_update=True)
    if video is None:
        raise UploadRefusedError("NoSuchKey")
    if not may(video.status, Event.UPLOAD):
        raise UploadRefusedError("FileAlreadyExists")
    former = video.source_key
    video.status = advance(video.status, Event.UPLOAD).value
    video.source_key = body.blob_key
    video.source_key_blob = body.key_blob
    video.source_etag = etag
    video.size = body.file.size
    video.modified_at = now
    task = TranscodeTask(
        id=context.random(16).hex(),
        video_id=video.id,
        template_group_id=video.template_group_id,
        created_at=now,
    )
    session.add(task)
    return former
