"""The tables of the service.

Three promises:

1. Nothing here is particular to one database: SQLite carries it on one machine,
   PostgreSQL on several (design 3, decision 14).
2. No column holds an unwrapped key or an access key's secret: columns that end
   in ``_blob`` hold what the key service wrapped, and nothing else can open them.
3. A row that names a blob is written after the blob's bytes are durable.

Instants are UTC seconds since 1970.
Ids are 32 lower-case hexadecimal digits unless a comment says otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from vodseal.service.database.app_models import App, Revocation
from vodseal.service.database.base import Base
from vodseal.service.database.device_models import Device, Nonce
from vodseal.service.database.license_tables import LicensePolicyRow, LicenseRow
from vodseal.service.database.rotation_models import KeyRotation
from vodseal.service.kms.blob import key_handle

if TYPE_CHECKING:
    from sqlalchemy.engine.default import DefaultExecutionContext

__all__ = [
    "AccessKey",
    "App",
    "Base",
    "Device",
    "KeyRotation",
    "LicensePolicyRow",
    "LicenseRow",
    "Nonce",
    "Revocation",
    "ServiceKey",
    "Setting",
    "Stream",
    "TranscodeJob",
    "TranscodeTask",
    "Upload",
    "UploadPart",
    "Video",
]


class Video(Base):
    """One video, from CreateUploadVideo on (wire 5.5, 5.6)."""

    __tablename__ = "videos"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    title: Mapped[str] = mapped_column(String(128))
    file_name: Mapped[str] = mapped_column(Text)
    """As the uploader gave it; only its extension means anything to us."""
    description: Mapped[str] = mapped_column(Text, default="")
    tags: Mapped[str] = mapped_column(Text, default="")
    cate_id: Mapped[int | None]
    cover_url: Mapped[str] = mapped_column(Text, default="")
    user_data: Mapped[str] = mapped_column(Text, default="")
    reference_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    template_group_id: Mapped[str] = mapped_column(String(64))
    storage_location: Mapped[str] = mapped_column(String(64), default="local")
    app_id: Mapped[str] = mapped_column(String(64), default="app-1000000")

    status: Mapped[str] = mapped_column(String(16), index=True)
    """A value of ``lifecycle.Status``; only ``lifecycle.advance`` decides it."""
    media_type: Mapped[str] = mapped_column(String(8), default="video")
    """``video`` or ``audio``; the probe decides."""
    duration: Mapped[float] = mapped_column(default=0.0)
    size: Mapped[int] = mapped_column(default=0)
    """Of the original, in bytes before sealing; as announced until it is uploaded."""
    created_at: Mapped[float] = mapped_column(index=True)
    modified_at: Mapped[float]

    object_key: Mapped[str] = mapped_column(Text, unique=True)
    """Where clients upload to: the key inside the upload bucket."""
    source_key: Mapped[str | None] = mapped_column(Text)
    """The blob of the original, once it is complete."""
    source_key_blob: Mapped[bytes | None]
    """Its content key, wrapped, context ``kms.contexts.original``; null when it is stored clear."""
    source_etag: Mapped[str] = mapped_column(String(64), default="")


class Upload(Base):
    """A multipart upload that goes on (wire 6); it survives a restart."""

    __tablename__ = "uploads"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), index=True)
    key_blob: Mapped[bytes | None]
    """The key its parts are sealed under, wrapped; null when they are stored clear."""
    created_at: Mapped[float]


class UploadPart(Base):
    """One part of a multipart upload, complete and durable."""

    __tablename__ = "upload_parts"

    upload_id: Mapped[str] = mapped_column(
        ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    file_name: Mapped[str] = mapped_column(String(64))
    """In the upload's folder; a part that is sent again gets another one."""
    size: Mapped[int]
    etag: Mapped[str] = mapped_column(String(64))


class TranscodeTask(Base):
    """One pass of one template group over one original (wire 5.7)."""

    __tablename__ = "transcode_tasks"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), index=True)
    template_group_id: Mapped[str] = mapped_column(String(64))
    trigger: Mapped[str] = mapped_column(String(8), default="Auto")
    """``Auto`` after an upload, ``Manual`` by an action."""
    state: Mapped[str] = mapped_column(String(8), default="queued", index=True)
    """The runner's: ``queued``, ``running``, ``done``; at a start, running means queued."""
    attempts: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(String(24), default="Processing")
    """The client's: Processing Partial CompleteAllSucc CompleteAllFail CompletePartialSucc."""
    progress: Mapped[int] = mapped_column(default=0)
    error_code: Mapped[str] = mapped_column(String(64), default="")
    error_message: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[float] = mapped_column(index=True)
    completed_at: Mapped[float | None]


