"""The manager as an app uses it: its thread, its listeners, its rules."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.sdk.manager.world import PATIENCE

from vodseal import VidSts
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, MisuseError
from vodseal.media.tracks import TrackInfo
from vodseal.sdk.config import DownloaderConfig
from vodseal.sdk.manager.editor import QueueEditor
from vodseal.sdk.manager.manager import DownloadManager
from vodseal.sdk.manager.model import ItemState, TimeWindow, WaitReason
from vodseal.sdk.manager.reconcile import QueueRules
from vodseal.testing.clock import FakeClock
from vodseal.testing.downloader import FakeDownloads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from vodseal.sdk.manager.model import DownloadItem

SOURCE = VidSts(vid="a", access_key_id="id", access_key_secret="secret", security_token="t")


class Ear:
    """Hears everything a manager tells."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, DownloadItem]] = []
        self._changed = threading.Condition()

    def __getattr__(self, name: str) -> Callable[[DownloadItem], None]:
        if not name.startswith("on_"):
            raise AttributeError(name)
        return lambda item: self._hear(name, item)

    def _hear(self, name: str, item: DownloadItem) -> None:
        with self._changed:
            self.heard.append((name, item))
            self._changed.notify_all()

    def names(self, vid: str) -> list[str]:
        return [name for name, item in self.heard if item.vid == vid]

    def wait_for(self, name: str, vid: str, **fields: Any) -> DownloadItem:
        def found() -> DownloadItem | None:
            for told, item in self.heard:
                fits = all(getattr(item, field) == value for field, value in fields.items())
                if (told, item.vid) == (name, vid) and fits:
                    return item
            return None

        with self._changed:
            assert self._changed.wait_for(found, PATIENCE), (name, vid, fields, self.heard)
            item = found()
            assert item is not None
            return item


class Opened:
    def __init__(self, save_dir: Path) -> None:
        self.save_dir = save_dir
        self.downloads = FakeDownloads()
        self.clock = FakeClock()
        self.free: int | None = None
        self.managers: list[DownloadManager] = []

    def open(self, **more: Any) -> tuple[DownloadManager, Ear]:
        manager = DownloadManager(
            self.save_dir,
            clock=self.clock,
            make_downloader=self.downloads.make,
            free_size=lambda _: self.free,
            **more,
        )
        ear = Ear()
        manager.add_listener(ear)
        self.managers.append(manager)
        return manager, ear


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    made = Opened(tmp_path / "films")
    yield made
    for manager in made.managers:
        manager.close()


def track(index: int = 0, size: int = 1000) -> TrackInfo:
    return TrackInfo(index=index, vod_format="m3u8", vod_definition="HD", vod_file_size=size)


def test_one_download_from_adding_to_its_end(opened: Opened) -> None:
    manager, ear = opened.open()
    item = manager.add("a", track(), source=SOURCE, title="Ein Film", group="Eine Serie")
    assert (item.index, item.format, item.definition) == (0, "m3u8", "HD")
    assert (item.title, item.group, item.progress.total_size) == ("Ein Film", "Eine Serie", 1000)
    one = opened.downloads.wait_for("a")
    assert one.sources == [SOURCE]
    one.advance(50, done=500, total=1000)
    manager.refresh()
    ear.wait_for("on_progress", "a")
    one.complete()
    done = ear.wait_for("on_completed", "a")
    assert done.path == str(manager.save_dir / "a_m3u8_0.vseal")
    assert manager.wait(PATIENCE)
    assert manager.item(item.id).state is ItemState.COMPLETED
    names = ear.names("a")
    assert names[0] == "on_added"
    assert names[-3:] == ["on_progress", "on_state_changed", "on_completed"]
    assert names.count("on_completed") == 1


def test_an_error_is_told_with_its_number(opened: Opened) -> None:
    manager, ear = opened.open()
    manager.add("a", 0)
    opened.downloads.wait_for("a").fail(ErrorCode.NET_ERROR)
    error = ear.wait_for("on_error", "a").error
    assert error is not None
    assert error.code is ErrorCode.NET_ERROR
    assert manager.wait(PATIENCE)


