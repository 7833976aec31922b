"""What a listener hears, when, and what it never hears."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from vodseal.errors import IllegalTransitionError
from vodseal.sdk.dispatcher import shared_dispatcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.behaviours.house import House
    from tests.behaviours.phone import Phone
    from tests.behaviours.wire import Wire

    Video = Callable[..., str]

PATIENCE = 60.0


def quiet() -> None:
    """Wait until everything that was posted by now was delivered."""
    delivered = threading.Event()
    shared_dispatcher().open().finish(delivered.set)
    assert delivered.wait(PATIENCE)


@pytest.mark.behaviour("B26", "B30")
@pytest.mark.parametrize("method", ["stop", "release"])
@pytest.mark.parametrize("moment", ["preparing", "downloading"])
def test_nothing_is_heard_after_stop_and_release(
    phone: Phone, video: Video, wire: Wire, method: str, moment: str
) -> None:
    source = phone.house.sts(video("long"))
    downloader, ear = phone.ready(source, wire=wire)
    if moment == "preparing":
        downloader.prepare(source)
    else:
        wire.hold_after(3)
        downloader.start()
        wire.wait_for_segments(3)
        ear.wait_for("downloading", least=1)
    getattr(downloader, method)()
    heard = ear.names
    assert downloader.state == ("stopped" if method == "stop" else "released")
    assert downloader.wait(0)
    wire.release()
    quiet()
    assert ear.names == heard
    assert "error" not in heard
    assert "completed" not in heard


@pytest.mark.behaviour("B27")
def test_stop_and_release_are_harmless_at_any_time(phone: Phone) -> None:
    downloader, ear = phone.downloader()
    for _ in range(2):
        downloader.stop()
    assert downloader.state == "idle"
    for _ in range(2):
        downloader.release()
    downloader.stop()
    assert downloader.state == "released"
    assert ear.names == []


@pytest.mark.behaviour("B27")
@pytest.mark.parametrize("outcome", ["completed", "error"])
def test_stop_and_release_inside_the_last_listener(
    phone: Phone, house: House, video: Video, outcome: str
) -> None:
    downloader, _ = phone.ready(house.sts(video("short")), 0 if outcome == "completed" else 99)
    heard: list[str] = []
    done = threading.Event()

    def last(*_: object) -> None:
        for method in (downloader.stop, downloader.release, downloader.release, downloader.stop):
            method()
        heard.append(downloader.state)
        done.set()

    downloader.set_on_completion_listener(last)
    downloader.set_on_error_listener(last)
    downloader.start()
    assert done.wait(PATIENCE)
    quiet()
    assert heard == ["released"]


@pytest.mark.behaviour("B27", "B30")
def test_stop_inside_a_progress_listener_is_the_last_word(
    phone: Phone, house: House, video: Video
) -> None:
    downloader, ear = phone.ready(house.sts(video("long")))
    stopped = threading.Event()

    def stop(percent: int) -> None:
        if percent:
            downloader.stop()
            stopped.set()

    downloader.set_on_progress_listener(stop)
    downloader.start()
    assert stopped.wait(PATIENCE)
    quiet()
    assert ear.names == []
    assert downloader.state == "stopped"


@pytest.mark.behaviour("B28")
def test_a_released_object_is_used_up(phone: Phone, house: House, video: Video) -> None:
    source = house.sts(video("short"))
    downloader, ear = phone.ready(source)
    downloader.release()
    for call in (lambda: downloader.prepare(source), downloader.start, downloader.delete_file):
        with pytest.raises(IllegalTransitionError):
            call()
    quiet()
    assert ear.names == []
    phone.download(source)


def test_two_runs_of_one_object_at_once_are_refused(
    phone: Phone, house: House, video: Video, wire: Wire
) -> None:
    source = house.sts(video("long"))
    downloader, ear = phone.ready(source, wire=wire)
    wire.hold_after(1)
    downloader.start()
    wire.wait_for_segments(1)
    for call in (lambda: downloader.prepare(source), downloader.start):
        with pytest.raises(IllegalTransitionError):
            call()
    wire.release()
    ear.wait_for("completed")
    assert ear.names.count("completed") == 1


@pytest.mark.behaviour("B29", "B30")
def test_percents_grow_to_100_and_completion_is_last(
    phone: Phone, house: House, video: Video
) -> None:
    _, ear = phone.download(house.sts(video("long")))
    quiet()
    for name in ("downloading", "processing"):
        percents = ear.values(name)
        assert percents == sorted(set(percents))
        assert percents[-1] == 100
        assert all(type(percent) is int and 0 <= percent <= 100 for percent in percents)
    names = ear.names
    order = ["downloading", "processing", "completed"]
    assert names == sorted(names, key=order.index)
    assert names.count("completed") == 1


@pytest.mark.behaviour("B29")
def test_processing_needs_no_network(phone: Phone, house: House, video: Video, wire: Wire) -> None:
    downloader, ear = phone.ready(house.sts(video("long")), wire=wire)
    downloader.set_on_progress_listener(
        lambda percent: wire.cut() if percent == 100 else None, lambda _: None
    )
    downloader.start()
    ear.wait_for("completed")


@pytest.mark.behaviour("B30")
def test_an_error_is_heard_once_and_alone(phone: Phone, house: House, video: Video) -> None:
    downloader, ear = phone.ready(house.sts(video("short")), 99)
    for _ in range(2):
        downloader.start()
        assert downloader.wait(PATIENCE)
    quiet()
    assert ear.names == ["error", "error"]


def test_a_listener_that_raises_does_not_end_the_run(
    phone: Phone, house: House, video: Video, caplog: pytest.LogCaptureFixture
) -> None:
    downloader, ear = phone.ready(house.sts(video("short")))

    def fail(_: int) -> None:
        raise ValueError("mine")

    downloader.set_on_progress_listener(fail, fail)
    downloader.start()
    ear.wait_for("completed")
    said = {record.getMessage() for record in caplog.records if "dispatcher" in record.name}
    assert said == {"A listener raised"}
