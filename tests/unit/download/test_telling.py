"""What a listener hears is in order, never goes back, and is not too much."""

from __future__ import annotations

import errno
import sqlite3

import pytest
from tests.unit.download.test_plan import SEGMENT, job

from vodseal.download.disk_errors import disk_error
from vodseal.download.plan import Meter, pieces_of
from vodseal.download.telling import Teller
from vodseal.error_codes import ErrorCode
from vodseal.testing.clock import FakeClock


class Ear:
    """Notes what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    def on_download_progress(self, done: int, total: int | None, percent: int) -> None:
        self.heard.append((done, total, percent))

    def on_processing_progress(self, percent: int) -> None:
        self.heard.append((percent,))


@pytest.mark.behaviour("B29")
def test_a_piece_that_is_fetched_again_takes_nothing_back() -> None:
    ear, clock = Ear(), FakeClock()
    teller = Teller(ear, clock)
    pieces = pieces_of(job((SEGMENT, SEGMENT)))
    first = Meter(pieces, 100)
    teller.downloading(first, 0)
    first.add(pieces[0], 60)
    teller.downloading(first, 20)
    first.add(pieces[1], 40)
    teller.staged(first)
    teller.processing(30)
    second = Meter(pieces, 100)
    second.add(pieces[0], 60)
    clock.advance(1)
    teller.downloading(second, 0)
    second.add(pieces[1], 40)
    teller.staged(second)
    teller.processing(20)
    teller.processing(40)
    assert ear.heard == [(0, 100, 0), (80, 100, 60), (100, 100, 100), (0,), (30,), (40,)]


def test_bytes_are_told_ten_times_a_second_at_most() -> None:
    ear, clock = Ear(), FakeClock()
    teller = Teller(ear, clock)
    meter = Meter(pieces_of(job((SEGMENT,))), None)
    for in_flight in range(100):
        teller.downloading(meter, in_flight)
        clock.advance(0.011)
    assert 9 <= len(ear.heard) <= 12
    assert ear.heard[-1][1] is None


def test_bytes_in_flight_that_were_lost_are_not_taken_back() -> None:
    ear, clock = Ear(), FakeClock()
    teller = Teller(ear, clock)
    meter = Meter(pieces_of(job((SEGMENT,))), 50)
    for in_flight in (40, 0):
        teller.downloading(meter, in_flight)
        clock.advance(1)
    assert [heard[0] for heard in ear.heard] == [40, 40]


@pytest.mark.behaviour("B36")
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, ErrorCode.NO_SPACE),
        (errno.EDQUOT, ErrorCode.NO_SPACE),
        (errno.EIO, ErrorCode.WRITE_ERROR),
        (errno.EROFS, ErrorCode.WRITE_ERROR),
        (errno.EFBIG, ErrorCode.WRITE_ERROR),
    ],
)
def test_the_system_s_word_becomes_a_number(number: int, code: ErrorCode) -> None:
    error = disk_error(OSError(number, "words"), deed="stage a piece")
    assert error.code is code
    assert "stage a piece" in error.message


def test_a_full_database_is_a_full_disk() -> None:
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.execute("CREATE TABLE t (x)")
    database.execute("PRAGMA max_page_count = 2")
    with pytest.raises(sqlite3.OperationalError) as caught:
        database.execute("INSERT INTO t VALUES (zeroblob(100000))")
    database.close()
    assert disk_error(caught.value).code is ErrorCode.NO_SPACE
    assert disk_error(sqlite3.ProgrammingError("closed")).code is ErrorCode.WRITE_ERROR
