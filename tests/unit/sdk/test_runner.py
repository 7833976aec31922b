"""A run ends once, when its work has ended or was stopped."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

from vodseal.sdk.dispatcher import Dispatcher
from vodseal.sdk.runner import LastCall, Run

PATIENCE = 20.0


@pytest.fixture
def dispatcher() -> Dispatcher:
    return Dispatcher()


def test_the_last_call_is_made_once_and_ends_the_wait(dispatcher: Dispatcher) -> None:
    heard: list[str] = []
    run = Run(dispatcher.open(), lambda _: lambda: heard.append("last"))
    run.begin(after=None)
    assert run.wait(PATIENCE)
    assert heard == ["last"]
    run.stop()
    assert heard == ["last"]


def test_the_wait_ends_when_the_last_call_raises(dispatcher: Dispatcher) -> None:
    def fail() -> None:
        raise ValueError

    run = Run(dispatcher.open(), lambda _: fail)
    run.begin(after=None)
    assert run.wait(PATIENCE)


@pytest.mark.behaviour("B26", "B30")
def test_after_stop_nothing_is_called_and_no_thread_is_left(dispatcher: Dispatcher) -> None:
    heard: list[str] = []
    working = threading.Event()

    def work(run: Run) -> LastCall:
        run.channel.post(working.set)
        stopped = threading.Event()
        while not run.is_stopped():
            stopped.wait(0.001)
        run.channel.post(lambda: heard.append("late"))
        return lambda: heard.append("last")

    run = Run(dispatcher.open(), work)
    run.begin(after=None)
    assert working.wait(PATIENCE)
    run.stop()
    run.stop()
    assert run.wait(0)
    assert heard == []
    assert not [one for one in threading.enumerate() if one.name == "vodseal-run"]


@pytest.mark.behaviour("B27")
@pytest.mark.parametrize("where", ["listener", "last call", "own thread"])
def test_a_run_may_be_stopped_from_inside(dispatcher: Dispatcher, where: str) -> None:
    heard: list[str] = []
    done = threading.Event()

    def stop(run: Run) -> None:
        run.stop()
        run.stop()
        heard.append("stopped")
        done.set()

    def work(run: Run) -> LastCall:
        if where == "listener":
            run.channel.post(lambda: stop(run))
        if where == "own thread":
            stop(run)
        return lambda: stop(run) if where == "last call" else heard.append("last")

    run = Run(dispatcher.open(), work)
    run.begin(after=None)
    assert done.wait(PATIENCE)
    run.join()
    assert heard == ["stopped"]


@pytest.mark.behaviour("B27")
def test_a_listener_may_stop_the_run_that_ends_because_of_it(dispatcher: Dispatcher) -> None:
    heard: list[str] = []

    def work(run: Run) -> LastCall:
        run.channel.post(lambda: (run.stop(), heard.append("stopped")))
        ended = threading.Event()
        while not run.is_stopped():
            ended.wait(0.001)
        return None

    run = Run(dispatcher.open(), work)
    run.begin(after=None)
    run.join()
    drained = threading.Event()
    dispatcher.open().finish(drained.set)
    assert drained.wait(PATIENCE)
    assert heard == ["stopped"]


@pytest.mark.behaviour("B27")
def test_a_listener_and_the_runs_own_thread_may_stop_it_at_once(dispatcher: Dispatcher) -> None:
    inside, done = threading.Event(), threading.Event()

    def listener(run: Run) -> None:
        inside.set()
        run.stop()
        done.set()

    def work(run: Run) -> LastCall:
        run.channel.post(lambda: listener(run))
        assert inside.wait(PATIENCE)
        run.stop()
        return None

    run = Run(dispatcher.open(), work)
    run.begin(after=None)
    assert done.wait(PATIENCE)
    run.join()


def test_a_run_waits_for_the_one_before(dispatcher: Dispatcher) -> None:
    order: list[str] = []
    leave = threading.Event()

    def slow(_: Run) -> LastCall:
        leave.wait(PATIENCE)
        order.append("first")
        return None

    def fast(_: Run) -> LastCall:
        order.append("second")
        return None

    first, second = Run(dispatcher.open(), slow), Run(dispatcher.open(), fast)
    first.begin(after=None)
    second.begin(after=first)
    assert not second.wait(0.05)
    leave.set()
    assert second.wait(PATIENCE)
    assert order == ["first", "second"]


@pytest.mark.behaviour("B52")
def test_a_run_keeps_its_owner_alive_while_it_works(dispatcher: Dispatcher) -> None:
    class Owner:
        def __init__(self) -> None:
            self.go_on = threading.Event()
            self.over = threading.Event()
            Run(dispatcher.open(), self.work).begin(after=None)

        def work(self, _: Run) -> LastCall:
            self.go_on.wait(PATIENCE)
            return self.over.set

    owner = Owner()
    go_on, over, still_there = owner.go_on, owner.over, weakref.ref(owner)
    del owner
    gc.collect()
    assert still_there() is not None
    go_on.set()
    assert over.wait(PATIENCE)
