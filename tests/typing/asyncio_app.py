"""An asyncio app. Nothing runs it: mypy has to accept it, and to refuse the lines that say so."""

from __future__ import annotations

from contextlib import aclosing
from typing import assert_type

from vodseal import (
    CredentialRequest,
    DeleteResult,
    DownloadItem,
    MediaInfo,
    Progress,
    VidAuth,
    VidSts,
)
from vodseal.aio import (
    AsyncCredentialProvider,
    AsyncDownloadManager,
    AsyncMediaDownloader,
    QueueChange,
)


async def provide(request: CredentialRequest) -> VidSts:
    return VidSts(vid=request.vid)


async def app(source: VidAuth) -> None:
    async with AsyncMediaDownloader() as downloader:
        assert_type(downloader, AsyncMediaDownloader)
        assert_type(downloader.set_save_dir("videos"), None)
        assert_type(downloader.select_item(0), None)
        assert_type(downloader.get_file_path(), str)
        provider: AsyncCredentialProvider = provide
        downloader.set_credential_provider(provider)
        assert_type(await downloader.prepare(source), MediaInfo)
        assert_type(await downloader.start(), str)
        async for progress in downloader.download():
            assert_type(progress, Progress)
        async with aclosing(downloader.download()) as progresses:
            assert_type(await anext(progresses), Progress)
        assert_type(await downloader.delete_file(), DeleteResult)

        downloader.select_item("0")  # type: ignore[arg-type]  # has to be refused
        downloader.set_save_dir()  # type: ignore[call-arg]  # has to be refused
        downloader.set_credential_provider(lambda _: source)  # type: ignore[arg-type, return-value]  # has to be refused
        await downloader.prepare("vid")  # type: ignore[arg-type]  # has to be refused
        await downloader.download()  # type: ignore[misc]  # has to be refused


async def queue() -> None:
    async with AsyncDownloadManager("videos") as downloads, downloads.events() as events:
        downloads.set_credential_provider(provide)
        assert_type(await downloads.add("vid", 0, title="A film"), DownloadItem)
        assert_type(await downloads.items(group="Die Serie"), tuple[DownloadItem, ...])
        assert_type(await downloads.pause_all(), None)
        async for change in events:
            assert_type(change, QueueChange)

        await downloads.add("vid")  # type: ignore[call-arg]  # has to be refused
        await downloads.remove(1)  # type: ignore[call-arg]  # has to be refused
        await downloads.set_priority("1", 2)  # type: ignore[arg-type]  # has to be refused
