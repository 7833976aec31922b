"""Edits of a queue that nobody runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.unit.sdk.manager.test_moving import put

from vodseal import DownloadItem, DownloadManager, ErrorCode, QueueEditor, TimeWindow
from vodseal.download.journal import JobState
from vodseal.errors import DownloadError
from vodseal.sdk.manager.model import Fact, Wish
from vodseal.sdk.manager.store import QueueStore
from vodseal.sdk.manager.telling import QueueEvent, changes
from vodseal.sdk.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_added_waits_until_somebody_runs_it(tmp_path: Path) -> None:
    with QueueEditor(tmp_path) as editor:
        item = editor.add("a", 0, window=TimeWindow.parse("22:00-06:00"), bytes_per_second=5)
        assert item.state == "waiting"
    with QueueEditor(tmp_path) as editor:
        assert [one.state for one in editor.items()] == ["waiting"]
        editor.set_window(item.id, None)
        editor.set_item_rate(item.id, None)
        (found,) = editor.items()
        assert (found.window, found.bytes_per_second) == (None, None)
    with DownloadManager(tmp_path) as manager:
        assert [one.state for one in manager.items()] == ["stopped"]


def test_removals_need_no_runner(tmp_path: Path) -> None:
    put(tmp_path, "a", JobState.COMPLETED)
    with QueueEditor(tmp_path) as editor:
        item = editor.add("a", 0)
        other = editor.add("b", 0)
        assert (item.state, item.file_name) == ("completed", "a_m3u8_0.vseal")
        editor.remove(item.id, with_files=True)
        editor.remove(other.id, with_files=False)
        assert editor.items() == ()
    assert not (tmp_path / "a_m3u8_0.vseal").exists()


def test_what_a_killed_runner_left_is_put_right(tmp_path: Path) -> None:
    put(tmp_path, "a", JobState.COMPLETED)
    with QueueStore(tmp_path) as store:
        for vid in "ab":
            item, _ = store.add(DownloadItem(id=0, vid=vid, index=0))
            store.update(item.id, lambda one: replace(one, fact=Fact.DOWNLOADING))
    with QueueEditor(tmp_path) as editor:
        assert [(one.vid, one.state) for one in editor.items()] == [
            ("a", "completed"),
            ("b", "waiting"),
        ]
        assert editor.estimate().unknown_count == 2
        assert editor.groups()[0].count == 2


def test_a_row_whose_job_cannot_be_read_is_not_finished(tmp_path: Path) -> None:
    put(tmp_path, "a", JobState.COMPLETED)
    (tmp_path / ".vseal/a_m3u8_0/job.db").unlink()
    (tmp_path / ".vseal/a_m3u8_0/job.db").mkdir()
    with QueueEditor(tmp_path) as editor:
        assert editor.add("a", 0).state == "waiting"


def test_a_queue_that_is_closed_says_so(tmp_path: Path) -> None:
    editor = QueueEditor(tmp_path)
    editor.close()
    editor.close()
    with pytest.raises(DownloadError) as caught:
        editor.items()
    assert caught.value.code is ErrorCode.WRITE_ERROR


def test_what_happened_is_read_off_the_rows() -> None:
    one = DownloadItem(id=1, vid="a", index=0)
    ran = replace(one, fact=Fact.DOWNLOADING, progress=Progress(downloading=5))
    done = replace(ran, fact=Fact.COMPLETED, wish=Wish.STOP, progress=Progress(downloading=100))
    added, progress, state = QueueEvent.ADDED, QueueEvent.PROGRESS, QueueEvent.STATE_CHANGED

    def names(before: list[DownloadItem], after: list[DownloadItem]) -> list[QueueEvent]:
        return [event for event, _ in changes(before, after)]

    assert names([], [one]) == [added, state]
    assert names([], [done]) == [added, state, QueueEvent.COMPLETED]
    assert names([one], [one]) == []
    assert names([one], [ran]) == [progress, state]
    assert names([ran], [done]) == [progress, state, QueueEvent.COMPLETED]
    assert names([ran], [replace(ran, fact=Fact.FAILED, wish=Wish.STOP)]) == [
        state,
        QueueEvent.ERROR,
    ]
    assert names([done], [done]) == []
    assert names([done], []) == [QueueEvent.REMOVED]
