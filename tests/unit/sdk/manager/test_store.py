"""The queue on disk."""

from __future__ import annotations

import sqlite3
import stat
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, UnsupportedVersionError
from vodseal.sdk.error_info import error_info
from vodseal.sdk.manager.model import DownloadItem, Edit, Fact, TimeWindow, Wish
from vodseal.sdk.manager.store import QueueStore
from vodseal.sdk.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[QueueStore]:
    with QueueStore(tmp_path / "films") as made:
        yield made


def new(vid: str = "v", index: int = 0, **more: Any) -> DownloadItem:
    return DownloadItem(id=0, vid=vid, index=index, **more)


def change(store: QueueStore, item_id: int, **values: Any) -> bool:
    return store.update(item_id, lambda item: replace(item, **values))


def vids(store: QueueStore) -> list[str]:
    return [item.vid for item in store.items()]


def wishes(store: QueueStore) -> list[Wish]:
    return [item.wish for item in store.items()]


def test_everything_is_there_after_a_reopen(store: QueueStore) -> None:
    error = error_info(DownloadError(ErrorCode.NET_ERROR, "gone", request_id="r"))
    added, fresh = store.add(
        new(
            format="m3u8",
            definition="HD",
            title="Ein Film",
            group="Eine Serie",
            priority=2,
            window=TimeWindow.parse("22:00-06:00"),
            bytes_per_second=7,
            added_at=1.5,
        )
    )
    assert fresh
    change(
        store,
        added.id,
        wish=Wish.STOP,
        fact=Fact.FAILED,
        progress=Progress(downloading=40, processing=3, done_size=400, total_size=1000),
        error=error,
        file_name="v_m3u8_0.vseal",
        started_at=2.5,
        finished_at=3.5,
        watched_position_ms=9,
        watched_at=4.5,
    )
    (changed,) = store.items()
    assert (changed.error, changed.watched_position_ms) == (error, 9)
    store.close()
    with QueueStore(store.save_dir) as again:
        (found,) = again.items()
    assert found == replace(changed, path=str(store.save_dir / "v_m3u8_0.vseal"))
    assert found.id == added.id


@pytest.mark.behaviour("B35")
def test_the_same_track_twice_is_refused(store: QueueStore) -> None:
    added, _ = store.add(new("v", 1))
    store.add(new("v", 2))
    with pytest.raises(DownloadError) as caught:
        store.add(new("v", 1, title="again"))
    assert caught.value.code is ErrorCode.ALREADY_QUEUED
    assert [item.title for item in store.items()] == ["", ""]
    change(store, added.id, fact=Fact.COMPLETED, wish=Wish.STOP)
    found, fresh = store.add(new("v", 1))
    assert (found.id, found.fact, fresh) == (added.id, Fact.COMPLETED, False)
    store.ask(Edit.REMOVE, [added.id])
    with pytest.raises(DownloadError):
        store.add(new("v", 1))


def test_an_id_is_never_used_again(store: QueueStore) -> None:
    first, _ = store.add(new())
    store.forget(first.id)
    second, _ = store.add(new())
    assert second.id > first.id


def test_asking_changes_what_the_table_says(store: QueueStore) -> None:
    ids = [store.add(new(f"v{n}"))[0].id for n in range(3)]
    store.ask(Edit.PAUSE, ids[:1])
    store.ask(Edit.STOP, [ids[1], 999])
    assert wishes(store) == [Wish.PAUSE, Wish.STOP, Wish.RUN]
    store.ask(Edit.INTERRUPT)
    assert wishes(store) == [Wish.PAUSE, Wish.STOP, Wish.INTERRUPTED]
    store.ask(Edit.CONTINUE)
    assert wishes(store) == [Wish.PAUSE, Wish.STOP, Wish.RUN]


def test_who_was_stopped_joins_at_the_end_and_who_was_paused_keeps_its_place(
    store: QueueStore,
) -> None:
    ids = [store.add(new(f"v{n}"))[0].id for n in range(4)]
    store.ask(Edit.STOP, ids[:1])
    store.ask(Edit.PAUSE, ids[1:2])
    store.ask(Edit.RESUME)
    assert vids(store) == ["v1", "v2", "v3", "v0"]


def test_several_that_were_stopped_keep_their_order(store: QueueStore) -> None:
    for number in range(4):
        store.add(new(f"v{number}"))
    store.ask(Edit.STOP)
    store.ask(Edit.RESUME)
    assert vids(store) == ["v0", "v1", "v2", "v3"]


