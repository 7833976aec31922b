"""GetVideoInfo, GetVideoList, DeleteVideo (wire 5.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from vodseal.errors import RpcError
from vodseal.rpc.replay import format_time, parse_time
from vodseal.service.catalog import delete_videos, find_video
from vodseal.service.database.models import Video
from vodseal.service.lifecycle import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Select

    from vodseal.service.parameters import Parameters
    from vodseal.service.runtime import Call, Service

__all__ = ["delete_video", "get_video_info", "get_video_list"]

_MAX_IDS: Final = 20
_MAX_ROWS: Final = 5000
_MAX_PAGE_SIZE: Final = 100
_OTHER_STATUSES: Final = frozenset({"Checking", "Blocked", "ProduceFail"})
"""Of the vendor's; no video of ours is ever in one, but one may ask."""


async def get_video_info(service: Service, call: Call) -> Mapping[str, object]:
    """Return what is known about a video.

    Raises:
        RpcError: ``InvalidVideo.NotFound``.
    """
    async with service.context.reads.begin() as session:
        video = await find_video(session, call.parameters)
    return {"Video": {**_describe(video), "Snapshots": {"Snapshot": []}}}


async def get_video_list(service: Service, call: Call) -> Mapping[str, object]:
    """Return a page of videos, newest first unless asked otherwise.

    Raises:
        RpcError: ``InvalidParameter.*``, ``VideoListExceededMax``.
    """
    parameters = call.parameters
    page = parameters.integer("PageNo", default=1, least=1, most=_MAX_ROWS)
    size = parameters.integer("PageSize", default=10, least=1, most=_MAX_PAGE_SIZE)
    if page * size > _MAX_ROWS:
        raise RpcError("VideoListExceededMax")
    order = parameters.choice(
        "SortBy",
        frozenset({"CreationTime:Desc", "CreationTime:Asc"}),
        default="CreationTime:Desc",
    )
    query = _filtered(parameters)
    columns = (Video.created_at, Video.id)
    by = columns if order.endswith("Asc") else tuple(column.desc() for column in columns)
    async with service.context.reads.begin() as session:
        total = await session.scalar(select(func.count()).select_from(query.subquery()))
        rows = await session.scalars(query.order_by(*by).limit(size).offset((page - 1) * size))
        videos = [{**_describe(row), "Snapshots": {"Snapshot": []}} for row in rows]
    return {"Total": total or 0, "VideoList": {"Video": videos}}


async def delete_video(service: Service, call: Call) -> Mapping[str, object]:
    """Delete videos for good, with their streams and originals.

    Raises:
        RpcError: ``MissingVideoIds``, ``VideoIdsExceededMax``, ``InvalidVideo.NotFound``
            when none of them exists.
    """
    call.parameters.required("VideoIds")
    ids = list(dict.fromkeys(call.parameters.names("VideoIds")))
    if len(ids) > _MAX_IDS:
        raise RpcError("VideoIdsExceededMax")
    found = await delete_videos(service, ids)
    if not found:
        raise RpcError("InvalidVideo.NotFound")
    missing = [item for item in ids if item not in found]
    return {
        "NonExistVideoIds": missing,
        "ForbiddenVideoIds": [],
        "NonExistReferenceIds": [],
    }


def _filtered(parameters: Parameters) -> Select[Video]:
    query = select(Video)
    statuses = parameters.names("Status")
    if set(statuses) - set(Status) - _OTHER_STATUSES:
        raise RpcError("InvalidParameter.Status")
    if statuses:
        query = query.where(Video.status.in_(statuses))
    category = parameters.integer("CateId", default=-1, least=-1, most=1 << 62)
    if category >= 0:
        query = query.where(Video.cate_id == category)
    storage = parameters.text("StorageLocation")
    if storage:
        query = query.where(Video.storage_location == storage)
    references = parameters.names("ReferenceIds")
    if references:
        query = query.where(Video.reference_id.in_(references))
    if start := parameters.text("StartTime"):
        query = query.where(Video.created_at >= _instant("StartTime", start))
    if end := parameters.text("EndTime"):
        query = query.where(Video.created_at <= _instant("EndTime", end))
    return query


def _instant(name: str, text: str) -> float:
    try:
        return parse_time(text)
    except RpcError:
        raise RpcError(f"InvalidParameter.{name}") from None


def _describe(video: Video) -> dict[str, object]:
    return {
        "VideoId": video.id,
        "Title": video.title,
        "Description": video.description,
        "Duration": round(video.duration, 4),
        "Size": video.size,
        "CoverURL": video.cover_url,
        "Status": video.status,
        "CreationTime": format_time(video.created_at),
        "ModificationTime": format_time(video.modified_at),
        "CateId": video.cate_id,
        "Tags": video.tags,
        "TemplateGroupId": video.template_group_id,
        "StorageLocation": video.storage_location,
        "RegionId": "cn-shanghai",
        "AppId": video.app_id,
        "AuditStatus": "Init",
        "DownloadSwitch": "on",
        "StorageClass": "Standard",
        "RestoreStatus": "Unrestored",
        "ReferenceId": video.reference_id or "",
        "UserData": video.user_data,
    }
