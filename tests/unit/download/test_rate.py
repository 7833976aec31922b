"""A cap holds over any time, for everybody who shares it, and changes while it is used."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.download.rate import RateLimit
from vodseal.errors import MisuseError
from vodseal.testing.clock import FakeClock

WRITE = 16 << 10


def taken(limit: RateLimit, clock: FakeClock, seconds: float, step: float = 0.01) -> int:
    """Take as much as there is for a time, and return how much that was."""
    total, until = 0, clock.monotonic() + seconds
    while clock.monotonic() < until - 1e-9:
        clock.advance(step)
        while limit.admit(WRITE):
            total += WRITE
    return total


def test_without_a_cap_nothing_is_counted() -> None:
    limit = RateLimit(clock=FakeClock())
    assert not limit.is_limited
    assert all(limit.admit(1 << 30) for _ in range(100))
    assert limit.pause() == 0


def test_nothing_is_saved_up_before_the_first_byte() -> None:
    limit = RateLimit(1000, clock=FakeClock())
    assert not limit.admit(1)
    assert 0 < limit.pause() <= 0.001


@given(st.integers(1000, 10**9), st.floats(0.5, 5), st.floats(0.001, 0.09))
def test_over_any_time_the_total_stays_within_the_cap(
    rate: int, seconds: float, step: float
) -> None:
    clock = FakeClock()
    limit = RateLimit(rate, clock=clock)
    total = 0
    for _ in range(max(1, min(200, int(seconds / step)))):
        clock.advance(step)
        while limit.admit(max(WRITE, rate // 500)):
            total += max(WRITE, rate // 500)
        write = max(WRITE, rate // 500)
        assert total <= rate * clock.monotonic() + write
    if rate * step > write:  # and it is used up, but for what one write is
        assert total >= 0.99 * rate * clock.monotonic() - write


def test_an_idle_time_is_worth_a_tenth_of_a_second() -> None:
    clock = FakeClock()
    limit = RateLimit(10_000_000, clock=clock)
    clock.advance(3600)
    total = 0
    while limit.admit(WRITE):
        total += WRITE
    assert 1_000_000 <= total <= 1_000_000 + WRITE


def test_downloads_that_share_a_cap_share_its_bytes() -> None:
    clock = FakeClock()
    everybody = RateLimit(1_000_000, clock=clock)
    slow = RateLimit(200_000, parent=everybody, clock=clock)
    free = RateLimit(parent=everybody, clock=clock)
    assert slow.is_limited
    assert free.is_limited
    sums = [0, 0]
    for _ in range(1000):
        clock.advance(0.01)
        for position, limit in enumerate((slow, free)):
            while limit.admit(WRITE):
                sums[position] += WRITE
    assert sum(sums) <= 10_000_000 + 2 * WRITE
    assert sums[0] <= 2_000_000 + WRITE
    assert sum(sums) >= 9_900_000
    assert sums[0] >= 1_900_000


def test_a_cap_changes_while_it_is_used() -> None:
    clock = FakeClock()
    limit = RateLimit(1_000_000, clock=clock)
    assert taken(limit, clock, 1) == pytest.approx(1_000_000, rel=0.05)
    limit.bytes_per_second = 100_000
    assert taken(limit, clock, 4) == pytest.approx(400_000, rel=0.05)
    limit.bytes_per_second = None
    assert limit.admit(1 << 30)
    limit.bytes_per_second = 1_000_000
    assert limit.bytes_per_second == 1_000_000
    assert taken(limit, clock, 1) == pytest.approx(1_000_000, rel=0.05)


def test_a_parent_comes_and_goes() -> None:
    clock = FakeClock()
    limit = RateLimit(clock=clock)
    limit.parent = RateLimit(1000, clock=clock)
    assert limit.is_limited
    assert not limit.admit(1)
    limit.parent = None
    assert limit.admit(1)


@pytest.mark.parametrize("rate", [0, -1])
def test_a_cap_is_positive(rate: int) -> None:
    with pytest.raises(MisuseError):
        RateLimit(rate)
    limit = RateLimit()
    with pytest.raises(MisuseError):
        limit.bytes_per_second = rate
    assert limit.bytes_per_second is None
