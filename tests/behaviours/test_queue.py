"""A queue of real downloads: who runs, what a restart keeps, whose credential is used."""

from __future__ import annotations

import contextlib
import itertools
import threading
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest

from vodseal import (
    CredentialReason,
    DownloaderConfig,
    DownloadManager,
    ErrorCode,
    ItemState,
    QueueRules,
    WaitReason,
)
from vodseal.errors import DownloadError
from vodseal.player.decode import decode_to_nowhere
from vodseal.player.session import open_sealed
from vodseal.vault import key_service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.behaviours.house import House
    from tests.behaviours.phone import Phone
    from tests.behaviours.wire import Wire

    from vodseal import CredentialRequest, DownloadItem, VidSts

    Video = Callable[..., str]

PATIENCE, FRAMES = 120.0, 2000


class Queue:
    """A manager, and everything that it told."""

    def __init__(self, phone: Phone, wire: Wire | None = None, **more: Any) -> None:
        self.house = phone.house
        self.manager = DownloadManager(phone.save_dir, clock=phone.house.clock, **more)
        self.requests: list[CredentialRequest] = []
        self.heard: list[tuple[str, DownloadItem]] = []
        self._changed = threading.Condition()
        if wire is not None:
            self.manager.set_downloader_config(DownloaderConfig(http_proxy=wire.server.url))
        self.manager.set_credential_provider(self._credential)
        self.manager.add_listener(self)

    def _credential(self, request: CredentialRequest) -> VidSts:
        with self._changed:
            self.requests.append(request)
        return self.house.sts(request.vid)

    def on_state_changed(self, item: DownloadItem) -> None:
        self._hear(item.state.value, item)

    def on_progress(self, item: DownloadItem) -> None:
        self._hear("progress", item)

    def _hear(self, name: str, item: DownloadItem) -> None:
        with self._changed:
            self.heard.append((name, item))
            self._changed.notify_all()

    def wait_for(self, is_it: Callable[[str, DownloadItem], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(
                lambda: any(is_it(*one) for one in self.heard), PATIENCE
            ), self.heard

    def finish(self) -> tuple[DownloadItem, ...]:
        assert self.manager.wait(PATIENCE), self.manager.items()
        return self.manager.items()


@pytest.fixture
def new_queue(phone: Phone) -> Iterator[Callable[..., Queue]]:
    with contextlib.ExitStack() as stack:

        def new_queue(wire: Wire | None = None, **more: Any) -> Queue:
            made = Queue(phone, wire, **more)
            stack.callback(made.manager.close)
            return made

        yield new_queue


def frames(path: str) -> int:
    with open_sealed(path) as session:
        return decode_to_nowhere(session).frames


@pytest.mark.behaviour("B32", "B33", "B51")
def test_one_after_the_other_each_with_a_fresh_credential(
    new_queue: Callable[..., Queue], video: Video
) -> None:
    queue = new_queue(rules=QueueRules(limit=1))
    tracks = [(video("sharp"), 0), (video("sharp"), 1), (video("short"), 0)]
    for vid, index in tracks:
        queue.manager.add(vid, index)
    items = queue.finish()
    assert [item.state for item in items] == [ItemState.COMPLETED] * 3, items
    assert len({item.path for item in items}) == 3
    assert all(frames(item.path) for item in items)
    assert [(one.vid, one.reason) for one in queue.requests] == [
        (vid, CredentialReason.QUEUED_START) for vid, _ in tracks
    ]
    order = [(name, item.vid, item.index) for name, item in queue.heard]
    for before, after in itertools.pairwise(tracks):
        assert order.index(("completed", *before)) < order.index(("downloading", *after))


@pytest.mark.behaviour("B34", "B25")
def test_after_a_restart_nothing_runs_and_nothing_is_fetched_again(
    new_queue: Callable[..., Queue], phone: Phone, video: Video, wire: Wire
) -> None:
    vid = video("long")
    queue = new_queue(wire)
    wire.hold_after(5)
    queue.manager.add(vid, 0)
    wire.wait_for_segments(5)
    queue.wait_for(lambda name, item: name == "progress" and item.progress.downloading >= 10)
    queue.manager.close()
    before = queue.heard[-1][1].progress.downloading
    wire.release()
    wire.forget()
    kept = {sequence for sequence, _ in phone.staged()}
    later = new_queue(wire)
    (item,) = later.finish()
    assert (item.state, wire.requests) == (ItemState.STOPPED, [])
    assert item.progress.downloading >= before >= 10
    later.manager.resume_interrupted()
    (item,) = later.finish()
    assert item.state is ItemState.COMPLETED, item
    fetched = {int(PurePosixPath(path).stem) for path in wire.segments}
    assert kept
    assert not fetched & kept
    assert frames(item.path) == FRAMES
    percents = [one.progress.downloading for name, one in queue.heard + later.heard]
    assert percents == sorted(percents)


@pytest.mark.behaviour("B35")
def test_what_is_finished_is_reported_and_not_fetched(
    new_queue: Callable[..., Queue], phone: Phone, house: House, video: Video, wire: Wire
) -> None:
    source = house.sts(video("short"))
    path, _ = phone.download(source)
    queue = new_queue(wire)
    item = queue.manager.add(source.vid, 0)
    assert (item.state, item.path) == (ItemState.COMPLETED, str(path))
    queue.manager.add(video("sharp"), 0)
    with pytest.raises(DownloadError) as caught:
        queue.manager.add(video("sharp"), 0)
    assert caught.value.code is ErrorCode.ALREADY_QUEUED
    queue.finish()
    assert source.vid not in {one.vid for one in queue.requests}


@pytest.mark.behaviour("B36")
def test_a_disk_that_gets_full_pauses_and_space_goes_on(
    new_queue: Callable[..., Queue], video: Video, wire: Wire
) -> None:
    free = [10 << 30]
    queue = new_queue(wire, free_size=lambda _: free[0])
    wire.hold_after(5)
    queue.manager.add(video("long"), 0)
    wire.wait_for_segments(5)
    free[0] = 100 << 20
    queue.manager.refresh()
    queue.wait_for(lambda name, item: item.waits_for is WaitReason.SPACE)
    wire.release()
    free[0] = 10 << 30
    (item,) = queue.finish()
    assert item.state is ItemState.COMPLETED
    assert frames(item.path) == FRAMES


@pytest.mark.behaviour("B11", "B51")
def test_a_source_that_waited_too_long_fails_by_its_number_and_a_fresh_one_goes_on(
    new_queue: Callable[..., Queue], house: House, video: Video
) -> None:
    queue = new_queue()
    queue.manager.set_credential_provider(None)
    stale = house.sts(video("short"), seconds=900)
    house.clock.advance(1000)
    item = queue.manager.add(stale.vid, 0, source=stale)
    (failed,) = queue.finish()
    assert failed.error is not None
    assert failed.error.code is ErrorCode.SERVER_POP_TOKEN_EXPIRED
    queue.manager.update_source(item.id, house.sts(stale.vid))
    queue.manager.resume(item.id)
    (done,) = queue.finish()
    assert done.state is ItemState.COMPLETED


def test_a_removal_takes_files_and_license(
    new_queue: Callable[..., Queue], phone: Phone, video: Video
) -> None:
    queue = new_queue()
    item = queue.manager.add(video("short"), 0)
    queue.finish()
    keys = key_service.installed()
    assert keys is not None
    assert len(keys.licenses().book.license_ids()) == 1
    queue.manager.remove(item.id, with_files=True)
    assert queue.finish() == ()
    assert not list(phone.save_dir.glob("*_*"))
    assert keys.licenses().book.license_ids() == []


def test_a_queue_that_moves_goes_on_with_what_it_has(
    new_queue: Callable[..., Queue], phone: Phone, video: Video, wire: Wire
) -> None:
    queue = new_queue(wire)
    queue.manager.add(video("short"), 0)
    queue.finish()
    wire.forget()
    wire.hold_after(5)
    queue.manager.add(video("long"), 0)
    wire.wait_for_segments(5)
    queue.wait_for(lambda name, item: name == "progress" and item.progress.downloading >= 10)
    wire.cut()
    queue.manager.move_store(phone.folder / "elsewhere")
    kept = {path.name for path in (phone.folder / "elsewhere/.vseal").glob("*/stage/*")}
    wire.mend()
    wire.forget()
    if queue.manager.items()[1].state is ItemState.FAILED:
        queue.manager.resume_all()
    items = queue.finish()
    assert [item.state for item in items] == [ItemState.COMPLETED] * 2, items
    assert kept
    assert len(wire.segments) <= 14 - len(kept)
    assert {type(phone.folder)(item.path).parent for item in items} == {phone.folder / "elsewhere"}
    assert frames(items[1].path) == FRAMES
    assert not list(phone.save_dir.glob("*.vseal/*_*"))
