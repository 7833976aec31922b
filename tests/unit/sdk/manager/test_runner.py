"""The runs of a queue, step by step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vodseal import VidSts
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError
from vodseal.sdk.error_info import error_info
from vodseal.sdk.manager.model import (
    DownloadItem,
    Edit,
    Fact,
    ItemState,
    TimeWindow,
    WaitReason,
    Wish,
)
from vodseal.sdk.manager.outcome import completed
from vodseal.sdk.manager.reconcile import QueueRules

if TYPE_CHECKING:
    from tests.unit.sdk.manager.world import Stepped

MEBIBYTE = 1 << 20


@pytest.mark.behaviour("B33")
def test_the_next_one_starts_when_one_ends(world: Stepped) -> None:
    world.add("a", "b", "c", "d", "e")
    world.runner.step()
    assert world.downloads.running() == ["a", "b", "c"]
    world.complete("b")
    assert world.downloads.running() == ["a", "c", "d"]
    world.fail("a", ErrorCode.NET_ERROR)
    assert world.downloads.running() == ["c", "d", "e"]
    assert world.states() == {
        "a": "failed",
        "b": "completed",
        "c": "downloading",
        "d": "downloading",
        "e": "downloading",
    }


def test_a_downloader_gets_what_it_needs(world: Stepped) -> None:
    source = VidSts(vid="a", access_key_id="id", access_key_secret="secret", security_token="t")
    world.settings.sources["a", 2] = source
    world.settings.provider = lambda _: None
    world.settings.rate.bytes_per_second = 1000
    world.add("a", index=2, bytes_per_second=10)
    world.add("b")
    world.runner.step()
    one = world.at_work("a")
    assert (one.index, one.sources, one.provider) == (2, [source], world.settings.provider)
    assert one.rate_limit.bytes_per_second == 10
    assert one.rate_limit.parent is world.settings.rate
    assert world.at_work("b").sources == [VidSts(vid="b")]
    item = world.item("a")
    world.store.update(item.id, lambda it: replace(it, bytes_per_second=20))
    world.runner.step()
    assert one.rate_limit.bytes_per_second == 20
    fresh = replace(source, security_token="t2")
    world.runner.update_source(item, fresh)
    assert one.sources == [source, fresh]


@pytest.mark.behaviour("B51")
def test_a_credential_is_nowhere_on_disk(world: Stepped) -> None:
    world.settings.sources["a", 0] = VidSts(
        vid="a", access_key_id="NEEDLE1", access_key_secret="NEEDLE2", security_token="NEEDLE3"
    )
    world.add("a")
    world.runner.step()
    world.fail("a", ErrorCode.SERVER_POP_TOKEN_EXPIRED)
    world.store.close()
    for path in world.save_dir.rglob("*"):
        assert path.is_dir() or b"NEEDLE" not in path.read_bytes(), path


def test_how_an_item_ends(world: Stepped) -> None:
    world.add("a")
    world.runner.step()
    world.at_work("a").advance(40, done=400, total=1000)
    world.clock.advance(10)
    world.complete("a")
    item = world.item("a")
    assert (item.state, item.wish, item.error) == (ItemState.COMPLETED, Wish.STOP, None)
    assert (item.file_name, item.format) == ("a_m3u8_0.vseal", "m3u8")
    assert item.path == str(world.save_dir / "a_m3u8_0.vseal")
    assert (item.progress.downloading, item.progress.processing) == (100, 100)
    assert (item.progress.done_size, item.progress.total_size) == (1000, 1000)
    assert (item.finished_at or 0) - (item.started_at or 0) == 10


def test_an_error_is_kept_and_a_resume_tries_again(world: Stepped) -> None:
    world.add("a")
    world.runner.step()
    world.fail("a", ErrorCode.NET_ERROR)
    world.runner.step()
    assert world.downloads.running() == []
    error = world.item("a").error
    assert error is not None
    assert (error.code, error.message) == (ErrorCode.NET_ERROR, "the test says so")
    assert error.remedy
    world.ask(Edit.RESUME, "a")
    world.runner.step()
    assert (world.item("a").state, world.item("a").error) == (ItemState.DOWNLOADING, None)


def test_pause_stop_and_resume(world: Stepped) -> None:
    world.add("a", "b")
    world.runner.step()
    first = world.at_work("a")
    world.ask(Edit.PAUSE, "a")
    world.ask(Edit.STOP, "b")
    world.runner.step()
    assert first.state == "released"
    assert world.states() == {"a": "paused", "b": "stopped"}
    world.ask(Edit.RESUME)
    world.runner.step()
    assert world.at_work("a") is not first
    assert world.downloads.running() == ["a", "b"]


def test_a_removal_with_and_without_files(world: Stepped) -> None:
    world.add("a", "b", "c")
    world.runner.step()
    for vid in "ab":
        world.complete(vid)
    world.ask(Edit.ERASE, "a")
    world.ask(Edit.REMOVE, "b", "c")
    world.runner.step()
    assert world.states() == {}
    assert not (world.save_dir / "a_m3u8_0.vseal").exists()
    assert (world.save_dir / "b_m3u8_0.vseal").exists()
    assert world.downloads.running() == []


def test_files_that_cannot_be_deleted_keep_the_row(world: Stepped) -> None:
    (item_id,) = world.add("a")
    world.runner.step()
    world.complete("a")
    (world.save_dir / ".vseal/a_m3u8_0/notours").mkdir()
    world.ask(Edit.ERASE, "a")
    world.runner.step()
    item = world.item("a")
    assert (item.id, item.state) == (item_id, ItemState.FAILED)
    assert item.error is not None
    world.runner.step()
    (world.save_dir / ".vseal/a_m3u8_0/notours").rmdir()
    world.ask(Edit.ERASE, "a")
    world.runner.step()
    assert world.states() == {}


def test_a_removal_that_a_crash_interrupted_is_carried_on(world: Stepped) -> None:
    world.add("a")
    world.runner.step()
    world.complete("a")
    world.ask(Edit.ERASE, "a")
    world.kill()
    world.begin()
    world.runner.step()
    assert world.states() == {}
    assert not (world.save_dir / "a_m3u8_0.vseal").exists()


@pytest.mark.behaviour("B34")
def test_after_a_cold_start_nothing_runs_by_itself(world: Stepped) -> None:
    world.add("a", "b", "c", "d", "e", "f")
    world.runner.step()
    world.at_work("a").advance(40, done=400, total=1000)
    world.complete("b")
    world.ask(Edit.PAUSE, "e")
    world.ask(Edit.STOP, "f")
    world.runner.step()
    world.kill()
    world.begin()
    world.runner.step()
    assert world.downloads.running() == []
    assert world.states() == {
        "a": "stopped",
        "b": "completed",
        "c": "stopped",
        "d": "stopped",
        "e": "paused",
        "f": "stopped",
    }
    assert world.item("a").progress.downloading == 40
    assert Path(world.item("b").path).is_file()
    world.ask(Edit.CONTINUE)
    world.runner.step()
    assert world.downloads.running() == ["a", "c", "d"]
    assert world.states()["f"] == "stopped", "what the user stopped stays so"


def test_a_file_that_was_finished_before_the_crash_is_finished(world: Stepped) -> None:
    world.add("a")
    world.runner.step()
    world.at_work("a").write_file()
    world.kill()
    world.begin()
    assert world.item("a").state is ItemState.COMPLETED
    world.ask(Edit.CONTINUE)
    world.runner.step()
    assert world.downloads.running() == []


def test_a_file_that_was_finished_while_it_was_stopped_is_finished(world: Stepped) -> None:
    world.add("a")
    world.runner.step()
    world.at_work("a").write_file()
    world.ask(Edit.PAUSE, "a")
    world.runner.step()
    assert world.item("a").state is ItemState.COMPLETED


def test_a_finished_file_that_is_gone_is_told_and_starts_at_0(world: Stepped) -> None:
    world.add("a")
    world.runner.step()
    world.complete("a")
    Path(world.item("a").path).unlink()
    world.kill()
    world.begin()
    item = world.item("a")
    assert (item.state, item.progress.downloading) == (ItemState.FAILED, 0)
    assert item.error is not None
    assert item.error.code is ErrorCode.FILE_NOT_EXIST


@pytest.mark.behaviour("B36")
def test_little_space_pauses_all_and_the_return_of_space_goes_on(world: Stepped) -> None:
    world.free = 1000 * MEBIBYTE
    world.add("a", "b")
    world.runner.step()
    world.free = 199 * MEBIBYTE
    world.runner.step()
    assert world.downloads.running() == []
    assert {one.waits_for for one in world.runner.view()} == {WaitReason.SPACE}
    assert world.states() == {"a": "waiting", "b": "waiting"}
    world.free = 200 * MEBIBYTE
    world.runner.step()
    assert world.downloads.running() == ["a", "b"]


@pytest.mark.behaviour("B36")
def test_what_does_not_fit_is_refused_with_its_number(world: Stepped) -> None:
    world.free = 300 * MEBIBYTE
    (item_id,) = world.add("big", "small")[:1]
    world.store.update(
        item_id, lambda one: replace(one, progress=replace(one.progress, total_size=101 * MEBIBYTE))
    )
    world.runner.step()
    assert world.states() == {"big": "failed", "small": "downloading"}
    error = world.item("big").error
    assert error is not None
    assert error.code is ErrorCode.NO_SPACE


def test_a_metered_network_and_the_time_of_day(world: Stepped) -> None:
    metered = [True]
    world.settings.is_metered = lambda: metered[0]
    world.add("a")
    world.runner.step()
    assert world.item("a").waits_for is WaitReason.NETWORK
    metered[0] = False
    world.runner.step()
    assert world.downloads.running() == ["a"]
    from datetime import UTC, datetime

    local = datetime.fromtimestamp(world.clock.now(), UTC).astimezone()
    minute = local.hour * 60 + local.minute
    later = TimeWindow(start=(minute + 60) % 1440, end=(minute + 120) % 1440)
    world.settings.rules = QueueRules(window=later)
    world.runner.step()
    assert world.item("a").waits_for is WaitReason.SCHEDULE
    assert world.downloads.running() == []
    world.clock.advance(90 * 60)
    world.runner.step()
    assert world.downloads.running() == ["a"]


def test_a_hook_that_raises_costs_nobody_money(world: Stepped) -> None:
    def broken() -> bool:
        raise OSError

    world.settings.is_metered = broken
    world.add("a")
    world.runner.step()
    assert world.item("a").waits_for is WaitReason.NETWORK


def test_a_downloader_that_cannot_be_made_fails_alone(world: Stepped) -> None:
    made = world.settings.make_downloader
    world.settings.make_downloader = lambda: (_ for _ in ()).throw(
        DownloadError(ErrorCode.NOT_SET_SAVE_DIR, "no")
    )
    world.add("a")
    world.runner.step()
    assert world.states() == {"a": "failed"}
    world.settings.make_downloader = made
    world.add("b")
    world.runner.step()
    assert world.downloads.running() == ["b"]


def test_speed_and_time_left(world: Stepped) -> None:
    world.add("a")
    world.runner.step()
    world.at_work("a").advance(0, done=0, total=1000)
    world.runner.step()
    world.clock.advance(2)
    world.at_work("a").advance(20, done=200, total=1000)
    world.runner.step()
    item = world.item("a")
    assert (item.speed, item.seconds_left) == (100, 8.0)
    world.at_work("a").advance(100, done=1000, total=1000, processing=3)
    world.runner.step()
    assert world.item("a").state is ItemState.PROCESSING


def test_percent_never_goes_back_nor_over_100(world: Stepped) -> None:
    world.add("a")
    world.runner.step()
    world.at_work("a").advance(70, done=700, total=1000)
    world.runner.step()
    world.at_work("a").advance(20, done=1200, total=1000)
    world.runner.step()
    progress = world.item("a").progress
    assert (progress.downloading, progress.done_size, progress.total_size) == (70, 1200, 1200)
    world.at_work("a").advance(170, processing=101)
    world.runner.step()
    assert world.item("a").progress.downloading == 100
    assert world.item("a").progress.processing == 100


def test_closing_keeps_what_was_wished(world: Stepped) -> None:
    world.add("a", "b")
    world.runner.step()
    one = world.at_work("a")
    world.at_work("b").write_file()
    world.runner.close()
    assert one.state == "released"
    assert [(item.fact, item.wish) for item in world.store.items()] == [
        (Fact.IDLE, Wish.RUN),
        (Fact.COMPLETED, Wish.STOP),
    ]


def test_an_end_that_could_not_be_stored_is_stored_later(world: Stepped) -> None:
    world.add("a")
    world.runner.step()
    update = world.store.update
    full = DownloadError(ErrorCode.NO_SPACE, "full")

    def fail(*_: object) -> bool:
        raise full

    world.store.update = fail  # type: ignore[method-assign]
    with pytest.raises(DownloadError):
        world.complete("a")
    world.store.update = update  # type: ignore[method-assign]
    world.runner.step()
    assert world.item("a").state is ItemState.COMPLETED


def test_what_was_failed_and_is_finished_has_no_error() -> None:
    error = error_info(DownloadError(ErrorCode.NET_ERROR, "gone"))
    item = DownloadItem(id=1, vid="a", index=0, error=error, finished_at=3.0)
    done = completed(item, "a.vseal", 5.0)
    assert (done.error, done.finished_at, done.file_name) == (None, 3.0, "a.vseal")
