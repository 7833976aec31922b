"""How many connections: a network is made up here, and the pool finds what it rewards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vodseal.download.pool import Pool, is_too_much
from vodseal.download.retry import Failure, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable


def counts(pool: Pool, speed: Callable[[int], float], seconds: int, since: int = 0) -> list[int]:
    """Let time pass, and return the number of connections second by second."""
    found, received = [], float(since) * 1e9
    for second in range(since, since + seconds):
        pool.look(int(received), second)
        found.append(pool.count)
        received += speed(pool.count)
    return found


def test_it_grows_while_each_step_makes_it_faster() -> None:
    """One connection gives 100 kB/s, as with a long round trip and some loss."""
    found = counts(Pool(8, 16), lambda count: 100_000 * count, 30)
    assert found[0] == 8
    assert found[-1] == 16
    assert found == sorted(found)


def test_a_step_that_brings_nothing_is_taken_back_and_tried_again_later() -> None:
    found = counts(Pool(8, 16), lambda count: 1e6, 90)
    assert max(found) == 10
    assert found.count(10) <= 8
    assert found[-30:].count(8) > 20


def test_it_stops_where_the_network_is_full() -> None:
    found = counts(Pool(4, 16), lambda count: 1e6 * min(count, 8), 25)
    assert found[-1] == 8
    assert max(found) == 10


def test_where_the_machine_is_the_limit_nothing_is_tried() -> None:
    assert set(counts(Pool(8, 16), lambda count: 5e8, 60)) == {8}


def test_without_room_to_grow_it_stays() -> None:
    assert set(counts(Pool(2, 0), lambda count: 1e5 * count, 60)) == {2}


def test_too_much_halves_it_once_for_one_moment_and_calm_brings_it_back() -> None:
    pool = Pool(8, 8)
    counts(pool, lambda count: 1e6, 5)
    for _ in range(8):
        pool.shrink(5)
    assert pool.count == 4
    found = counts(pool, lambda count: 1e6, 60, since=5)
    assert found[:9] == [4] * 9
    assert found[-1] == 8


def test_it_shrinks_also_after_a_step_that_brought_nothing() -> None:
    pool = Pool(8, 16)
    counts(pool, lambda count: 1e6, 8)
    assert pool.count == 8
    pool.shrink(8)
    assert pool.count == 4


def test_it_never_gives_up_the_last_one() -> None:
    pool = Pool(8, 16)
    for second in range(0, 100, 11):
        pool.shrink(second)
    assert pool.count == 1


@pytest.mark.parametrize(
    ("failure", "too_much"),
    [
        (Failure(trouble=Trouble.STATUS, status=429), True),
        (Failure(trouble=Trouble.STATUS, status=503), True),
        (Failure(trouble=Trouble.CONNECT), True),
        (Failure(trouble=Trouble.STATUS, status=500), False),
        (Failure(trouble=Trouble.STATUS, status=403), False),
        (Failure(trouble=Trouble.CUT), False),
    ],
)
def test_what_says_that_it_is_too_much(failure: Failure, *, too_much: bool) -> None:
    assert is_too_much(failure) is too_much
