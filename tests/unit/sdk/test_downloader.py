"""The downloader around a flow: late events of a stopped run change nothing."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from vodseal import ErrorCode, MediaDownloader, State
from vodseal.errors import DownloadError
from vodseal.sdk import downloader as module

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.sdk.order import Order
    from vodseal.sdk.progress import ProgressRelay

PATIENCE = 20.0


class LateFlow:
    """A flow that notices nothing of a stop, and then has much to tell."""

    working: threading.Event
    tells: bool
    outcome: Callable[[], str | None]

    def __init__(
        self, order: Order, *, relay: ProgressRelay, is_stopped: Callable[[], bool]
    ) -> None:
        self._relay = relay
        self._is_stopped = is_stopped

    def run(self) -> str | None:
        LateFlow.working.set()
        pause = threading.Event()
        while not self._is_stopped():
            pause.wait(0.001)
        if LateFlow.tells:
            self._relay.finish()
        return LateFlow.outcome()


def fail_late() -> str:
    raise DownloadError(ErrorCode.NET_ERROR)


def fail_unforeseen() -> str:
    raise KeyError("late")


@pytest.mark.behaviour("B26", "B30")
@pytest.mark.parametrize("method", ["stop", "release"])
@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize(
    "outcome", [lambda: "/path", lambda: None, fail_late, fail_unforeseen], ids=range(4)
)
def test_what_comes_after_a_stop_is_not_told(
    monkeypatch: pytest.MonkeyPatch,
    outcome: Callable[[], str | None],
    method: str,
    *,
    tells: bool,
) -> None:
    monkeypatch.setattr(module, "DownloadFlow", LateFlow)
    LateFlow.tells = tells
    LateFlow.working, LateFlow.outcome = threading.Event(), staticmethod(outcome)
    downloader, heard = MediaDownloader(), []
    downloader.set_on_completion_listener(lambda: heard.append("completed"))
    downloader.set_on_error_listener(heard.append)
    downloader.set_on_progress_listener(heard.append, heard.append)
    downloader.start()
    assert LateFlow.working.wait(PATIENCE)
    getattr(downloader, method)()
    assert downloader.state is (State.STOPPED if method == "stop" else State.RELEASED)
    assert downloader.last_error is None
    assert heard == []
    assert downloader.wait(0)


def test_an_unforeseen_error_ends_the_run_with_a_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class BrokenFlow(LateFlow):
        def run(self) -> str | None:
            raise KeyError("nobody foresaw it")

    monkeypatch.setattr(module, "DownloadFlow", BrokenFlow)
    downloader = MediaDownloader()
    downloader.start()
    assert downloader.wait(PATIENCE)
    assert downloader.state is State.FAILED
    assert downloader.last_error is not None
    assert downloader.last_error.code is ErrorCode.UNKNOWN_ERROR
