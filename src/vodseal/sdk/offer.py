"""What may be downloaded of a video now: the service's mode and its streams.

Asked at prepare and again at start, because both can change in between (design
3.6, B12, B48). Which tracks are offered follows from the mode:

* off: none, 30010009.
* normal: what is not encrypted, and what is encrypted privately: it is opened
  while it is saved (B15). HLS-encrypted video is for secure mode (B41).
* secure: that, and AES-128 HLS.

A service without ``GetDownloadPolicy``, as the vendor's cloud is, counts as
secure when a security file is loaded, and as off otherwise: never silently plain.
Streams under any other encryption are never offered (B40), previews neither (B53).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, RequestError
from vodseal.media.encryption import EncryptType
from vodseal.media.tracks import DOWNLOADABLE_FORMATS, filter_tracks, media_info

if TYPE_CHECKING:
    from vodseal.media.tracks import MediaInfo, TrackInfo
    from vodseal.sdk.sources import Source
    from vodseal.sdk.transport import RpcClient

__all__ = ["DownloadMode", "Offer", "choose_track", "fetch_mode", "fetch_offer", "offered_media"]

_ALWAYS: Final = frozenset({EncryptType.NONE.value, EncryptType.PRIVATE.value})


class DownloadMode(StrEnum):
    """What the service allows. The values are the service's."""

    OFF = "off"
    NORMAL = "normal"
    SECURE = "secure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A video as it may be downloaded now; ``media`` lists every stream, offered or not."""

    mode: DownloadMode
    media: MediaInfo


def fetch_mode(client: RpcClient, vid: str, *, sealing: bool) -> DownloadMode:
    """Return the mode in which ``vid`` may be saved now; never ``OFF``.

    Args:
        client: Who is asked.
        vid: The video.
        sealing: Whether a security file is loaded; decides for a service that
            does not know the question.

    Raises:
        DownloadError: ``DOWNLOAD_SWITCH_OFF``.
        RequestError: The service refused, or its answer makes no sense.
    """
    policy = client.get_download_policy(vid)
    if policy is None:
        if sealing:
            return DownloadMode.SECURE
        raise DownloadError(
            ErrorCode.DOWNLOAD_SWITCH_OFF,
            "This service does not say how a video may be saved, and no security file is loaded",
            remedy="Load the app's security file with PrivateService.init_service().",
        )
    try:
        mode = DownloadMode(policy.download_mode)
    except ValueError:
        raise RequestError(
            ErrorCode.SERVER_WRONG_JSON,
            "The service named a download mode that is not known",
            request_id=policy.request_id,
        ) from None
    if mode is DownloadMode.OFF:
        raise DownloadError(
            ErrorCode.DOWNLOAD_SWITCH_OFF,
            "Download is switched off for this service",
            request_id=policy.request_id,
        )
    return mode


def fetch_offer(client: RpcClient, source: Source, *, sealing: bool) -> Offer:
    """Return what may be downloaded of the source's video.

    Raises:
        DownloadError: ``DOWNLOAD_SWITCH_OFF``, or ``NO_DOWNLOAD_ITEM`` for a preview.
        RequestError: The service refused, or did not answer.
    """
    if source.is_preview():
        raise DownloadError(
            ErrorCode.NO_DOWNLOAD_ITEM,
            "The source asks for a preview, which cannot be downloaded",
            remedy="Make the source's play_config without set_preview_time().",
        )
    mode = fetch_mode(client, source.vid, sealing=sealing)
    return Offer(mode=mode, media=media_info(client.get_play_info(source)))


def offered_media(offer: Offer, source: Source) -> MediaInfo:
    """Return the media info with the tracks that the source asks for and the mode allows.

    Raises:
        DownloadError: ``NO_DOWNLOAD_ITEM``, ``NOT_SUPPORT_FORMAT``, or
            ``ENCRYPTION_NOT_SUPPORT`` when encryption alone is in the way.
        RequestError: ``NO_MATCH_QUALITY``.
    """
    wanted = filter_tracks(offer.media.tracks, source.track_filter())
    tracks = tuple(track for track in wanted if _opens(track, offer.mode))
    if tracks:
        return replace(offer.media, tracks=tracks)
    if any(track.encrypt_type == EncryptType.HLS for track in wanted):
        raise DownloadError(
            ErrorCode.NO_DOWNLOAD_ITEM,
            "HLS-encrypted video is downloaded in secure mode only",
            remedy="The operator turns it on: settings set download-mode secure.",
        )
    raise _unsupported(wanted[0])


def choose_track(offer: Offer, source: Source, index: int) -> TrackInfo:
    """Return the track of ``index``, when it may be downloaded.

    Raises:
        DownloadError: ``INVALID_ITEM``: no such track, or not one that the
            source asks for. ``NOT_SUPPORT_FORMAT``, ``ENCRYPTION_NOT_SUPPORT``.
    """
    track = offer.media.track(index)
    if track is None:
        raise DownloadError(ErrorCode.INVALID_ITEM, f"The video has no track with index {index}")
    if track.vod_format not in DOWNLOADABLE_FORMATS:
        raise DownloadError(
            ErrorCode.NOT_SUPPORT_FORMAT, f"Track {index} has the format {track.vod_format!r}"
        )
    if not _opens(track, offer.mode):
        raise _unsupported(track)
    if track not in filter_tracks(offer.media.tracks, source.track_filter()):
        raise DownloadError(
            ErrorCode.INVALID_ITEM, f"The source's filters leave out the track with index {index}"
        )
    return track


def _opens(track: TrackInfo, mode: DownloadMode) -> bool:
    if track.encrypt_type in _ALWAYS:
        return True
    return track.encrypt_type == EncryptType.HLS and mode is DownloadMode.SECURE


def _unsupported(track: TrackInfo) -> DownloadError:
    return DownloadError(
        ErrorCode.ENCRYPTION_NOT_SUPPORT,
        f"Track {track.index} has the encryption {track.encrypt_type}, "
        "which is not supported in this download mode",
    )
