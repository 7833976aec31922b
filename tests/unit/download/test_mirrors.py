"""Which server is asked: the first that is not avoided."""

from __future__ import annotations

from vodseal.download.mirrors import MirrorChoice

ALL = (True, True, True)


def test_the_first_is_asked_until_it_fails() -> None:
    choice = MirrorChoice(3)
    assert choice.best(0, ALL) == 0
    choice.fail(0, 0)
    assert choice.best(0, ALL) == 1
    choice.fail(1, 5)
    assert choice.best(5, ALL) == 2
    assert choice.best(30, ALL) == 0


def test_one_without_urls_is_never_asked() -> None:
    choice = MirrorChoice(3)
    choice.fail(0, 0)
    assert choice.best(0, (True, False, False)) == 0
    assert choice.best(0, (True, False, True)) == 2


def test_of_all_that_fail_the_one_that_comes_back_first_is_asked() -> None:
    choice = MirrorChoice(2)
    choice.fail(1, 0)
    choice.fail(0, 10)
    assert choice.best(11, (True, True)) == 1


def test_it_is_avoided_twice_as_long_each_time_in_a_row() -> None:
    choice, now, times = MirrorChoice(2), 0.0, []
    for _ in range(6):
        choice.fail(0, now)
        choice.fail(0, now + 1)  # of the same outage
        began = now
        while choice.is_avoided(0, now):
            now += 1
        times.append(now - began)
    assert times == [30, 60, 120, 240, 300, 300]


def test_success_forgets_what_was_but_ends_no_avoiding() -> None:
    choice = MirrorChoice(2)
    choice.fail(0, 0)
    choice.succeed(0, 1)  # it was under way
    assert choice.is_avoided(0, 29)
    choice.fail(0, 30)
    choice.succeed(0, 200)
    choice.fail(0, 300)
    assert not choice.is_avoided(0, 330)