class TranscodeJob(Base):
    """One stream that a task makes; a stream bears the id of its job."""

    __tablename__ = "transcode_jobs"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    task_id: Mapped[str] = mapped_column(
        ForeignKey("transcode_tasks.id", ondelete="CASCADE"), index=True
    )
    position: Mapped[int]
    """Order inside the task: streams are listed in it."""
    template_id: Mapped[str] = mapped_column(String(64), default="")
    definition: Mapped[str] = mapped_column(String(16))
    """The play definition: FD LD SD HD OD 2K 4K SQ HQ."""
    format: Mapped[str] = mapped_column(String(8))
    status: Mapped[str] = mapped_column(String(24), default="Transcoding")
    """Transcoding, TranscodeSuccess or TranscodeFail."""
    progress: Mapped[int] = mapped_column(default=0)
    error_code: Mapped[str] = mapped_column(String(64), default="")
    error_message: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[float]
    completed_at: Mapped[float | None]

    __table_args__ = (UniqueConstraint("task_id", "position"),)


def _key_handle(context: DefaultExecutionContext) -> bytes | None:
    values = context.get_current_parameters()  # type: ignore[no-untyped-call]  # SQLAlchemy has none
    blob: bytes | None = values.get("key_blob")
    return key_handle(blob) if blob else None


class Stream(Base):
    """One playable stream: a PlayInfo of GetPlayInfo (wire 5.3)."""

    __tablename__ = "streams"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    """The JobId, the same as its ``TranscodeJob.id``."""
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    """The vendor's track index: counts up per video, in the order of creation, never reused."""
    format: Mapped[str] = mapped_column(String(8))
    """mp4, m3u8 or mp3."""
    definition: Mapped[str] = mapped_column(String(16))
    stream_type: Mapped[str] = mapped_column(String(8))
    """``video`` or ``audio``."""
    status: Mapped[str] = mapped_column(String(16), default="Normal")
    """``Normal``, or ``Invisible`` when a newer stream has its definition and format."""
    encrypt_type: Mapped[str | None] = mapped_column(String(32))
    """An ``EncryptType``; null when the stream is clear."""
    key_blob: Mapped[bytes | None]
    """The data key of an encrypted stream, wrapped, context ``kms.contexts.stream``."""
    key_handle: Mapped[bytes | None] = mapped_column(index=True, default=_key_handle)
    """SHA-256 of the EDK in its key URI: the first ``key_blob``, which a rotation replaces."""
    entry_key: Mapped[str] = mapped_column(Text)
    """The blob a player opens: ``media/<video>/<stream>/index.m3u8``, or ``.../video.mp4``."""
    size: Mapped[int]
    """Bytes of all segments, or of the file."""
    duration: Mapped[float]
    bitrate_kbps: Mapped[float] = mapped_column(default=0.0)
    fps: Mapped[float] = mapped_column(default=0.0)
    width: Mapped[int] = mapped_column(default=0)
    height: Mapped[int] = mapped_column(default=0)
    codec_name: Mapped[str] = mapped_column(String(16), default="")
    bit_depth: Mapped[int] = mapped_column(default=8)
    specification: Mapped[str] = mapped_column(String(32), default="")
    digest_manifest: Mapped[bytes | None]
    """Envelope type 9 over the list of segment digests, signed by the digest key."""
    digests: Mapped[bytes | None]
    """The list itself: 32 bytes a segment, or a 4 MiB range of an mp4."""
    created_at: Mapped[float]
    modified_at: Mapped[float]

    __table_args__ = (UniqueConstraint("video_id", "position"),)


class AccessKey(Base):
    """A long-lived key pair of an operator or an app server."""

    __tablename__ = "access_keys"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    """The AccessKeyId: ``VSAK`` and 20 letters and digits."""
    secret_blob: Mapped[bytes]
    role: Mapped[str] = mapped_column(String(16), default="admin")
    status: Mapped[str] = mapped_column(String(8), default="Active")
    created_at: Mapped[float]


class ServiceKey(Base):
    """A key of the service's own, wrapped by the key service."""

    __tablename__ = "service_keys"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    """``credential`` ``license`` ``digests`` ``revocation`` ``time`` (Ed25519 seeds); ``tokens``
    ``urls`` (secrets)."""
    key_blob: Mapped[bytes]
    public_key: Mapped[bytes | None]
    created_at: Mapped[float]


class Setting(Base):
    """A setting that an operator changed; the others have their defaults."""

    __tablename__ = "settings"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    modified_at: Mapped[float]
