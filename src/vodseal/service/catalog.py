"""Find videos and streams, and remove them.

A video goes in two steps: its rows in one transaction, which makes it gone for
everybody, and then its bytes. ``sweep`` does the second step for those that a
crash left behind.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select

from vodseal.errors import RpcError
from vodseal.service.database.models import LicensePolicyRow, Stream, Upload, Video
from vodseal.service.license_policy import VIDEO
from vodseal.service.lifecycle import Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncSession

    from vodseal.service.context import ServiceContext
    from vodseal.service.parameters import Parameters
    from vodseal.service.runtime import Service

__all__ = [
    "delete_videos",
    "find_video",
    "media_prefix",
    "original_key",
    "streams_of",
    "sweep",
    "sweep_uploads",
]

_log = logging.getLogger(__name__)
_UNFINISHED: Final = (Status.UPLOADING, Status.UPLOAD_FAIL, Status.TRANSCODE_FAIL)


def original_key(video_id: str) -> str:
    """Return the key of the blob that holds the original."""
    return f"originals/{video_id}"


def media_prefix(video_id: str) -> str:
    """Return the prefix of all blobs of a video's streams."""
    return f"media/{video_id}"


async def find_video(session: AsyncSession, parameters: Parameters) -> Video:
    """Return the video that ``VideoId``, or else ``ReferenceId``, names.

    Raises:
        RpcError: ``MissingVideoId``, ``InvalidVideo.NotFound``.
    """
    reference = parameters.text("ReferenceId")
    if reference and not parameters.text("VideoId"):
        video = await session.scalar(select(Video).where(Video.reference_id == reference))
    else:
        video_id = parameters.required("VideoId", max_length=64)
        video = await session.get(Video, video_id)
    if video is None:
        raise RpcError("InvalidVideo.NotFound")
    return video


async def streams_of(session: AsyncSession, video_id: str) -> Sequence[Stream]:
    """Return the streams of a video, in the order in which they were made."""
    query = select(Stream).where(Stream.video_id == video_id).order_by(Stream.position)
    return (await session.scalars(query)).all()


async def delete_videos(service: Service, ids: Sequence[str]) -> list[str]:
    """Delete videos with all that belongs to them, and return the ids of those there were."""
    context = service.context
    async with context.sessions.begin() as session:
        found = list(await session.scalars(select(Video.id).where(Video.id.in_(ids))))
        await session.execute(delete(Video).where(Video.id.in_(found)))
        await session.execute(
            delete(LicensePolicyRow).where(
                LicensePolicyRow.scope == VIDEO, LicensePolicyRow.subject.in_(found)
            )
        )
    await service.runner.cancel(found)
    for video_id in found:
        await _erase(context, video_id)
    await sweep_uploads(context, service.uploads)
    return found


async def sweep(context: ServiceContext, uploads: Path) -> None:
    """Erase bytes that no row names. Called at the start alone, when nothing is on its way."""
    async with context.reads.begin() as session:
        known = set(await session.scalars(select(Video.id)))
        unfinished = select(Video.id, Video.source_key).where(Video.status.in_(_UNFINISHED))
        sources = {row.id: row.source_key for row in await session.execute(unfinished)}
    await asyncio.to_thread(_erase_files, uploads)
    stored = {
        *await context.blobs.list_names("originals"),
        *await context.blobs.list_names("media"),
    }
    for video_id in sorted(stored - known):
        _log.warning("Bytes of a deleted video were left behind", extra={"video_id": video_id})
        await _erase(context, video_id)
    for video_id in sorted(stored & sources.keys()):
        for name in await context.blobs.list_names(original_key(video_id)):
            if (key := f"{original_key(video_id)}/{name}") != sources[video_id]:
                await context.blobs.delete_prefix(key)
    await sweep_uploads(context, uploads)


async def sweep_uploads(context: ServiceContext, uploads: Path) -> None:
    """Erase the folders of uploads whose rows are gone."""
    async with context.reads.begin() as session:
        known = set(await session.scalars(select(Upload.id)))
    await asyncio.to_thread(_erase_unknown, uploads, known)


async def _erase(context: ServiceContext, video_id: str) -> None:
    await context.blobs.delete_prefix(media_prefix(video_id))
    await context.blobs.delete_prefix(original_key(video_id))


def _erase_files(uploads: Path) -> None:
    """Erase whole bodies that were cut off: their clients send them again."""
    for path in uploads.iterdir():
        if path.is_file():
            path.unlink(missing_ok=True)


def _erase_unknown(uploads: Path, known: set[str]) -> None:
    for folder in uploads.iterdir():
        if folder.is_dir() and folder.name not in known:
            shutil.rmtree(folder, ignore_errors=True)
