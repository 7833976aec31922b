"""The SDK for asyncio: the same objects, with the calls that wait as coroutines (design.md 3, 3).

    from vodseal.aio import AsyncDownloadManager, AsyncMediaDownloader

There is no second engine and no second set of rules here: a face calls the
object that it shows, and tells the event loop what became of it. Other calls
that wait, such as ``OfflineLicense.renew`` or ``PrivateService.rekey``, go
through ``asyncio.to_thread``.
"""

from __future__ import annotations

from vodseal.aio.downloader import AsyncMediaDownloader
from vodseal.aio.manager import AsyncDownloadManager
from vodseal.aio.provider import AsyncCredentialProvider
from vodseal.aio.queue_events import QueueChange, QueueEvents
from vodseal.errors import StoppedError
from vodseal.sdk.manager.telling import QueueEvent

__all__ = [
    "AsyncCredentialProvider",
    "AsyncDownloadManager",
    "AsyncMediaDownloader",
    "QueueChange",
    "QueueEvent",
    "QueueEvents",
    "StoppedError",
]
