"""Secure video download for offline playback.

    from vodseal import MediaDownloader, PrivateService, VidAuth

Everything that an app needs is here. Each name is loaded on its first use, so
that importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from vodseal.credential.fingerprint import AppIdentity
    from vodseal.download.rate import RateLimit
    from vodseal.download.states import State
    from vodseal.error_codes import ErrorCode
    from vodseal.errors import VodsealError
    from vodseal.license.policy import RemainingTime
    from vodseal.media.tracks import MediaInfo, TrackInfo
    from vodseal.sdk.config import DownloaderConfig
    from vodseal.sdk.credentials import CredentialReason, CredentialRequest
    from vodseal.sdk.downloader import MediaDownloader
    from vodseal.sdk.error_info import ErrorInfo
    from vodseal.sdk.factory import DownloaderFactory
    from vodseal.sdk.manager.editor import QueueEditor
    from vodseal.sdk.manager.estimate import Estimate
    from vodseal.sdk.manager.manager import DownloadManager
    from vodseal.sdk.manager.model import (
        DownloadGroup,
        DownloadItem,
        ItemState,
        TimeWindow,
        WaitReason,
    )
    from vodseal.sdk.manager.reconcile import QueueRules
    from vodseal.sdk.offline_license import OfflineLicense
    from vodseal.sdk.player_config import VidPlayerConfigGen
    from vodseal.sdk.private_service import PrivateService
    from vodseal.sdk.progress import Progress
    from vodseal.sdk.rekey import RekeyLeft, RekeyResult
    from vodseal.sdk.sources import VidAuth, VidSts
    from vodseal.sdk.stored_download import DeleteResult

_HOMES: Final = {
    "AppIdentity": "vodseal.credential.fingerprint",
    "CredentialReason": "vodseal.sdk.credentials",
    "CredentialRequest": "vodseal.sdk.credentials",
    "DeleteResult": "vodseal.sdk.stored_download",
    "DownloadGroup": "vodseal.sdk.manager.model",
    "DownloadItem": "vodseal.sdk.manager.model",
    "DownloadManager": "vodseal.sdk.manager.manager",
    "DownloaderConfig": "vodseal.sdk.config",
    "DownloaderFactory": "vodseal.sdk.factory",
    "ErrorCode": "vodseal.error_codes",
    "ErrorInfo": "vodseal.sdk.error_info",
    "Estimate": "vodseal.sdk.manager.estimate",
    "ItemState": "vodseal.sdk.manager.model",
    "MediaDownloader": "vodseal.sdk.downloader",
    "MediaInfo": "vodseal.media.tracks",
    "OfflineLicense": "vodseal.sdk.offline_license",
    "PrivateService": "vodseal.sdk.private_service",
    "Progress": "vodseal.sdk.progress",
    "QueueEditor": "vodseal.sdk.manager.editor",
    "QueueRules": "vodseal.sdk.manager.reconcile",
    "RateLimit": "vodseal.download.rate",
    "RekeyLeft": "vodseal.sdk.rekey",
    "RekeyResult": "vodseal.sdk.rekey",
    "RemainingTime": "vodseal.license.policy",
    "State": "vodseal.download.states",
    "TimeWindow": "vodseal.sdk.manager.model",
    "TrackInfo": "vodseal.media.tracks",
    "VidAuth": "vodseal.sdk.sources",
    "VidPlayerConfigGen": "vodseal.sdk.player_config",
    "VidSts": "vodseal.sdk.sources",
    "VodsealError": "vodseal.errors",
    "WaitReason": "vodseal.sdk.manager.model",
}

__all__ = [
    "AppIdentity",
    "CredentialReason",
    "CredentialRequest",
    "DeleteResult",
    "DownloadGroup",
    "DownloadItem",
    "DownloadManager",
    "DownloaderConfig",
    "DownloaderFactory",
    "ErrorCode",
    "ErrorInfo",
    "Estimate",
    "ItemState",
    "MediaDownloader",
    "MediaInfo",
    "OfflineLicense",
    "PrivateService",
    "Progress",
    "QueueEditor",
    "QueueRules",
    "RateLimit",
    "RekeyLeft",
    "RekeyResult",
    "RemainingTime",
    "State",
    "TimeWindow",
    "TrackInfo",
    "VidAuth",
    "VidPlayerConfigGen",
    "VidSts",
    "VodsealError",
    "WaitReason",
]


def __getattr__(name: str) -> object:
    """Load a public name on its first use."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value
