"""A queue moves to another folder, and a crash on the way loses nothing."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.sdk.manager.test_manager import Opened
from tests.unit.sdk.manager.world import PATIENCE

from vodseal.download.files import open_job_folder
from vodseal.download.folder import Folder
from vodseal.download.index import JobStore
from vodseal.download.job import Identity
from vodseal.download.journal import JobState, Journal
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, MisuseError
from vodseal.sdk.manager.model import DownloadItem, Edit, Fact, ItemState, Wish
from vodseal.sdk.manager.moving import move_queue, open_queue
from vodseal.sdk.manager.store import QueueStore

if TYPE_CHECKING:
    from collections.abc import Iterator

FILM, PIECE = b"sealed film", b"sealed piece"
MUTATING = {
    Folder: ("create", "rename", "remove", "sync", "subfolder", "remove_subfolder"),
    QueueStore: ("take_over", "note_moved", "note_arrived", "forget"),
}


class PowerCutError(BaseException):
    """The process ends here."""


def put(save_dir: Path, vid: str, state: JobState) -> None:
    """Put a download on disk: finished, or with one staged piece."""
    identity = Identity(save_dir=str(save_dir), vid=vid, format="m3u8", index=0)
    entry = JobStore(identity).create(secure=True, random=bytes)
    with open_job_folder(identity) as folder:
        with Journal.open(folder, str(save_dir)) as journal:
            journal.begin(replace(entry, state=state))
        if state is JobState.COMPLETED:
            (save_dir / f"{identity.name}.vseal").write_bytes(FILM + vid.encode())
        else:
            (folder.path / "stage").mkdir()
            (folder.path / "stage/0").write_bytes(PIECE + vid.encode())


def fill(save_dir: Path) -> None:
    with QueueStore(save_dir) as store:
        for vid, state in (("a", JobState.COMPLETED), ("b", JobState.DOWNLOADING)):
            item, _ = store.add(DownloadItem(id=0, vid=vid, index=0, title=f"Film {vid}"))
            put(save_dir, vid, state)
            if state is JobState.COMPLETED:
                done = replace(
                    item,
                    fact=Fact.COMPLETED,
                    wish=Wish.STOP,
                    file_name=f"{vid}_m3u8_0.vseal",
                    format="m3u8",
                )
                store.update(item.id, lambda _, done=done: done)
        store.add(DownloadItem(id=0, vid="c", index=0))
    (save_dir / "holiday.mp4").write_bytes(b"not ours")


def check(store: QueueStore) -> None:
    """See that everything of the queue is where it is now, and whole."""
    folder = store.save_dir
    assert [(item.vid, item.title) for item in store.items()] == [
        ("a", "Film a"),
        ("b", "Film b"),
        ("c", ""),
    ]
    assert Path(store.items()[0].path).read_bytes() == FILM + b"a"
    for vid, state in (("a", JobState.COMPLETED), ("b", JobState.DOWNLOADING)):
        entry = JobStore.find(str(folder), vid, 0)
        assert entry is not None
        assert entry.state is state
    assert (folder / ".vseal/b_m3u8_0/stage/0").read_bytes() == PIECE + b"b"


def left(folder: Path) -> set[str]:
    """Return the files in a folder that belong to downloads."""
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and "queue" not in path.parts and path.name != "holiday.mp4"
    }


@pytest.fixture
def old(tmp_path: Path) -> Path:
    fill(tmp_path / "old")
    return tmp_path / "old"


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """A folder where syncing takes no time."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as folder:
        yield Path(folder)


def move(old: Path, new: Path) -> None:
    with open_queue(old) as store:
        store.hold()
        move_queue(store, new, reserve_size=0).close()


def test_everything_moves_and_nothing_else(old: Path, tmp_path: Path) -> None:
    new = tmp_path / "deep/er/new"
    move(old, new)
    with open_queue(new) as store:
        assert store.save_dir == new
        check(store)
    assert left(old) == set()
    assert (old / "holiday.mp4").read_bytes() == b"not ours"
    assert not (new / "holiday.mp4").exists()


def test_who_knows_only_the_old_folder_is_led_on(old: Path, tmp_path: Path) -> None:
    move(old, tmp_path / "second")
    move(tmp_path / "second", tmp_path / "third")
    with open_queue(old) as store:
        assert store.save_dir == tmp_path / "third"
        check(store)


def test_there_and_back_again(old: Path, tmp_path: Path) -> None:
    move(old, tmp_path / "new")
    move(tmp_path / "new", old)
    for folder in (old, tmp_path / "new"):
        with open_queue(folder) as store:
            assert store.save_dir == old
            check(store)
    assert left(tmp_path / "new") == set()