@pytest.mark.behaviour("B35")
def test_a_duplicate_is_refused_and_a_finished_one_reported(opened: Opened) -> None:
    manager, ear = opened.open()
    first = manager.add("a", 0, source=SOURCE)
    with pytest.raises(DownloadError) as caught:
        manager.add("a", 0, source=VidSts(vid="a"))
    assert caught.value.code is ErrorCode.ALREADY_QUEUED
    assert manager._settings.sources["a", 0] is SOURCE
    opened.downloads.wait_for("a").complete()
    ear.wait_for("on_completed", "a")
    again = manager.add("a", 0)
    assert (again.id, again.state) == (first.id, ItemState.COMPLETED)
    assert len(opened.downloads.made) == 1


@pytest.mark.behaviour("B35")
def test_a_finished_file_that_no_queue_knows_is_reported_as_finished(opened: Opened) -> None:
    manager, ear = opened.open()
    item = manager.add("a", 0)
    opened.downloads.wait_for("a").complete()
    ear.wait_for("on_completed", "a")
    manager.remove(item.id, with_files=False)
    ear.wait_for("on_removed", "a")
    again = manager.add("a", 0)
    assert (again.state, again.id > item.id) == (ItemState.COMPLETED, True)
    assert again.path.endswith("a_m3u8_0.vseal")


@pytest.mark.behaviour("B35", "B24")
def test_a_finished_one_whose_file_is_gone_is_downloaded_again(opened: Opened) -> None:
    manager, ear = opened.open()
    manager.add("a", 0)
    opened.downloads.wait_for("a").complete()
    done = ear.wait_for("on_completed", "a")
    type(manager.save_dir)(done.path).unlink()
    again = manager.add("a", 0)
    assert again.progress.downloading == 0
    opened.downloads.wait_for("a").complete()
    assert manager.wait(PATIENCE)
    assert manager.item(again.id).state is ItemState.COMPLETED


@pytest.mark.behaviour("B34")
def test_a_new_manager_runs_nothing_by_itself(opened: Opened) -> None:
    manager, ear = opened.open(rules=QueueRules(limit=1))
    manager.add("a", 0)
    manager.add("b", 0)
    manager.add("c", 0)
    opened.downloads.wait_for("a").complete()
    done = ear.wait_for("on_completed", "a")
    opened.downloads.wait_for("b").advance(30)
    manager.refresh()
    ear.wait_for("on_progress", "b")
    manager.close()
    later, ear = opened.open(rules=QueueRules(limit=1))
    assert later.wait(PATIENCE)
    assert [(item.vid, item.state.value) for item in later.items()] == [
        ("a", "completed"),
        ("b", "stopped"),
        ("c", "stopped"),
    ]
    assert later.items()[0].path == done.path
    assert later.items()[1].progress.downloading == 30
    assert opened.downloads.running() == []
    later.resume_interrupted()
    opened.downloads.wait_for("b").complete()
    opened.downloads.wait_for("c").complete()
    assert later.wait(PATIENCE)
    assert {item.state.value for item in later.items()} == {"completed"}


def test_one_and_all_can_be_paused_resumed_stopped_and_removed(opened: Opened) -> None:
    manager, ear = opened.open()
    ids = {
        vid: manager.add(vid, 0, group=group).id for vid, group in zip("abc", "xxy", strict=True)
    }
    opened.downloads.wait_for("c")
    manager.pause_all(group="x")
    for vid in "ab":
        ear.wait_for("on_state_changed", vid, state=ItemState.PAUSED)
    assert opened.downloads.running() == ["c"]
    manager.stop(ids["c"])
    ear.wait_for("on_state_changed", "c", state=ItemState.STOPPED)
    manager.resume(ids["a"])
    opened.downloads.wait_for("a")
    manager.pause(ids["a"])
    manager.resume_all()
    opened.downloads.wait_for("c")
    manager.stop_all()
    ear.wait_for("on_state_changed", "b", state=ItemState.STOPPED)
    manager.remove(ids["a"], with_files=True)
    ear.wait_for("on_removed", "a")
    manager.remove_all(with_files=False, group="y")
    ear.wait_for("on_removed", "c")
    assert [item.vid for item in manager.items()] == ["b"]
    manager.remove_all(with_files=True)
    ear.wait_for("on_removed", "b")
    assert manager.wait(PATIENCE)


