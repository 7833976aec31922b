"""The clock of tests."""

from __future__ import annotations

import pytest

from vodseal.clock import Clock, SystemClock
from vodseal.errors import MisuseError
from vodseal.testing.clock import DEFAULT_NOW, FakeClock


@pytest.mark.parametrize("clock", [FakeClock(), SystemClock()], ids=["fake", "system"])
def test_both_are_clocks(clock: Clock) -> None:
    assert clock.now() > 1_700_000_000
    assert clock.monotonic() <= clock.monotonic()


def test_it_stands_still_until_it_is_moved() -> None:
    clock = FakeClock()
    assert (clock.now(), clock.now()) == (DEFAULT_NOW, DEFAULT_NOW)
    clock.advance(1.5)
    assert (clock.now(), clock.monotonic()) == (DEFAULT_NOW + 1.5, 1.5)


def test_a_user_may_set_the_wall_clock_back_and_nothing_else() -> None:
    clock = FakeClock()
    clock.advance(10)
    clock.set_now(0)
    assert (clock.now(), clock.monotonic()) == (0, 10)
    with pytest.raises(MisuseError):
        clock.advance(-1)
