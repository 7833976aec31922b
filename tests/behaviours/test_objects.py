"""The object itself: its file, its neighbours, its life, and the other ways to use it."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vodseal import DownloaderFactory, ErrorCode, MediaDownloader
from vodseal.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.behaviours.house import House
    from tests.behaviours.phone import Phone
    from tests.behaviours.wire import Wire

    Video = Callable[..., str]

PATIENCE = 60.0


@pytest.mark.behaviour("B31")
def test_the_path_is_known_inside_completion_and_stays(
    phone: Phone, house: House, video: Video
) -> None:
    vid = video("short")
    downloader, _ = phone.ready(house.sts(vid))
    seen: list[str] = []
    done = threading.Event()

    def completed() -> None:
        seen.append(downloader.get_file_path())
        done.set()

    downloader.set_on_completion_listener(completed)
    downloader.start()
    assert done.wait(PATIENCE)
    path = Path(seen[0])
    assert path.is_absolute()
    assert path.is_file()
    assert path.name == f"{vid}_m3u8_0.vseal"
    downloader.start()
    assert downloader.wait(PATIENCE)
    later, _ = phone.ready(house.sts(vid))
    assert {downloader.get_file_path(), later.get_file_path()} == {str(path)}


@pytest.mark.behaviour("B31")
def test_the_path_is_known_after_prepare(phone: Phone, house: House, video: Video) -> None:
    media, downloader, _ = phone.prepare(house.sts(video("short")))
    assert downloader.get_file_path() == ""
    downloader.select_item(media.tracks[0].index)
    assert downloader.get_file_path().endswith("_m3u8_0.vseal")


@pytest.mark.behaviour("B32")
def test_neighbours_in_one_folder_do_not_meet(phone: Phone, house: House, video: Video) -> None:
    sources = [(house.sts(video("sharp")), index) for index in (0, 1)]
    sources.append((house.sts(video("short")), 0))
    running = [phone.ready(*one) for one in sources]
    for downloader, _ in running:
        downloader.start()
    for _, ear in running:
        ear.wait_for("completed")
    assert len({downloader.get_file_path() for downloader, _ in running}) == 3
    assert len(list(phone.save_dir.glob("*_*.vseal"))) == 3


@pytest.mark.behaviour("B52")
def test_a_run_lives_when_its_object_is_dropped(
    phone: Phone, house: House, video: Video, wire: Wire
) -> None:
    downloader, ear = phone.ready(house.sts(video("long")), wire=wire)
    wire.hold_after(1)
    downloader.start()
    wire.wait_for_segments(1)
    watched = weakref.ref(downloader)
    phone.downloaders.clear()
    ear.downloader = None  # type: ignore[assignment]  # as an app does that lets go of it
    del downloader
    gc.collect()
    assert watched() is not None
    wire.release()
    ear.wait_for("completed")


def test_wait_inside_a_listener_is_refused(phone: Phone, house: House, video: Video) -> None:
    downloader, ear = phone.ready(house.sts(video("short")))
    refused: list[type] = []

    def wait(_: object) -> None:
        try:
            downloader.wait(1)
        except MisuseError as error:
            refused.append(type(error))

    downloader.set_on_prepared_listener(wait)
    downloader.prepare(house.sts(video("short")))
    assert downloader.wait(PATIENCE)
    assert refused == [MisuseError]
    assert ear.names == []


def test_wait_waits_for_what_a_listener_began(phone: Phone, house: House, video: Video) -> None:
    downloader, ear = phone.ready(house.sts(video("short")))
    downloader.set_on_prepared_listener(lambda _: downloader.start())
    downloader.prepare(house.sts(video("short")))
    assert not downloader.wait(0)
    assert downloader.wait(PATIENCE)
    assert ear.names[-1] == "completed"


def test_the_factory_makes_the_same(phone: Phone, house: House, video: Video) -> None:
    downloader = DownloaderFactory.create()
    assert type(downloader) is MediaDownloader
    assert downloader.version() == MediaDownloader.version() == "0.1.0"
    path, _ = phone.download(house.sts(video("short")))
    vid = video("short")
    assert DownloaderFactory.delete_file(str(phone.save_dir), vid, "m3u8", 0) == 0
    assert not path.exists()


def test_a_delegate_hears_it_all(phone: Phone, house: House, video: Video) -> None:
    class App:
        def __init__(self) -> None:
            self.heard: list[tuple[object, ...]] = []
            self.ended = threading.Event()

        def on_prepared(self, downloader: MediaDownloader, media: object) -> None:
            self.heard.append(("prepared", downloader))
            downloader.select_item(media.tracks[0].index)  # type: ignore[attr-defined]  # the test knows which it is
            downloader.update_source(house.sts(video("short")))
            downloader.start()

        def on_processing_progress(self, downloader: MediaDownloader, percent: int) -> None:
            self.heard.append(("processing", downloader, percent))

        def on_completion(self, downloader: MediaDownloader) -> None:
            self.heard.append(("completed", downloader))
            self.ended.set()

        def on_error(self, downloader: MediaDownloader, info: object) -> None:
            self.heard.append(("error", downloader, info))
            self.ended.set()

    app = App()
    downloader, _ = phone.downloader()
    downloader.set_delegate(app)
    downloader.prepare(house.sts(video("short")))
    assert app.ended.wait(PATIENCE)
    assert app.heard[0] == ("prepared", downloader)
    assert app.heard[-1] == ("completed", downloader)
    assert ("processing", downloader, 100) in app.heard
    downloader.select_item(99)
    app.ended.clear()
    downloader.start()
    assert app.ended.wait(PATIENCE)
    assert app.heard[-1][2].code is ErrorCode.INVALID_ITEM  # type: ignore[attr-defined]  # the test knows which it is