def test_order_and_priority(opened: Opened) -> None:
    manager, _ = opened.open(rules=QueueRules(limit=1))
    ids = {vid: manager.add(vid, 0).id for vid in "abcd"}
    opened.downloads.wait_for("a")
    manager.reorder(ids["d"], before=ids["b"])
    assert [item.vid for item in manager.items()] == list("adbc")
    manager.set_priority(ids["c"], 5)
    assert [item.vid for item in manager.items()] == list("cadb")
    manager.reorder(ids["b"], before=ids["c"])
    assert [item.vid for item in manager.items()] == list("bcad")
    manager.reorder(ids["b"])
    assert [item.vid for item in manager.items()] == list("cbad")
    assert opened.downloads.running() == ["a"], "nobody is stopped for somebody else"
    opened.downloads.wait_for("a").complete()
    opened.downloads.wait_for("c")


def test_what_is_not_there_has_a_number(opened: Opened) -> None:
    manager, _ = opened.open()
    item = manager.add("a", 0)
    for call in (
        lambda: manager.item(99),
        lambda: manager.pause(99),
        lambda: manager.reorder(item.id, before=99),
        lambda: manager.note_watched(99, 1),
    ):
        with pytest.raises(DownloadError) as caught:
            call()
        assert caught.value.code is ErrorCode.NOT_IN_QUEUE


def test_what_cannot_be_is_refused(opened: Opened) -> None:
    manager, _ = opened.open()
    for wrong in (
        lambda: manager.add("../a", 0),
        lambda: manager.add("a", -1),
        lambda: manager.add("a", 0, bytes_per_second=0),
        lambda: manager.set_item_rate(manager.add("a", 0).id, -1),
        lambda: manager.set_rate(0),
        lambda: manager.set_limit(6),
    ):
        with pytest.raises(MisuseError):
            wrong()
    assert len(manager.items()) == 1


def test_limits_and_settings_take_effect(opened: Opened) -> None:
    manager, ear = opened.open()
    config = DownloaderConfig(referer="https://example.org")
    manager.set_downloader_config(config)
    manager.set_credential_provider(lambda _: None)
    manager.set_rate(5000)
    a = manager.add("a", 0, bytes_per_second=100)
    manager.add("b", 0)
    one = opened.downloads.wait_for("a")
    opened.downloads.wait_for("b")
    assert (one.config, one.rate_limit.bytes_per_second) == (config, 100)
    assert one.provider is not None
    assert one.rate_limit.parent is not None
    assert one.rate_limit.parent.bytes_per_second == 5000
    manager.set_item_rate(a.id, None)
    manager.set_limit(1)
    ear.wait_for("on_state_changed", "b", waits_for=WaitReason.TURN)
    assert one.rate_limit.bytes_per_second is None
    assert manager.rules.limit == 1
    fresh = VidSts(vid="a", access_key_id="2")
    manager.update_source(a.id, fresh)
    assert one.sources[-1] is fresh


