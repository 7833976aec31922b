"""The asyncio face of a queue: its calls, its events, and what leaving it ends."""

from __future__ import annotations

import asyncio
import inspect
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from vodseal import CredentialReason, CredentialRequest, DownloadManager, VidSts
from vodseal.aio import AsyncDownloadManager, QueueChange, QueueEvent
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, MisuseError
from vodseal.sdk.manager.model import ItemState
from vodseal.testing.downloader import FakeDownloads

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

PATIENCE = 120.0
NOT_AWAITED = {
    "add_listener", "close", "refresh", "remove_listener", "rules", "save_dir",
    "set_downloader_config", "set_limit", "set_metered_hook", "set_rate", "set_rules",
}  # fmt: skip
"""They read and write nothing: `queue.manager` has them."""


@pytest.fixture
def downloads() -> FakeDownloads:
    return FakeDownloads()


@pytest.fixture
def queue_of(tmp_path: Path, downloads: FakeDownloads) -> Callable[[], AsyncDownloadManager]:
    return lambda: AsyncDownloadManager(tmp_path / "films", make_downloader=downloads.make)


def run(work: Coroutine[object, object, None]) -> None:
    """Run on a loop of its own, and leave no thread of a queue behind."""
    asyncio.run(asyncio.wait_for(work, PATIENCE))
    assert not [one for one in threading.enumerate() if one.name == "vodseal-queue"]


def source(vid: str) -> VidSts:
    return VidSts(vid=vid, access_key_id="id", access_key_secret="secret", security_token="t")


def test_every_call_of_the_manager_is_a_coroutine_or_waits_for_nothing() -> None:
    def names(owner: type) -> set[str]:
        return {name for name, _ in inspect.getmembers(owner) if not name.startswith("_")}

    face = names(AsyncDownloadManager)
    assert names(DownloadManager) - face == NOT_AWAITED
    assert face - names(DownloadManager) == {"events", "manager"}
    for name in face - {"events", "manager", "set_credential_provider"}:
        assert asyncio.iscoroutinefunction(getattr(AsyncDownloadManager, name)), name


def test_a_download_from_its_place_in_the_queue_to_its_file(
    queue_of: Callable[[], AsyncDownloadManager], downloads: FakeDownloads
) -> None:
    async def work() -> None:
        heard: list[QueueChange] = []
        async with queue_of() as queue, queue.events() as events:

            async def hear() -> None:
                heard.extend([change async for change in events])

            ear = asyncio.create_task(hear())
            item = await queue.add("a", 0, title="A", source=source("a"))
            (await asyncio.to_thread(downloads.wait_for, "a")).complete()
            await queue.wait()
            assert (await queue.item(item.id)).state is ItemState.COMPLETED
            assert [one.vid for one in await queue.items()] == ["a"]
            assert queue.manager.item(item.id).title == "A"
            await queue.remove(item.id, with_files=False)
            await queue.wait()
        await ear
        names = [change.event for change in heard]
        assert names[0] is QueueEvent.ADDED
        assert names[-1] is QueueEvent.REMOVED
        assert names.count(QueueEvent.COMPLETED) == 1
        with pytest.raises(MisuseError):
            await queue.items()

    run(work())


def test_a_cancelled_wait_ends_no_download_and_leaving_does(
    queue_of: Callable[[], AsyncDownloadManager], downloads: FakeDownloads
) -> None:
    async def work() -> None:
        async with queue_of() as queue:
            await queue.add("a", 0, source=source("a"))
            await asyncio.to_thread(downloads.wait_for, "a")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(queue.wait(), 0.05)
            assert downloads.running() == ["a"]
        assert downloads.running() == []
        async with queue_of() as queue:
            (item,) = await queue.items()
            assert item.state is ItemState.STOPPED
            await queue.resume_interrupted()
            await asyncio.to_thread(downloads.wait_for, "a")

    run(work())


def test_errors_are_those_of_the_manager(queue_of: Callable[[], AsyncDownloadManager]) -> None:
    async def work() -> None:
        with pytest.raises(MisuseError):
            queue_of().events()
        async with queue_of() as queue:
            with pytest.raises(DownloadError) as in_use:
                await queue_of().__aenter__()
            assert in_use.value.code is ErrorCode.QUEUE_IN_USE
            with pytest.raises(DownloadError) as unknown:
                await queue.item(99)
            assert unknown.value.code is ErrorCode.NOT_IN_QUEUE

    run(work())


def test_a_cancelled_opening_leaves_the_queue_to_others(
    queue_of: Callable[[], AsyncDownloadManager],
) -> None:
    opened, go_on = threading.Event(), threading.Event()

    async def work() -> None:
        queue = queue_of()
        open_manager = queue._open

        def open_slowly() -> DownloadManager:
            manager = open_manager()
            opened.set()
            assert go_on.wait(PATIENCE)
            return manager

        queue._open = open_slowly  # type: ignore[assignment]  # no partial
        task = asyncio.create_task(queue.__aenter__())
        await asyncio.to_thread(opened.wait, PATIENCE)
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with queue_of():
            pass

    run(work())


def test_a_slow_task_hears_the_newest_progress_and_everything_else(
    queue_of: Callable[[], AsyncDownloadManager],
) -> None:
    async def work() -> None:
        async with queue_of() as queue, queue.events() as events:
            await queue.add("a", 0)
            await queue.pause_all()
            first = await anext(events)
            while events._pending:
                await anext(events)
            told = [
                (QueueEvent.PROGRESS, 1), (QueueEvent.PROGRESS, 2), (QueueEvent.STATE_CHANGED, 3),
                (QueueEvent.PROGRESS, 4), (QueueEvent.COMPLETED, 5),
            ]  # fmt: skip
            for event, number in told:
                events._hear(event, replace(first.item, position=number))
            await asyncio.sleep(0)
            left = [await anext(events) for _ in range(3)]
            assert [(one.event, one.item.position) for one in left] == told[2:]

    run(work())


def test_a_coroutine_gives_credentials_until_the_queue_is_closed(
    queue_of: Callable[[], AsyncDownloadManager], downloads: FakeDownloads
) -> None:
    request = CredentialRequest(vid="a", reason=CredentialReason.QUEUED_START)

    async def provide(asked: CredentialRequest) -> VidSts:
        await asyncio.sleep(0)
        return source(asked.vid)

    async def work() -> None:
        async with queue_of() as queue:
            queue.set_credential_provider(provide)
            await queue.add("a", 0, source=source("a"))
            provider = (await asyncio.to_thread(downloads.wait_for, "a")).provider
            assert provider is not None
            assert await asyncio.to_thread(provider, request) == source("a")
            queue.set_credential_provider(None)
        assert await asyncio.to_thread(provider, request) is None

    run(work())


def test_one_queue_on_one_loop_after_another(
    queue_of: Callable[[], AsyncDownloadManager], downloads: FakeDownloads
) -> None:
    queue = queue_of()

    async def work(vid: str, count: int) -> None:
        async with queue:
            await queue.add(vid, 0, source=source(vid))
            (await asyncio.to_thread(downloads.wait_for, vid)).complete()
            await queue.wait()
            assert len(await queue.items()) == count

    run(work("a", 1))
    run(work("b", 2))
