"""Row 7: somebody alters the film, its header, its index, the license, the security file or the journal."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.behaviours.client import running_client
from tests.scenario.threats.hands import frames, refusal

from vodseal import ErrorCode
from vodseal.container.header import Header
from vodseal.container.layout import HEADER_SIZE
from vodseal.errors import VodsealError
from vodseal.vault import key_service

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.behaviours.house import App, House
    from tests.behaviours.phone import Phone
    from tests.behaviours.wire import Wire

    Video = Callable[..., str]

FRAMES = 2000


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


@pytest.fixture
def sealed(phone: Phone, house: House, video: Video) -> Path:
    path, _ = phone.download(house.sts(video("short")))
    assert frames(path) > 0
    return path


@pytest.mark.parametrize(
    "place", ["magic", "length", "mac", "padding", "salt", "film", "index", "end"]
)
def test_one_bit_of_a_film_is_enough_that_it_does_not_play(sealed: Path, place: str) -> None:
    header = Header.peek(sealed.read_bytes()[:HEADER_SIZE])
    at = {
        "magic": 1,
        "length": 71,
        "mac": 120,
        "padding": 3000,
        "salt": HEADER_SIZE + 5,
        "film": HEADER_SIZE + 200,
        "index": header.meta_offset + 100,
        "end": -1,
    }[place]
    flip(sealed, at)
    with pytest.raises(VodsealError):
        frames(sealed)


def test_an_altered_license_lets_nothing_play(sealed: Path, phone: Phone, app: App) -> None:
    download_id = Header.peek(sealed.read_bytes()[:HEADER_SIZE]).download_id
    vault = key_service.current().vault()
    license_ = vault.load_license(download_id)
    assert license_ is not None
    for at in (9, 30, len(license_) // 2, len(license_) - 1):
        altered = bytearray(license_)
        altered[at] ^= 1
        vault.save_license(download_id, bytes(altered))
        assert refusal(sealed).code is ErrorCode.DEMUXER_OPENSTREAM
    vault.save_license(download_id, license_)
    phone.load(app)
    assert frames(sealed) > 0


def test_an_altered_security_file_unlocks_nothing(
    sealed: Path, phone: Phone, app: App, house: House, video: Video
) -> None:
    for at in (20, len(app.security_file) // 2, len(app.security_file) - 1):
        altered = bytearray(app.security_file)
        altered[at] ^= 1
        phone.load(replace(app, security_file=bytes(altered)))
        assert refusal(sealed).code is ErrorCode.DEMUXER_OPENSTREAM
        phone.load(replace(app, security_file=bytes(altered)))
        downloader, ear = phone.ready(house.sts(video("sharp")))
        downloader.start()
        assert ear.wait_for("error").code is ErrorCode.ENCRYPT_FILE_NOT_MATCH


def halfway(phone: Phone, video: Video, app: App, wire: Wire) -> None:
    """Leave a download that was killed with some pieces staged."""
    wire.hold_after(6)
    with running_client(phone, app, phone.house.sts(video("long")), wire):
        pause = threading.Event()
        for _ in range(2000):
            with contextlib.suppress(ValueError, sqlite3.Error):
                if len(phone.staged()) >= 4:
                    break
            pause.wait(0.01)
    wire.release()


def test_an_altered_piece_in_staging_never_gets_into_the_film(
    phone: Phone, video: Video, app: App, wire: Wire
) -> None:
    halfway(phone, video, app, wire)
    staged = sorted(phone.save_dir.glob(".vseal/*/stage/*"))
    assert staged
    for path in staged:
        flip(path, path.stat().st_size // 2)
    phone.load(app)
    downloader, ear = phone.ready(phone.house.sts(video("long")), wire=wire)
    downloader.start()
    assert ear.wait_for("error").code is ErrorCode.WRITE_ERROR  # all of them, at once
    assert list(phone.save_dir.glob("[!.]*.vseal")) == []


def test_one_altered_piece_is_fetched_again(
    phone: Phone, video: Video, app: App, wire: Wire
) -> None:
    halfway(phone, video, app, wire)
    path = min(phone.save_dir.glob(".vseal/*/stage/*"))
    flip(path, path.stat().st_size // 2)
    finish(phone, video, app, wire)


def test_an_altered_journal_never_gets_into_the_film(
    phone: Phone, video: Video, app: App, wire: Wire
) -> None:
    halfway(phone, video, app, wire)
    (journal,) = phone.save_dir.glob(".vseal/*/job.db")
    with contextlib.closing(sqlite3.connect(journal)) as database, database:
        first = database.execute("SELECT MIN(sequence) FROM piece").fetchone()[0]
        database.execute("UPDATE piece SET sequence = 900 WHERE sequence = ?", (first,))
        database.execute("UPDATE piece SET sequence = ? WHERE sequence = ?", (first, first + 1))
    finish(phone, video, app, wire)


def finish(phone: Phone, video: Video, app: App, wire: Wire) -> None:
    """Start again, and see that the film is whole."""
    phone.load(app)
    downloader, ear = phone.ready(phone.house.sts(video("long")), wire=wire)
    downloader.start()
    ear.wait_for("completed")
    (film,) = phone.save_dir.glob("[!.]*.vseal")
    assert frames(film) == FRAMES
