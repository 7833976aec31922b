"""What counts as dripping, on a fast network and on a poor one."""

from __future__ import annotations

import pytest

from vodseal.download.drip import HIGHEST_FLOOR, LOWEST_FLOOR, DripWatch, floor

WINDOW = 15.0


@pytest.mark.parametrize(
    ("best", "expected"),
    [
        (0, LOWEST_FLOOR),
        (10_000, LOWEST_FLOOR),
        (200_000, 10_000),
        (1e6, HIGHEST_FLOOR),
        (1e9, HIGHEST_FLOOR),
    ],
)
def test_the_floor_is_a_share_of_the_best_between_two_numbers(best: float, expected: float) -> None:
    assert floor(best) == expected


def test_one_that_drips_beside_fast_ones_is_told() -> None:
    watch = DripWatch(WINDOW)
    watch.note(5e6, now=100)
    assert watch.is_dripping(10_000 * 15, WINDOW, now=110)
    assert not watch.is_dripping(20_000 * 15, WINDOW, now=110)


def test_on_a_poor_network_slow_is_as_fast_as_it_gets() -> None:
    watch = DripWatch(WINDOW)
    watch.note(2500, now=100)
    assert not watch.is_dripping(1100 * 15, WINDOW, now=110)
    assert watch.is_dripping(1000 * 15, WINDOW, now=110)


def test_a_network_that_has_become_poor_is_believed_after_two_windows() -> None:
    watch = DripWatch(WINDOW)
    watch.note(5e6, now=100)
    watch.note(2000, now=115)
    assert watch.is_dripping(2000 * 15, WINDOW, now=130)
    assert not watch.is_dripping(2000 * 15, WINDOW, now=131)
    watch.note(3000, now=131)
    assert watch.best(131) == 3000


def test_before_a_whole_window_nothing_is_told() -> None:
    assert not DripWatch(WINDOW).is_dripping(0, 14.9, now=100)
