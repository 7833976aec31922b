from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from vodseal.service.packaging.timeline import Timeline


def moved(timeline: Timeline, track: int, *times: float, step: float = 0.04) -> list[float]:
    return [round(time + timeline.shift(track, time, step), 3) for time in times]


def test_a_steady_line_stays():
    timeline = Timeline()
    assert moved(timeline, 0, 0.0, 0.04, 0.08, 0.5, 9.0) == [0.0, 0.04, 0.08, 0.5, 9.0]


def test_a_small_step_back_stays():
    timeline = Timeline()
    assert moved(timeline, 0, 5.0, 4.5, 5.1) == [5.0, 4.5, 5.1]


def test_a_line_that_begins_anew_goes_on():
    timeline = Timeline()
    assert moved(timeline, 0, 100.0, 100.04, 0.0, 0.04) == [100.0, 100.04, 100.08, 100.12]


def test_a_jump_ahead_is_closed():
    timeline = Timeline()
    assert moved(timeline, 0, 0.0, 0.04, 500.0) == [0.0, 0.04, 0.08]


def test_tracks_that_jump_apart_stay_in_step():
    timeline = Timeline()
    assert moved(timeline, 0, 100.0) == [100.0]
    assert moved(timeline, 1, 99.9) == [99.9]
    assert moved(timeline, 0, 0.0) == [100.04]
    assert moved(timeline, 1, 99.94) == [99.94], "the other track is still before the jump"
    assert moved(timeline, 1, 0.5) == [100.54], "half a second apart, as in the source"


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=60))
def test_no_gap_is_longer_than_a_line_may_have(times):
    timeline = Timeline()
    ends = [time + timeline.shift(0, time, 0.04) for time in times]
    assert all(-1.1 < b - a < 10.1 for a, b in itertools.pairwise(ends))
