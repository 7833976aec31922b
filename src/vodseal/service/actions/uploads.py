"""CreateUploadVideo and RefreshUploadVideo (wire 5.5, 6)."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import IntegrityError

from vodseal.errors import RpcError
from vodseal.rpc.replay import format_time
from vodseal.service.actions.operator import new_session
from vodseal.service.catalog import find_video
from vodseal.service.database.models import Video
from vodseal.service.lifecycle import Event, Status, may
from vodseal.service.service_settings import read_settings
from vodseal.service.session_tokens import SessionKind
from vodseal.service.templates import TEMPLATE_GROUPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodseal.service.parameters import Parameters
    from vodseal.service.runtime import Call, Service

__all__ = ["BUCKET", "create_upload_video", "refresh_upload_video"]

BUCKET: Final = "upload-bucket"
_UPLOAD_SECONDS: Final = 3000
_MAX_TITLE: Final = 128
_MAX_DESCRIPTION: Final = 1024
_MAX_TAGS: Final = 16
_MAX_TAG: Final = 32
_EXTENSION: Final = re.compile(r"\.([A-Za-z0-9]{1,16})$")
_REFERENCE: Final = re.compile(r"[A-Za-z0-9_-]{6,64}")
_STORAGE: Final = "local"
_APP_ID: Final = "app-1000000"


async def create_upload_video(service: Service, call: Call) -> Mapping[str, object]:
    """Create a video without bytes, and say where to send them.

    Raises:
        RpcError: What is wrong with a parameter. Nothing was created.
    """
    parameters = call.parameters
    context = service.context
    video_id = context.random(16).hex()
    title = parameters.required("Title", max_length=_MAX_TITLE)
    file_name = parameters.required("FileName", max_length=1024)
    extension = _EXTENSION.search(file_name)
    if extension is None:
        raise RpcError("InvalidFileName.Extension")
    video = Video(
        id=video_id,
        title=title,
        file_name=file_name,
        size=parameters.integer("FileSize", default=0, least=0, most=1 << 48),
        description=parameters.text("Description", max_length=_MAX_DESCRIPTION),
        tags=_tags(parameters),
        cate_id=parameters.integer("CateId", default=-1, least=-1, most=1 << 62),
        cover_url=parameters.text("CoverURL", max_length=1024),
        user_data=_user_data(parameters),
        reference_id=_reference(parameters),
        template_group_id=await _template_group(service, parameters),
        storage_location=_storage(parameters),
        app_id=parameters.text("AppId", default=_APP_ID, max_length=64),
        status=Status.UPLOADING.value,
        created_at=call.now,
        modified_at=call.now,
        object_key=f"sv/{video_id}/{context.random(8).hex()}.{extension[1].lower()}",
    )
    if video.cate_id == -1:
        video.cate_id = None
    try:
        async with context.sessions.begin() as session:
            session.add(video)
    except IntegrityError:
        raise RpcError("InvalidParameter.ReferenceId", "ReferenceId is in use.") from None
    return {"VideoId": video_id, **_upload_to(service, call, video)}


async def refresh_upload_video(service: Service, call: Call) -> Mapping[str, object]:
    """Return a fresh UploadAuth for a video whose bytes are not here.

    Raises:
        RpcError: ``InvalidVideo.NotFound``, ``Forbidden.IllegalStatus``.
    """
    async with service.context.reads.begin() as session:
        video = await find_video(session, call.parameters)
    if not may(video.status, Event.UPLOAD):
        raise RpcError("Forbidden.IllegalStatus")
    return {"VideoId": video.id, **_upload_to(service, call, video)}


def _upload_to(service: Service, call: Call, video: Video) -> dict[str, object]:
    expires_at = call.now + _UPLOAD_SECONDS
    session, token = new_session(
        service.context, SessionKind.UPLOAD, expires_at, resource=video.object_key
    )
    address = {"Endpoint": call.base_url, "Bucket": BUCKET, "FileName": video.object_key}
    credential = {
        "AccessKeyId": session.key_id,
        "AccessKeySecret": session.secret,
        "SecurityToken": token,
        "Expiration": str(_UPLOAD_SECONDS),
        "ExpireUTCTime": format_time(expires_at),
        "Region": "cn-shanghai",
    }
    return {"UploadAddress": _encode(address), "UploadAuth": _encode(credential)}


def _encode(members: Mapping[str, str]) -> str:
    return base64.b64encode(json.dumps(members).encode()).decode("ascii")


def _tags(parameters: Parameters) -> str:
    tags = parameters.names("Tags")
    if len(tags) > _MAX_TAGS or any(len(tag) > _MAX_TAG for tag in tags):
        raise RpcError("TagsExceededMax")
    return ",".join(tags)


def _user_data(parameters: Parameters) -> str:
    parameters.json_object("UserData")
    return parameters.text("UserData", max_length=4096)


def _reference(parameters: Parameters) -> str | None:
    reference = parameters.text("ReferenceId")
    if reference and _REFERENCE.fullmatch(reference) is None:
        raise RpcError("InvalidParameter.ReferenceId")
    return reference or None


def _storage(parameters: Parameters) -> str:
    storage = parameters.text("StorageLocation", default=_STORAGE)
    if storage != _STORAGE:
        raise RpcError("InvalidStorage.NotFound")
    return storage


async def _template_group(service: Service, parameters: Parameters) -> str:
    group = parameters.text("TemplateGroupId")
    if not group:
        return (await read_settings(service.context))["default-template-group"]
    if group not in TEMPLATE_GROUPS:
        raise RpcError("InvalidTemplateGroupId.NotFound")
    return group
