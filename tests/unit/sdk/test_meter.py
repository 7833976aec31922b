"""Speed and time left."""

from __future__ import annotations

from vodseal.sdk.meter import Meter


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at


def test_speed_counts_from_the_first_value() -> None:
    clock = Clock()
    meter = Meter(clock)
    meter.measure(0, 400)
    clock.at = 2.0
    assert meter.measure(100, 400) == {"percent": 25, "bytes": 100, "speed": 50, "eta": 6.0}


def test_what_an_earlier_run_has_done_is_no_speed() -> None:
    clock = Clock()
    meter = Meter(clock)
    clock.at = 1.0
    first = meter.measure(3000, 4000)
    assert first == {"percent": 75, "bytes": 3000, "speed": 0, "eta": None}
    clock.at = 2.0
    assert meter.measure(3100, 4000) == {"percent": 77, "bytes": 3100, "speed": 100, "eta": 9.0}


def test_speed_is_that_of_the_last_seconds() -> None:
    clock = Clock()
    meter = Meter(clock)
    for second in range(1, 11):
        clock.at = float(second)
        last = meter.measure(second * 10, None)
    clock.at = 11.0
    assert last["speed"] == 10
    assert meter.measure(1100, None)["speed"] > 100


def test_what_is_not_known_is_not_told() -> None:
    clock = Clock()
    meter = Meter(clock)
    assert meter.measure(0, None) == {"percent": 0, "bytes": 0, "speed": 0, "eta": None}
    clock.at = 1.0
    assert meter.measure(0, 10)["eta"] is None
    assert meter.measure(5, 0)["percent"] == 0


def test_a_percent_that_is_known_better_wins() -> None:
    assert Meter(Clock()).measure(1, 100, percent=40)["percent"] == 40


def test_going_back_is_not_a_negative_speed() -> None:
    clock = Clock()
    meter = Meter(clock)
    clock.at = 1.0
    meter.measure(100, 200)
    clock.at = 20.0
    meter.measure(100, 200)
    clock.at = 21.0
    assert meter.measure(10, 200)["speed"] == 0