def test_what_is_completed_can_only_be_removed(store: QueueStore) -> None:
    done, _ = store.add(new())
    change(store, done.id, fact=Fact.COMPLETED, wish=Wish.STOP)
    for edit in (Edit.RESUME, Edit.PAUSE, Edit.STOP, Edit.INTERRUPT):
        store.ask(edit)
    assert wishes(store) == [Wish.STOP]
    store.ask(Edit.ERASE)
    assert wishes(store) == [Wish.ERASE]


def test_moving_within_a_priority(store: QueueStore) -> None:
    ids = {name: store.add(new(name))[0].id for name in "abcd"}
    store.move(ids["d"], before=ids["b"])
    assert vids(store) == list("adbc")
    store.move(ids["a"], before=None)
    assert vids(store) == list("dbca")
    store.move(ids["b"], before=ids["b"])
    assert vids(store) == list("dbca")
    change(store, ids["c"], priority=1)
    assert vids(store) == list("cdba")
    store.move(ids["d"], before=ids["c"])
    assert vids(store) == list("cbad")
    store.move(999, before=None)


def test_what_the_runner_found_out_does_not_undo_an_edit(store: QueueStore) -> None:
    added, _ = store.add(new())
    assert store.items()
    with QueueStore(store.save_dir) as other:
        other.ask(Edit.PAUSE, [added.id])
    assert change(store, added.id, fact=Fact.DOWNLOADING, progress=Progress(downloading=5))
    (found,) = store.items()
    assert (found.wish, found.fact, found.progress.downloading) == (Wish.PAUSE, Fact.DOWNLOADING, 5)
    assert not change(store, 999, fact=Fact.IDLE)


def test_edits_of_others_are_seen(store: QueueStore) -> None:
    added, _ = store.add(new())
    assert store.items() is store.items(), "nothing is read twice"
    with QueueStore(store.save_dir) as other:
        other.ask(Edit.PAUSE, [added.id])
    assert wishes(store) == [Wish.PAUSE]


def test_one_alone_runs_it(store: QueueStore) -> None:
    store.hold()
    with QueueStore(store.save_dir) as other:
        with pytest.raises(DownloadError) as caught:
            other.hold()
        assert caught.value.code is ErrorCode.QUEUE_IN_USE
        store.let_go()
        other.hold()


def test_a_failure_in_the_middle_changes_nothing(store: QueueStore) -> None:
    added, _ = store.add(new())

    def fail() -> None:
        with store._writing():
            change(store, added.id, title="half")
            assert store.items()[0].title == "half"
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert store.items()[0].title == ""


def test_where_it_was_moved_to(store: QueueStore) -> None:
    assert store.moved_to() is None
    store.note_moved("/elsewhere")
    store.note_moved("/there")
    assert store.moved_to() == "/there"
    store.take_over([], source="/here")
    assert (store.arriving_from(), store.moved_to()) == ("/here", "/there")
    store.note_arrived()
    assert (store.arriving_from(), store.moved_to()) == (None, None)


def test_who_holds_it_briefly_does_not_keep_others_from_running_it(store: QueueStore) -> None:
    with QueueStore(store.save_dir) as other:
        with store.hold_briefly() as held:
            assert held
            ran = threading.Thread(target=other.hold)
            ran.start()
            assert ran.is_alive()
        ran.join(30)
        with store.hold_briefly() as held:
            assert not held


def test_it_is_private(store: QueueStore) -> None:
    folder = store.save_dir / ".vseal/queue"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "queue.db").stat().st_mode) == 0o600


def test_a_later_version_is_refused(store: QueueStore) -> None:
    store.close()
    with sqlite3.connect(store.save_dir / ".vseal/queue/queue.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(UnsupportedVersionError):
        QueueStore(store.save_dir)


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadError) as caught:
        QueueStore(tmp_path / "file")
    assert caught.value.code is ErrorCode.CANNOT_CREATE_SAVE_DIR


def test_a_database_that_is_none_is_named(tmp_path: Path) -> None:
    folder = tmp_path / ".vseal/queue"
    folder.mkdir(parents=True)
    (folder / "queue.db").write_bytes(b"not a database" * 100)
    with pytest.raises(DownloadError) as caught:
        QueueStore(tmp_path)
    assert caught.value.code is ErrorCode.CANNOT_CREATE_SAVE_DIR


def test_a_number_of_a_later_version_stays_an_error(store: QueueStore) -> None:
    added, _ = store.add(new())
    store._connection.execute("UPDATE item SET error_code = 1, error_message = 'new'")
    (found,) = store.items()
    assert found.error is not None
    assert (found.error.code, found.error.message) == (ErrorCode.UNKNOWN_ERROR, "new")
    assert found.id == added.id
