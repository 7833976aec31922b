"""Playing: GetVideoPlayAuth and GetPlayInfo (wire 5.1 to 5.3)."""

from dataclasses import dataclass, field
from typing import Annotated

from vodseal.rpc.messages.fields import Message, Wrapped
from vodseal.rpc.messages.requests import Request

__all__ = [
    "GetPlayInfoAnswer",
    "GetPlayInfoRequest",
    "GetVideoPlayAuthAnswer",
    "GetVideoPlayAuthRequest",
    "PlayConfig",
    "PlayInfo",
    "VideoBase",
    "VideoMeta",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoMeta(Message):
    """What a player shows before the answer arrives. ``duration`` is a number here."""

    video_id: str = ""
    title: str = ""
    duration: float = 0.0
    cover_url: str | None = None
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetVideoPlayAuthAnswer(Message):
    """A play credential for one video."""

    request_id: str = ""
    play_auth: str = field(default="", repr=False)
    video_meta: VideoMeta = VideoMeta()


@dataclass(frozen=True, slots=True, kw_only=True)
class GetVideoPlayAuthRequest(Request[GetVideoPlayAuthAnswer]):
    """``auth_info_timeout``: seconds, 100 to 3000; 100 when absent."""

    video_id: str
    auth_info_timeout: int | None = None
    api_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayConfig(Message):
    """The parameter ``PlayConfig``, which travels as JSON. All values are texts."""

    play_domain: str | None = None
    x_forwarded_for: str | None = None
    preview_time: str | None = None
    mts_hls_uri_token: str | None = field(default=None, repr=False)
    encrypt_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoBase(Message):
    """The video of an answer. ``duration`` is a text here."""

    video_id: str = ""
    title: str = ""
    duration: str = ""
    cover_url: str | None = None
    status: str = ""
    creation_time: str | None = None
    media_type: str = ""
    storage_class: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayInfo(Message):
    """One stream. ``duration``, ``bitrate`` (kbit/s) and ``fps`` are texts."""

    play_url: str = field(default="", repr=False)
    format: str = ""
    definition: str = ""
    stream_type: str = ""
    status: str = ""
    encrypt: int = 0
    encrypt_type: str | None = None
    size: int = 0
    width: int = 0
    height: int = 0
    duration: str = ""
    bitrate: str = ""
    fps: str = ""
    job_id: str = ""
    creation_time: str | None = None
    modification_time: str | None = None
    specification: str | None = None
    narrow_band_type: str | None = None
    watermark_id: str | None = None
    codec_name: str | None = None
    bit_depth: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GetPlayInfoAnswer(Message):
    """The video and its streams, in the order that numbers the tracks."""

    request_id: str = ""
    video_base: VideoBase = VideoBase()
    play_info_list: Annotated[tuple[PlayInfo, ...], Wrapped("PlayInfo")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GetPlayInfoRequest(Request[GetPlayInfoAnswer]):
    """``formats``, ``definition`` and ``stream_type`` are comma lists; absent means all."""

    video_id: str
    formats: str | None = None
    definition: str | None = None
    stream_type: str | None = None
    output_type: str | None = None
    auth_timeout: int | None = None
    result_type: str | None = None
    re_auth_info: str | None = None
    play_config: str | None = field(default=None, repr=False)
    auth_info: str | None = field(default=None, repr=False)
