"""What can be downloaded of a video: its tracks (client-surface 1.6).

A track's index is the place of its stream in the answer, before any filter of
the source is applied: it is part of a download's identity on disk, so the same
stream has to have the same index whatever the app asks for next time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, RequestError

if TYPE_CHECKING:
    from vodseal.rpc.messages.play import GetPlayInfoAnswer, PlayInfo

__all__ = [
    "DOWNLOADABLE_FORMATS",
    "MediaInfo",
    "TrackFilter",
    "TrackInfo",
    "TrackType",
    "filter_tracks",
    "media_info",
]

DOWNLOADABLE_FORMATS: Final = frozenset({"m3u8", "mp4", "mp3"})


class TrackType(IntEnum):
    """The vendor's numbers. A downloader lists tracks of type ``SAAS_VOD``."""

    VIDEO = 0
    AUDIO = 1
    SUBTITLE = 2
    SAAS_VOD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackInfo:
    """One stream that can be downloaded.

    The first block is the vendor's; what follows is what our service says in
    the same answer. ``job_id`` identifies the stream for ever.
    """

    index: int
    type: TrackType = TrackType.SAAS_VOD
    vod_format: str = ""
    vod_definition: str = ""
    vod_file_size: int = 0
    vod_play_url: str = field(default="", repr=False)
    video_width: int = 0
    video_height: int = 0
    bitrate: int = 0

    job_id: str = ""
    stream_type: str = ""
    encrypt_type: str = ""
    duration_ms: int = 0
    fps: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaInfo:
    """A video and its tracks. ``duration``: milliseconds; ``total_bitrate``: 0, as ever."""

    video_id: str = ""
    title: str = ""
    cover_url: str = ""
    media_type: str = ""
    status: str = ""
    duration: int = 0
    total_bitrate: int = 0
    transcode_mode: str = "FastTranscode"
    thumbnails: tuple[str, ...] = ()
    tracks: tuple[TrackInfo, ...] = ()

    def track(self, index: int) -> TrackInfo | None:
        """Return the track of ``index``, or None when it is not listed."""
        return next((track for track in self.tracks if track.index == index), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackFilter:
    """What a source asks for; empty means anything. Case does not matter."""

    formats: tuple[str, ...] = ()
    definitions: tuple[str, ...] = ()
    stream_types: tuple[str, ...] = ()
    quality: str = ""
    force_quality: bool = False


def media_info(answer: GetPlayInfoAnswer) -> MediaInfo:
    """Return what ``answer`` offers. Streams that are not ``Normal`` keep their index, unlisted.

    Raises:
        RequestError: ``NO_PLAY_INFO``: the answer names no video.
    """
    base = answer.video_base
    if not base.video_id:
        raise RequestError(
            ErrorCode.NO_PLAY_INFO,
            "The service's answer holds no play info.",
            request_id=answer.request_id,
        )
    return MediaInfo(
        video_id=base.video_id,
        title=base.title,
        cover_url=base.cover_url or "",
        media_type=base.media_type,
        status=base.status,
        duration=_milliseconds(base.duration),
        tracks=tuple(
            _track(index, info)
            for index, info in enumerate(answer.play_info_list)
            if info.play_url and info.status in {"", "Normal"}
        ),
    )


def _track(index: int, info: PlayInfo) -> TrackInfo:
    return TrackInfo(
        index=index,
        vod_format=info.format.lower(),
        vod_definition=info.definition.upper(),
        vod_file_size=max(info.size, 0),
        vod_play_url=info.play_url,
        video_width=max(info.width, 0),
        video_height=max(info.height, 0),
        bitrate=round(_number(info.bitrate) * 1000),
        job_id=info.job_id,
        stream_type=info.stream_type,
        encrypt_type=(info.encrypt_type or "unknown") if info.encrypt else "",
        duration_ms=_milliseconds(info.duration),
        fps=_number(info.fps),
    )


def filter_tracks(tracks: tuple[TrackInfo, ...], wanted: TrackFilter) -> tuple[TrackInfo, ...]:
    """Return the tracks that a source asks for, their indexes unchanged.

    Raises:
        DownloadError: ``NOT_SUPPORT_FORMAT``: the source asks for formats of
            which none can be downloaded. ``NO_DOWNLOAD_ITEM``: nothing fits.
        RequestError: ``NO_MATCH_QUALITY``: the forced quality is not there.
    """
    formats = (_lowered(wanted.formats) or DOWNLOADABLE_FORMATS) & DOWNLOADABLE_FORMATS
    if not formats:
        raise DownloadError(
            ErrorCode.NOT_SUPPORT_FORMAT, "The source asks for formats that cannot be downloaded."
        )
    definitions = _lowered(wanted.definitions)
    kinds = _lowered(wanted.stream_types)
    found = tuple(
        track
        for track in tracks
        if track.vod_format in formats
        and (not definitions or track.vod_definition.lower() in definitions)
        and (not kinds or track.stream_type.lower() in kinds)
    )
    if not found:
        raise DownloadError(
            ErrorCode.NO_DOWNLOAD_ITEM, "No stream of this video fits what the source asks for."
        )
    if wanted.quality:
        same = tuple(t for t in found if t.vod_definition.lower() == wanted.quality.lower())
        if not same and wanted.force_quality:
            raise RequestError(
                ErrorCode.NO_MATCH_QUALITY, "The video has no stream of the forced quality."
            )
        if wanted.force_quality:
            return same
        return same + tuple(track for track in found if track not in same)
    return found


def _lowered(values: tuple[str, ...]) -> frozenset[str]:
    return frozenset(value.strip().lower() for value in values if value.strip())


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) and value > 0 else 0.0


def _milliseconds(text: str) -> int:
    return round(_number(text) * 1000)