def cut_at(monkeypatch: pytest.MonkeyPatch, number: int) -> list[str]:
    """Let the process end at the ``number``-th thing that changes a disk; return what it did."""
    done: list[str] = []
    for owner, names in MUTATING.items():
        for name in names:
            real = getattr(owner, name)

            def cut(*given: Any, real: Any = real, name: str = name, **named: Any) -> Any:
                if len(done) == number:
                    raise PowerCutError
                done.append(name)
                return real(*given, **named)

            monkeypatch.setattr(owner, name, cut)
    return done


@pytest.mark.parametrize("back", [False, True])
def test_a_crash_at_any_step_loses_nothing(
    in_memory: Path, monkeypatch: pytest.MonkeyPatch, *, back: bool
) -> None:
    steps = places = 0
    for number in range(500):
        first, second = in_memory / f"{number}/first", in_memory / f"{number}/second"
        fill(first)
        old, new = first, second
        if back:
            move(first, second)
            old, new = second, first
        with monkeypatch.context() as patch:
            cut_at(patch, number)
            try:
                move(old, new)
            except PowerCutError:
                steps += 1
            else:
                break
        with open_queue(old) as store:
            check(store)
            places += store.save_dir == new
            here = store.save_dir
        with open_queue(old) as store:
            assert store.save_dir == here, "it stays where it is"
        move(old, in_memory / f"{number}/third")
        with open_queue(old) as store:
            check(store)
        if here == new:
            assert left(old) == set()
    assert steps > 30
    assert 0 < places < steps


def test_an_unfinished_copy_is_not_taken_for_the_queue(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = tmp_path / "new"
    with monkeypatch.context() as patch:
        patch.setattr(QueueStore, "note_moved", lambda *_: (_ for _ in ()).throw(PowerCutError))
        with pytest.raises(PowerCutError):
            move(old, new)
    with pytest.raises(MisuseError):
        open_queue(new)
    (old / ".vseal").rename(old / "unplugged")
    with open_queue(new) as store:
        check(store)


def test_a_disk_that_is_not_plugged_in_is_named(old: Path, tmp_path: Path) -> None:
    move(old, tmp_path / "new")
    (tmp_path / "new").rename(tmp_path / "unplugged")
    with pytest.raises(DownloadError) as caught:
        open_queue(old)
    assert caught.value.code is ErrorCode.FILE_NOT_EXIST
    (tmp_path / "unplugged").rename(tmp_path / "new")
    with open_queue(old) as store:
        check(store)


def test_where_it_cannot_go(old: Path, tmp_path: Path) -> None:
    fill(tmp_path / "other")
    with QueueStore(old) as store:
        store.hold()
        for target in (old, tmp_path / "other"):
            with pytest.raises(MisuseError):
                move_queue(store, target, reserve_size=0)
        with pytest.raises(DownloadError) as caught:
            move_queue(store, tmp_path / "new", reserve_size=1 << 60)
        assert caught.value.code is ErrorCode.NO_SPACE
        check(store)


def test_a_download_that_another_task_is_at_work_on_stays(old: Path, tmp_path: Path) -> None:
    from vodseal.download.files import locked

    identity = Identity(save_dir=str(old), vid="b", format="m3u8", index=0)
    with QueueStore(old) as store, open_job_folder(identity) as folder, locked(folder):
        store.hold()
        with pytest.raises(DownloadError) as caught:
            move_queue(store, tmp_path / "new", reserve_size=0)
        assert caught.value.code is ErrorCode.CLEAN_WRONG_STATUS
        check(store)


def test_a_manager_moves_and_goes_on(tmp_path: Path) -> None:
    opened = Opened(tmp_path / "films")
    manager, ear = opened.open()
    try:
        manager.add("a", 0)
        opened.downloads.wait_for("a").complete()
        ear.wait_for("on_completed", "a")
        manager.add("b", 0)
        manager.add("c", 0)
        manager._store.ask(Edit.INTERRUPT, [3])
        opened.downloads.wait_for("b").advance(40)
        manager.refresh()
        ear.wait_for("on_progress", "b")
        manager.move_store(tmp_path / "elsewhere")
        assert manager.save_dir == tmp_path / "elsewhere"
        assert Path(manager.items()[0].path).parent == tmp_path / "elsewhere"
        opened.downloads.wait_for("b").complete()
        assert manager.wait(PATIENCE)
        assert [item.state for item in manager.items()] == [
            ItemState.COMPLETED,
            ItemState.COMPLETED,
            ItemState.STOPPED,
        ]
        assert Path(manager.items()[1].path).parent == tmp_path / "elsewhere"
        with pytest.raises(MisuseError):
            manager.move_store(tmp_path / "elsewhere")
        manager.add("d", 0)
        opened.downloads.wait_for("d")
    finally:
        manager.close()
