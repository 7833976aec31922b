"""What was fetched is not fetched again; what was deleted is gone."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest
from tests.behaviours.client import running_client

from vodseal import DeleteResult, ErrorCode, MediaDownloader
from vodseal.player.decode import decode_to_nowhere
from vodseal.player.session import open_sealed
from vodseal.vault import key_service

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.behaviours.house import App, House
    from tests.behaviours.phone import Ear, Phone
    from tests.behaviours.wire import Wire

    Video = Callable[..., str]

FRAMES, SEGMENTS = 2000, 14


def halfway(
    phone: Phone, video: Video, wire: Wire, template: str = "encrypted"
) -> tuple[MediaDownloader, Ear]:
    """Return a download that has some pieces and waits for the others."""
    downloader, ear = phone.ready(phone.house.sts(video("long", template)), wire=wire)
    wire.hold_after(5)
    downloader.start()
    wire.wait_for_segments(5)
    ear.wait_for("downloading", least=10)
    return downloader, ear


def sequences(paths: list[str]) -> list[int]:
    """Return the numbers in the names of segments, in order."""
    return sorted(int(PurePosixPath(path).stem) for path in paths)


def finish(phone: Phone, downloader: MediaDownloader, ear: Ear, wire: Wire) -> None:
    """Go on from what is staged, and see that nothing of it was fetched again."""
    kept = {sequence for sequence, _ in phone.staged()}
    assert kept
    wire.release()
    wire.forget()
    ear.forget()
    downloader.start()
    ear.wait_for("completed")
    # A request that a killed process sent may be noted only now, so twice is not yet wrong.
    fetched = set(sequences(wire.segments))
    assert fetched
    assert not fetched & kept
    assert set(fetched) | kept <= set(range(SEGMENTS))
    with open_sealed(downloader.get_file_path()) as session:
        assert decode_to_nowhere(session).frames == FRAMES


@pytest.mark.behaviour("B21")
def test_stop_then_start_on_the_same_object(phone: Phone, video: Video, wire: Wire) -> None:
    downloader, ear = halfway(phone, video, wire)
    downloader.stop()
    assert downloader.state == "stopped"
    finish(phone, downloader, ear, wire)


@pytest.mark.behaviour("B15", "B21")
def test_an_encrypted_stream_goes_on_in_normal_mode(
    phone: Phone, house: House, video: Video, wire: Wire
) -> None:
    house.set("download-mode", "normal")
    downloader, ear = halfway(phone, video, wire, "private-source")
    downloader.stop()
    finish(phone, downloader, ear, wire)


@pytest.mark.behaviour("B21")
def test_percent_goes_on_from_where_it_was(phone: Phone, video: Video, wire: Wire) -> None:
    downloader, ear = halfway(phone, video, wire)
    downloader.stop()
    before = max(ear.values("downloading"))
    wire.release()
    ear.forget()
    downloader.start()
    ear.wait_for("completed")
    assert min(ear.values("downloading")) >= min(before, 5)


@pytest.mark.behaviour("B26")
def test_release_then_a_new_object(phone: Phone, video: Video, wire: Wire) -> None:
    downloader, _ = halfway(phone, video, wire)
    downloader.release()
    later = phone.ready(phone.house.sts(video("long")), wire=wire)
    finish(phone, *later, wire)


@pytest.mark.behaviour("B25")
def test_a_killed_process_is_gone_on_from_without_a_prepare(
    phone: Phone, video: Video, app: App, wire: Wire
) -> None:
    source = phone.house.sts(video("long"))
    wire.hold_after(6)
    with running_client(phone, app, source, wire) as child:
        assert child.stdout is not None
        assert child.stdout.readline().startswith("downloading")
        _until(lambda: len(phone.staged()) >= 4)
    later = phone.ready(phone.house.sts(video("long")), wire=wire)
    finish(phone, *later, wire)


def _until(condition: Callable[[], bool]) -> None:
    """Wait for what another process does to the disk, of which nobody sends word."""
    pause = threading.Event()
    for _ in range(2000):
        if condition():
            return
        pause.wait(0.01)
    pytest.fail("it did not happen")


@pytest.mark.behaviour("B29")
def test_what_is_staged_is_finished_without_any_service(
    phone: Phone, house: House, video: Video
) -> None:
    source = house.sts(video("long"))
    downloader, ear = phone.ready(source)
    stopped = threading.Event()
    downloader.set_on_progress_listener(None, lambda _: (downloader.stop(), stopped.set()))
    downloader.start()
    assert stopped.wait(60)
    assert "completed" not in ear.names
    later, ear = phone.ready(replace(source, endpoint="http://127.0.0.1:9"))
    later.start()
    ear.wait_for("completed")
    with open_sealed(later.get_file_path()) as session:
        assert decode_to_nowhere(session).frames == FRAMES


def test_a_finished_download_is_not_fetched_again(
    phone: Phone, house: House, video: Video, wire: Wire
) -> None:
    source = house.sts(video("short"))
    first, _ = phone.download(source, wire=wire)
    made = first.stat().st_mtime_ns
    wire.forget()
    again, ear = phone.download(source, wire=wire)
    assert (again, again.stat().st_mtime_ns) == (first, made)
    assert wire.segments == []
    assert ear.values("downloading") == [100]
    assert ear.values("processing") == [100]


def test_a_finished_file_that_was_altered_is_made_anew(
    phone: Phone, house: House, video: Video
) -> None:
    source = house.sts(video("short"))
    path, _ = phone.download(source)
    path.write_bytes(path.read_bytes()[:-1])
    again, _ = phone.download(source)
    assert again == path
    with open_sealed(path) as session:
        assert decode_to_nowhere(session).frames == 100


def test_a_lost_license_is_asked_for_again(phone: Phone, house: House, video: Video) -> None:
    source = house.sts(video("short"))
    path, _ = phone.download(source)
    content = path.read_bytes()
    for one in key_service.current().vault().folder.glob("vault.db*"):
        one.unlink()
    phone.download(source)
    assert path.read_bytes() == content
    with open_sealed(path) as session:
        assert decode_to_nowhere(session).frames == 100


def test_another_device_key_begins_anew(phone: Phone, house: House, video: Video, app: App) -> None:
    source = house.sts(video("short"))
    path, _ = phone.download(source)
    for one in key_service.current().vault().folder.iterdir():
        one.unlink()
    phone.load(app)
    phone.download(source)
    with open_sealed(path) as session:
        assert decode_to_nowhere(session).frames == 100


@pytest.mark.behaviour("B22")
def test_delete_of_a_running_download_stops_it_first(
    phone: Phone, video: Video, wire: Wire
) -> None:
    downloader, ear = halfway(phone, video, wire)
    heard = len(ear.names)
    assert downloader.delete_file() is DeleteResult.OK
    assert downloader.state == "idle"
    assert [one for one in phone.save_dir.rglob("*") if one.is_file()] == []
    wire.release()
    assert ear.names[heard:] == [name for name in ear.names[heard:] if name == "downloading"]
    assert downloader.delete_file() is DeleteResult.NOT_EXIST


@pytest.mark.behaviour("B22", "B23")
def test_delete_by_identity_leaves_a_live_task_alone(
    phone: Phone, video: Video, wire: Wire
) -> None:
    downloader, ear = halfway(phone, video, wire)
    identity = (str(phone.save_dir), video("long"), "m3u8", 0)
    result = MediaDownloader.delete_file(*identity)
    assert result == 12
    assert result.code is ErrorCode.CLEAN_WRONG_STATUS
    wire.release()
    ear.wait_for("completed")
    assert MediaDownloader.delete_file(*identity) == 0
    assert not Path(downloader.get_file_path()).exists()
    assert MediaDownloader.delete_file(*identity).code is ErrorCode.FILE_NOT_EXIST


@pytest.mark.behaviour("B23")
@pytest.mark.parametrize(
    ("save_dir", "vid", "name", "index"),
    [
        ("", "v", "mp4", 0),
        ("d", "", "mp4", 0),
        ("d", "../v", "mp4", 0),
        ("d", "v", "", 0),
        ("d", "v", "../mp4", 0),
        ("d", "v", "mp4", -1),
        (None, "v", "mp4", 0),
        ("d", "v", "mp4", "0"),
        ("d", 5, "mp4", 0),
    ],
)
def test_delete_with_arguments_that_name_nothing(
    save_dir: str, vid: str, name: str, index: int
) -> None:
    result = MediaDownloader.delete_file(save_dir, vid, name, index)
    assert result == 11
    assert result.code is ErrorCode.CLEAN_INVALID_PARAM


@pytest.mark.behaviour("B23")
def test_delete_of_what_is_not_there(tmp_path: Path) -> None:
    for save_dir in (tmp_path, tmp_path / "missing"):
        result = MediaDownloader.delete_file(str(save_dir), "v", "mp4", 0)
        assert result == 10
        assert result.code is ErrorCode.FILE_NOT_EXIST
    assert MediaDownloader().delete_file() is DeleteResult.INVALID_PARAM


@pytest.mark.behaviour("B24")
@pytest.mark.parametrize("finished", [True, False])
def test_download_again_after_delete(
    phone: Phone, video: Video, wire: Wire, *, finished: bool
) -> None:
    downloader, ear = halfway(phone, video, wire)
    if finished:
        wire.release()
        ear.wait_for("completed")
    assert downloader.delete_file() is DeleteResult.OK
    wire.release()
    wire.forget()
    ear.forget()
    downloader.start()
    ear.wait_for("completed")
    assert ear.values("downloading")[0] == 0
    assert sequences(wire.segments) == list(range(SEGMENTS))
    with open_sealed(downloader.get_file_path()) as session:
        assert decode_to_nowhere(session).frames == FRAMES


def test_deleting_takes_the_license_along(phone: Phone, house: House, video: Video) -> None:
    path, _ = phone.download(house.sts(video("short")))
    copy = phone.folder / path.name
    copy.write_bytes(path.read_bytes())
    download_id = copy.read_bytes()[32:48]
    vault = key_service.current().vault()
    assert vault.load_license(download_id) is not None
    assert phone.downloaders[-1].delete_file() == 0
    assert vault.load_license(download_id) is None
