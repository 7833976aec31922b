"""Row 14: the process is killed, again and again; nothing durable is lost and nothing is clear."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from typing import TYPE_CHECKING

from tests.behaviours.client import running_client
from tests.scenario.threats.hands import frames

from vodseal.testing.leakscan import LeakScanner

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.behaviours.house import App
    from tests.behaviours.phone import Phone
    from tests.behaviours.wire import Wire

    Video = Callable[..., str]

FRAMES = 2000


def staged(phone: Phone) -> set[int]:
    with contextlib.suppress(ValueError, sqlite3.Error):  # the journal is not there yet
        return {sequence for sequence, _ in phone.staged()}
    return set()


def test_a_download_that_is_killed_three_times_is_finished_and_never_clear(
    phone: Phone, video: Video, app: App, wire: Wire
) -> None:
    scanner = LeakScanner()
    kept: set[int] = set()
    pause = threading.Event()
    for held in (4, 3, 3):
        wire.release()
        wire.forget()
        wire.hold_after(held)
        with running_client(phone, app, phone.house.sts(video("long")), wire):
            for _ in range(3000):
                if len(staged(phone)) > len(kept):
                    break
                pause.wait(0.01)
        now = staged(phone)
        assert now > kept, "what was durable is still there, and more is"
        kept = now
        assert scanner.scan(phone.folder) == []
    wire.release()
    phone.load(app)
    downloader, ear = phone.ready(phone.house.sts(video("long")), wire=wire)
    downloader.start()
    ear.wait_for("completed")
    (film,) = phone.save_dir.glob("[!.]*.vseal")
    assert frames(film) == FRAMES
    assert scanner.scan(phone.folder) == []
