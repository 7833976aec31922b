"""Everybody runs once a round, in turn; who fails counts for nothing."""

from __future__ import annotations

import pytest

from vodseal.bench.measure import Taken
from vodseal.bench.rounds import Contestant, interleave
from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError


class Runner:
    """Takes one second more each time; fails from a call on."""

    def __init__(self, name: str, order: list[str], fails_at: int | None = None) -> None:
        self.name, self.order, self.fails_at = name, order, fails_at
        self.calls = 0

    def __call__(self) -> dict[str, Taken]:
        self.order.append(self.name)
        self.calls += 1
        failure = "" if self.fails_at is None or self.calls < self.fails_at else "it fell over"
        return {self.name: Taken(seconds=float(self.calls), failure=failure)}


def contestants(order: list[str], **fails_at: int) -> list[Contestant]:
    return [
        Contestant(name=name, run=Runner(name, order, fails_at.get(name)), is_ours=name == "ours")
        for name in ("ours", "one", "two")
    ]


def test_each_round_begins_with_the_next_one_and_the_first_is_not_counted() -> None:
    order: list[str] = []
    results = interleave(contestants(order), 2, lambda _: None)
    assert order == ["ours", "one", "two", "one", "two", "ours", "two", "ours", "one"]
    assert list(results.raw) == ["ours", "one", "two"]
    assert [taken.seconds for taken in results.raw["one"]] == [2.0, 3.0]
    assert results.left_out == {}


@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_rival_that_fails_is_left_out_with_all_its_rounds(call: int) -> None:
    order: list[str] = []
    results = interleave(contestants(order, one=call), 3, lambda _: None)
    assert set(results.raw) == {"ours", "two"}
    assert results.left_out == {"one": "it fell over"}
    assert order.count("one") == call
    assert [len(runs) for runs in results.raw.values()] == [3, 3]


def test_when_we_fail_there_is_no_benchmark() -> None:
    with pytest.raises(OperatorError) as failed:
        interleave(contestants([], ours=2), 3, lambda _: None)
    assert failed.value.code is ErrorCode.CHECK_FAILED
    assert "it fell over" in failed.value.message
