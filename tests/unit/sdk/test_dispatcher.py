"""Listeners are called one at a time, in order, and never late."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import pytest

from vodseal.sdk.dispatcher import Dispatcher

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 20.0


@pytest.fixture
def dispatcher() -> Dispatcher:
    return Dispatcher()


def drain(dispatcher: Dispatcher) -> None:
    """Wait until everything posted so far was delivered, and the thread is gone."""
    done = threading.Event()
    channel = dispatcher.open()
    channel.finish(done.set)
    assert done.wait(PATIENCE)


def test_calls_come_in_order(dispatcher: Dispatcher) -> None:
    channel, heard = dispatcher.open(), []
    for number in range(100):
        channel.post(lambda number=number: heard.append(number))
    drain(dispatcher)
    channel.close()
    assert heard == list(range(100))


def test_calls_of_two_channels_never_overlap(dispatcher: Dispatcher) -> None:
    inside, overlaps = threading.Lock(), []

    def call() -> None:
        overlaps.append(not inside.acquire(blocking=False))
        inside.release()

    channels = [dispatcher.open() for _ in range(4)]

    def feed(channel: object) -> None:
        for _ in range(200):
            channel.post(call)  # type: ignore[attr-defined]  # the test knows which it is

    threads = [threading.Thread(target=feed, args=(channel,)) for channel in channels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    drain(dispatcher)
    for channel in channels:
        channel.close()
    assert overlaps == [False] * 800


@pytest.mark.behaviour("B30")
def test_close_waits_for_the_call_under_way_and_drops_the_rest(dispatcher: Dispatcher) -> None:
    channel, entered, leave, heard = dispatcher.open(), threading.Event(), threading.Event(), []

    def slow() -> None:
        entered.set()
        leave.wait(PATIENCE)
        heard.append("slow")

    channel.post(slow)
    channel.post(lambda: heard.append("late"))
    assert entered.wait(PATIENCE)
    closing = threading.Thread(target=channel.close)
    closing.start()
    closing.join(0.05)
    assert closing.is_alive()
    leave.set()
    closing.join(PATIENCE)
    assert not closing.is_alive()
    drain(dispatcher)
    assert heard == ["slow"]


@pytest.mark.behaviour("B27")
def test_a_listener_may_close_its_own_channel(dispatcher: Dispatcher) -> None:
    channel, heard = dispatcher.open(), []

    def stop() -> None:
        channel.close()
        heard.append("closed")

    channel.post(stop)
    channel.post(lambda: heard.append("late"))
    drain(dispatcher)
    assert heard == ["closed"]


def test_nothing_follows_the_last_call(dispatcher: Dispatcher) -> None:
    channel, heard = dispatcher.open(), []
    channel.finish(lambda: channel.post(lambda: heard.append("late")))
    drain(dispatcher)
    channel.post(lambda: heard.append("later"))
    channel.finish(lambda: heard.append("again"))
    drain(dispatcher)
    assert heard == []


@pytest.mark.parametrize("error", [ValueError("mine"), SystemExit(3)])
def test_a_listener_that_raises_stops_nothing(
    dispatcher: Dispatcher, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    channel, heard = dispatcher.open(), []

    def fail() -> None:
        raise error

    with caplog.at_level(logging.ERROR):
        channel.post(fail)
        channel.post(lambda: heard.append("next"))
        drain(dispatcher)
    channel.close()
    assert heard == ["next"]
    assert caplog.messages == ["A listener raised"]


def test_the_thread_ends_with_the_last_channel(dispatcher: Dispatcher) -> None:
    threads: list[threading.Thread] = []
    channel = dispatcher.open()
    channel.post(lambda: threads.append(threading.current_thread()))
    drain(dispatcher)
    assert threads[0].is_alive()
    channel.close()
    threads[0].join(PATIENCE)
    assert not threads[0].is_alive()
    assert not threads[0].daemon


def test_a_listener_knows_where_it_is(dispatcher: Dispatcher) -> None:
    seen: list[bool] = []
    ask: Callable[[], None] = lambda: seen.append(dispatcher.is_current())  # noqa: E731
    dispatcher.open().finish(ask)
    drain(dispatcher)
    ask()
    assert seen == [True, False]