def test_rules_hold_while_it_runs(opened: Opened) -> None:
    manager, ear = opened.open()
    manager.set_metered_hook(lambda: True)
    item = manager.add("a", 0)
    ear.wait_for("on_state_changed", "a", waits_for=WaitReason.NETWORK)
    manager.set_rules(QueueRules(metered_allowed=True))
    opened.downloads.wait_for("a")
    manager.set_window(item.id, TimeWindow.parse("00:00-00:01"))
    opened.clock.set_now(opened.clock.now() // 86400 * 86400 + 12 * 3600)
    manager.refresh()
    ear.wait_for("on_state_changed", "a", waits_for=WaitReason.SCHEDULE)


def test_another_process_edits_what_runs(opened: Opened) -> None:
    manager, ear = opened.open()
    a = manager.add("a", 0)
    opened.downloads.wait_for("a")
    with QueueEditor(manager.save_dir) as editor:
        assert [item.state for item in editor.items()] == [ItemState.DOWNLOADING]
        editor.pause(a.id)
        editor.add("b", 0)
    ear.wait_for("on_state_changed", "a", state=ItemState.PAUSED)
    opened.downloads.wait_for("b")
    ear.wait_for("on_added", "b")


def test_one_alone_runs_a_queue(opened: Opened) -> None:
    opened.open()
    with pytest.raises(DownloadError) as caught:
        opened.open()
    assert caught.value.code is ErrorCode.QUEUE_IN_USE


def test_listeners_may_do_anything_and_one_that_raises_stops_nothing(opened: Opened) -> None:
    manager, ear = opened.open()

    class Chain:
        def on_completed(self, item: DownloadItem) -> None:
            if item.vid == "a":
                manager.add("b", 0)
                opened.downloads.wait_for("b").complete()
            with pytest.raises(MisuseError):
                manager.wait()
            raise KeyError(item.vid)

    chain = Chain()
    manager.add_listener(chain)
    manager.add_listener(chain)
    manager.add("a", 0)
    opened.downloads.wait_for("a").complete()
    assert manager.wait(PATIENCE)
    assert ear.names("b").count("on_completed") == 1
    manager.remove_listener(ear)
    heard = len(ear.heard)
    manager.remove_all(with_files=True)
    assert manager.wait(PATIENCE)
    assert len(ear.heard) == heard


def test_nothing_is_told_after_close_and_close_may_come_from_a_listener(opened: Opened) -> None:
    manager, ear = opened.open()
    closed = threading.Event()

    class Closer:
        def on_state_changed(self, item: DownloadItem) -> None:
            if item.state is ItemState.PAUSED:
                manager.close()
                closed.set()

    manager.add_listener(Closer())
    item = manager.add("a", 0)
    one = opened.downloads.wait_for("a")
    manager.pause(item.id)
    assert closed.wait(PATIENCE)
    heard = len(ear.heard)
    one.complete()
    manager.close()
    assert len(ear.heard) == heard
    assert one.state in {"completed", "released"}


def test_wait_gives_up_in_time(opened: Opened) -> None:
    manager, _ = opened.open()
    manager.add("a", 0)
    assert not manager.wait(0.01)


def test_estimates_before_a_start(opened: Opened) -> None:
    opened.free = 500 << 20
    manager, _ = opened.open()
    fitting = manager.estimate([track(size=200 << 20)])
    assert (fitting.download_size, fitting.disk_size) == (200 << 20, 400 << 20)
    assert (fitting.fits, fitting.seconds, fitting.unknown_count) == (True, None, 0)
    assert not manager.estimate([track(size=201 << 20), track(size=0)]).fits
    assert manager.estimate([track(size=0)]).unknown_count == 1
    manager.set_rate(1 << 20)
    assert manager.estimate([track(size=200 << 20)]).seconds == 200
    manager.add("a", track(size=100 << 20))
    opened.downloads.wait_for("a").advance(50, done=50 << 20, total=100 << 20)
    manager.refresh()
    assert manager.estimate().disk_size in {200 << 20, 150 << 20}
    assert manager.estimate().free_size == 500 << 20


def test_groups_and_watch_history(opened: Opened) -> None:
    manager, ear = opened.open()
    ids = [
        manager.add(vid, track(size=10), group=group).id
        for vid, group in (("a", "s"), ("b", "s"), ("c", ""))
    ]
    opened.downloads.wait_for("a").complete()
    ear.wait_for("on_completed", "a")
    unsorted, series = manager.groups()
    assert (unsorted.name, unsorted.count) == ("", 1)
    assert (series.name, series.count, series.completed) == ("s", 2, 1)
    assert (series.done_size, series.total_size) == (10, 20)
    assert manager.history() == ()
    manager.note_watched(ids[1], 5)
    opened.clock.advance(60)
    manager.note_watched(ids[0], 90_000)
    assert [(one.vid, one.watched_position_ms) for one in manager.history()] == [
        ("a", 90_000),
        ("b", 5),
    ]


def test_the_process_ends_when_the_app_forgot_to_close(tmp_path: Path) -> None:
    code = (
        "import sys; from vodseal.sdk.manager.manager import DownloadManager\n"
        "class Ear:\n"
        "    def on_error(self, item): print(item.error.name)\n"
        "manager = DownloadManager(sys.argv[1])\n"
        "manager.add_listener(Ear())\n"
        "manager.add('a', 0)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ended.stdout.split() == ["STS_SOURCE_NULL"], ended.stderr
