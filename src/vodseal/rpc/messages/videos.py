"""Uploading and managing videos (wire 5.5, 5.6, 6)."""

from dataclasses import dataclass, field
from typing import Annotated

from vodseal.rpc.messages.fields import Message, Name, Wrapped
from vodseal.rpc.messages.requests import Request

__all__ = [
    "CreateUploadVideoAnswer",
    "CreateUploadVideoRequest",
    "DeleteVideoAnswer",
    "DeleteVideoRequest",
    "GetVideoInfoAnswer",
    "GetVideoInfoRequest",
    "GetVideoListAnswer",
    "GetVideoListRequest",
    "RefreshUploadVideoAnswer",
    "RefreshUploadVideoRequest",
    "UploadAddress",
    "UploadAuth",
    "Video",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadAddress(Message):
    """Where an upload goes. ``endpoint`` has its scheme; ``file_name`` is the object key."""

    endpoint: str = ""
    bucket: str = ""
    file_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadAuth(Message):
    """The key of an upload. ``expiration``: seconds, as a text."""

    access_key_id: str = ""
    access_key_secret: str = field(default="", repr=False)
    security_token: str = field(default="", repr=False)
    expiration: str = ""
    expire_utc_time: Annotated[str, Name("ExpireUTCTime")] = ""
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateUploadVideoAnswer(Message):
    """``upload_address`` and ``upload_auth``: base64 of JSON objects."""

    request_id: str = ""
    video_id: str = ""
    upload_address: str = ""
    upload_auth: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateUploadVideoRequest(Request[CreateUploadVideoAnswer]):
    """``file_name`` needs an extension; ``tags`` is a comma list."""

    title: str
    file_name: str
    file_size: int | None = None
    description: str | None = None
    tags: str | None = None
    cate_id: int | None = None
    cover_url: str | None = None
    user_data: str | None = None
    template_group_id: str | None = None
    workflow_id: str | None = None
    storage_location: str | None = None
    app_id: str | None = None
    reference_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshUploadVideoAnswer(Message):
    """A new key for the same address."""

    request_id: str = ""
    video_id: str = ""
    upload_address: str = ""
    upload_auth: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshUploadVideoRequest(Request[RefreshUploadVideoAnswer]):
    """Asks for a new upload key."""

    video_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Video(Message):
    """One video. ``duration`` is a number here."""

    video_id: str = ""
    title: str = ""
    description: str | None = None
    duration: float = 0.0
    size: int = 0
    cover_url: str | None = None
    status: str = ""
    creation_time: str | None = None
    modification_time: str | None = None
    cate_id: int | None = None
    cate_name: str | None = None
    tags: str | None = None
    template_group_id: str | None = None
    storage_location: str | None = None
    region_id: str | None = None
    audit_status: str | None = None
    storage_class: str | None = None
    restore_status: str | None = None
    app_id: str | None = None
    reference_id: str | None = None
    download_switch: str | None = None
    user_data: str | None = None
    snapshots: Annotated[tuple[str, ...] | None, Wrapped("Snapshot")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GetVideoInfoAnswer(Message):
    """One video."""

    request_id: str = ""
    video: Video = Video()


@dataclass(frozen=True, slots=True, kw_only=True)
class GetVideoInfoRequest(Request[GetVideoInfoAnswer]):
    """Asks for one video."""

    video_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GetVideoListAnswer(Message):
    """A page of videos; ``total`` counts all that match."""

    request_id: str = ""
    total: int = 0
    video_list: Annotated[tuple[Video, ...], Wrapped("Video")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GetVideoListRequest(Request[GetVideoListAnswer]):
    """``page_size``: up to 100; ``sort_by``: CreationTime:Desc or :Asc."""

    cate_id: int | None = None
    status: str | None = None
    page_no: int = 1
    page_size: int = 10
    sort_by: str | None = None
    start_time: str | None = None
    end_time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteVideoAnswer(Message):
    """Which of the ids were not there, and which may not be deleted."""

    request_id: str = ""
    non_exist_video_ids: tuple[str, ...] = ()
    forbidden_video_ids: tuple[str, ...] = ()
    non_exist_reference_ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteVideoRequest(Request[DeleteVideoAnswer]):
    """``video_ids``: a comma list of up to 20."""

    video_ids: str
