"""Nobody gets more than a bucket and what flows into it; who waits as told is served."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.errors import ThrottledError
from vodseal.service.actions.table import ACTIONS
from vodseal.service.limits import COSTS, Bucket, Limits, Scope, take
from vodseal.service.settings import Settings
from vodseal.testing.clock import FakeClock

STEPS = st.lists(
    st.tuples(
        st.floats(min_value=0, max_value=90, allow_nan=False),
        st.integers(min_value=1, max_value=20),
    ),
    max_size=60,
)


@given(steps=STEPS, per_minute=st.integers(min_value=20, max_value=300))
def test_in_any_span_no_more_is_taken_than_was_there_and_came_in(steps, per_minute):
    now, bucket, taken = 0.0, None, []
    for pause, cost in steps:
        now += pause
        bucket, wait = take(bucket, cost, per_minute=per_minute, now=now)
        if not wait:
            taken.append((now, cost))
    for first, (start, _) in enumerate(taken):
        for last in range(first, len(taken)):
            span = taken[last][0] - start
            most = per_minute + span * per_minute / 60
            assert sum(cost for _, cost in taken[first : last + 1]) <= most + 1e-6


@given(steps=STEPS, per_minute=st.integers(min_value=1, max_value=300))
def test_who_waits_as_told_is_served_and_a_refusal_takes_nothing(steps, per_minute):
    now, bucket = 0.0, None
    for pause, cost in steps:
        now += pause
        before = bucket
        bucket, wait = take(bucket, cost, per_minute=per_minute, now=now)
        assert 0 <= bucket.tokens <= per_minute
        if wait:
            assert before is not None
            assert bucket.tokens >= before.tokens - 1e-9
            _, then = take(bucket, cost, per_minute=per_minute, now=now + wait + 1e-6)
            assert then == 0.0


def test_a_bucket_is_never_fuller_than_full():
    bucket, _ = take(Bucket(tokens=0, at=0), 1, per_minute=60, now=1e9)
    assert bucket.tokens == 59


def limits(clock, **per_minute) -> Limits:
    return Limits({scope: per_minute.get(scope.name.lower(), 0) for scope in Scope}, clock)


def test_buckets_are_apart_by_scope_and_name():
    clock = FakeClock(0)
    some = limits(clock, user=1, device=5)
    some.count(Scope.USER, "a", "GetPlayInfo")
    some.count(Scope.USER, "b", "GetPlayInfo")
    some.count(Scope.DEVICE, "a", "EnrollDevice")
    with pytest.raises(ThrottledError) as caught:
        some.count(Scope.USER, "a", "GetPlayInfo")
    assert (caught.value.server_code, caught.value.retry_after) == ("Throttling.User", 60)
    clock.advance(60)
    some.count(Scope.USER, "a", "GetPlayInfo")


def test_no_limit_and_no_cost_count_nothing():
    some = limits(FakeClock(0), user=1)
    for _ in range(10):
        some.count(Scope.ADDRESS, "a", "GetPlayInfo")
        some.count(Scope.USER, "a", "GetVideoInfo")


def test_what_costs_more_than_a_bucket_holds_can_still_be_had():
    some = limits(FakeClock(0), user=10)
    some.count(Scope.USER, "a", "RegisterApp")
    with pytest.raises(ThrottledError):
        some.count(Scope.USER, "a", "GetPlayInfo")


def test_memory_is_bounded_and_the_oldest_goes(monkeypatch):
    monkeypatch.setattr("vodseal.service.limits._MAX_BUCKETS", 3)
    some = limits(FakeClock(0), user=1)
    for name in "abcd":
        some.count(Scope.USER, name, "GetPlayInfo")
    some.count(Scope.USER, "a", "GetPlayInfo")
    with pytest.raises(ThrottledError):
        some.count(Scope.USER, "d", "GetPlayInfo")


def test_every_action_that_costs_is_one():
    assert set(COSTS) <= set(ACTIONS)


def test_the_defaults_let_a_busy_service_be(tmp_path):
    """Twice the 2,000 requests a second that one core is to answer, from one caller."""
    clock = FakeClock(0)
    some = Limits.of(Settings(data=tmp_path, home=tmp_path), clock)
    for _ in range(60):
        for _ in range(400):
            for scope in (Scope.ADDRESS, Scope.USER):
                some.count(scope, "one", "GetPlayInfo")
        clock.advance(0.1)
    for _ in range(1_000):
        some.count(Scope.DEVICE, "one", "AcquireDownloadLicense")
