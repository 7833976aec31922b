from __future__ import annotations

from vodseal.service.packaging.decoding import PictureClock


def times(clock: PictureClock, *pairs: tuple[int | None, int | None]) -> list[int]:
    return [clock.time(pts, dts) for pts, dts in pairs]


def test_good_times_are_kept():
    clock = PictureClock(trusts_pts=True, step=10)
    assert times(clock, (5, 0), (15, 10), (40, 20)) == [5, 15, 40]


def test_times_that_go_backwards_give_way_to_decoding_times():
    clock = PictureClock(trusts_pts=True, step=1)
    shown = times(clock, (1, 2), (4, 3), (3, 4), (5, 5), (2, 6))
    assert shown[2:] == [4, 5, 6]


def test_a_container_without_times_is_not_believed():
    clock = PictureClock(trusts_pts=False, step=1)
    assert times(clock, (1, 2), (4, 3), (3, 4), (75, None), (72, None)) == [2, 3, 4, 5, 6]


def test_missing_times_are_filled_in():
    clock = PictureClock(trusts_pts=True, step=40)
    assert times(clock, (None, None), (None, None), (100, None), (None, None)) == [0, 40, 100, 140]
