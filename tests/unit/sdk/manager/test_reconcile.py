"""Who runs: rules by example, then over everything there can be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.errors import MisuseError
from vodseal.sdk.manager.model import (
    REMOVALS,
    DownloadItem,
    Fact,
    TimeWindow,
    WaitReason,
    Wish,
)
from vodseal.sdk.manager.reconcile import (
    Action,
    Circumstances,
    Decision,
    Deed,
    QueueRules,
    in_order,
    reconcile,
)
from vodseal.sdk.progress import Progress

MEBIBYTE = 1 << 20
ALWAYS = Circumstances()
RULES = QueueRules()


def item(number: int, **more: Any) -> DownloadItem:
    return DownloadItem(
        **{"id": number, "vid": f"v{number}", "index": 0, "position": number} | more
    )


def sized(number: int, mebibytes: int, **more: Any) -> DownloadItem:
    return item(number, progress=Progress(total_size=mebibytes * MEBIBYTE), **more)


def started(decision: Decision) -> list[int]:
    return [one.item_id for one in decision.actions if one.deed is Deed.START]


@pytest.mark.behaviour("B33")
def test_three_run_first_in_first_out() -> None:
    decision = reconcile([item(n) for n in (5, 4, 3, 2, 1)], RULES, ALWAYS, set())
    assert started(decision) == [1, 2, 3]
    assert decision.waits == {4: WaitReason.TURN, 5: WaitReason.TURN}


@pytest.mark.behaviour("B33")
@pytest.mark.parametrize("limit", [0, 6, -1])
def test_one_to_five_run_at_once(limit: int) -> None:
    with pytest.raises(MisuseError):
        QueueRules(limit=limit)
    assert len(started(reconcile(map(item, range(9)), QueueRules(limit=5), ALWAYS, set()))) == 5


def test_a_size_is_not_negative() -> None:
    with pytest.raises(MisuseError):
        QueueRules(reserve_size=-1)
    with pytest.raises(MisuseError):
        QueueRules(low_size=-1)


def test_the_next_one_takes_a_free_place() -> None:
    items = [item(1, wish=Wish.PAUSE), *map(item, (2, 3, 4, 5))]
    decision = reconcile(items, RULES, ALWAYS, {1, 2, 3})
    assert decision.actions == (Action(Deed.STOP, 1), Action(Deed.START, 4))


def test_priority_goes_before_place_and_stops_nobody() -> None:
    items = [item(1), item(2), item(3, priority=1), item(4, priority=-1)]
    rules = QueueRules(limit=1)
    assert started(reconcile(items, rules, ALWAYS, set())) == [3]
    assert reconcile(items, rules, ALWAYS, {1}).actions == ()


def test_a_lower_limit_stops_who_came_last() -> None:
    decision = reconcile(map(item, (1, 2, 3)), QueueRules(limit=1), ALWAYS, {1, 2, 3})
    assert decision.actions == (Action(Deed.STOP, 2), Action(Deed.STOP, 3))
    assert decision.waits == {2: WaitReason.TURN, 3: WaitReason.TURN}


def test_what_is_gone_from_the_queue_stops() -> None:
    assert reconcile([], RULES, ALWAYS, {7}).actions == (Action(Deed.STOP, 7),)


def test_a_removal_stops_first() -> None:
    items = [item(1, wish=Wish.ERASE), item(2, wish=Wish.REMOVE, fact=Fact.COMPLETED)]
    assert reconcile(items, RULES, ALWAYS, {1}).actions == (
        Action(Deed.STOP, 1),
        Action(Deed.ERASE, 1),
        Action(Deed.FORGET, 2),
    )


def test_a_failed_one_runs_when_it_is_wished_again() -> None:
    assert started(reconcile([item(1, fact=Fact.FAILED)], RULES, ALWAYS, set())) == [1]
    assert (
        reconcile([item(1, fact=Fact.FAILED, wish=Wish.STOP)], RULES, ALWAYS, set()).actions == ()
    )
    assert reconcile([item(1, fact=Fact.COMPLETED)], RULES, ALWAYS, set()) == Decision()


def test_a_metered_network_stops_downloads_but_not_processing() -> None:
    items = [item(1), item(2, fact=Fact.PROCESSING), item(3)]
    now = Circumstances(is_metered=True)
    decision = reconcile(items, RULES, now, {1, 2})
    assert decision.actions == (Action(Deed.STOP, 1),)
    assert decision.waits == {1: WaitReason.NETWORK, 3: WaitReason.NETWORK}
    assert started(reconcile(items, QueueRules(metered_allowed=True), now, {1, 2})) == [3]


def test_the_time_of_day_of_all_and_of_one() -> None:
    night = TimeWindow.parse("22:00-06:00")
    noon, midnight = Circumstances(minute=720), Circumstances(minute=0)
    items = [item(1, window=night), item(2), item(3, window=night, fact=Fact.PROCESSING)]
    decision = reconcile(items, RULES, noon, {1, 3})
    assert decision.actions == (Action(Deed.STOP, 1), Action(Deed.START, 2))
    assert decision.waits == {1: WaitReason.SCHEDULE}
    rules = QueueRules(window=night)
    assert started(reconcile(items, rules, noon, set())) == [3]
    assert started(reconcile(items, rules, midnight, set())) == [1, 2, 3]


@pytest.mark.behaviour("B36")
def test_with_little_space_nothing_runs_and_nothing_is_refused() -> None:
    now = Circumstances(free_size=200 * MEBIBYTE - 1)
    decision = reconcile([sized(1, 1), sized(2, 5000)], RULES, now, {1})
    assert decision.actions == (Action(Deed.STOP, 1),)
    assert set(decision.waits.values()) == {WaitReason.SPACE}
    assert (
        reconcile([sized(1, 1)], RULES, Circumstances(free_size=200 * MEBIBYTE), {1}).actions == ()
    )


@pytest.mark.behaviour("B36")
def test_what_would_leave_too_little_space_is_refused() -> None:
    now = Circumstances(free_size=300 * MEBIBYTE)
    decision = reconcile([sized(1, 101), sized(2, 100)], RULES, now, set())
    assert decision.actions == (Action(Deed.REFUSE, 1), Action(Deed.START, 2))
    assert decision.waits == {}


def test_who_has_no_room_beside_others_waits_and_is_not_overtaken() -> None:
    now = Circumstances(free_size=1100 * MEBIBYTE)
    decision = reconcile([sized(1, 400), sized(2, 400), sized(3, 1)], RULES, now, set())
    assert started(decision) == [1]
    assert decision.waits == {2: WaitReason.TURN, 3: WaitReason.TURN}
    assert started(reconcile([sized(1, 400), sized(2, 1)], RULES, now, {1})) == [2]


def test_what_is_staged_takes_no_more_space() -> None:
    staged = item(1, progress=Progress(total_size=200 * MEBIBYTE, done_size=200 * MEBIBYTE))
    assert started(reconcile([staged], RULES, Circumstances(free_size=300 * MEBIBYTE), set())) == [
        1
    ]


windows = st.sampled_from([None, TimeWindow(start=0, end=700), TimeWindow(start=600, end=100)])
progresses = st.builds(
    Progress,
    total_size=st.one_of(st.none(), st.integers(0, 400 * MEBIBYTE)),
    done_size=st.integers(0, 100 * MEBIBYTE),
)
queues = st.lists(
    st.builds(
        item,
        st.integers(1, 30),
        priority=st.integers(-1, 1),
        position=st.integers(1, 30),
        wish=st.sampled_from(Wish),
        fact=st.sampled_from(Fact),
        window=windows,
        progress=progresses,
    ),
    unique_by=lambda one: one.id,
    max_size=20,
)
rule_sets = st.builds(
    QueueRules, limit=st.integers(1, 5), metered_allowed=st.booleans(), window=windows
)
times = st.builds(
    Circumstances,
    minute=st.integers(0, 1439),
    is_metered=st.booleans(),
    free_size=st.one_of(st.none(), st.integers(0, 2000 * MEBIBYTE)),
)


@given(queues, rule_sets, times, st.sets(st.integers(1, 30), max_size=6))
def test_whatever_there_is(
    queue: list[DownloadItem], rules: QueueRules, now: Circumstances, running: set[int]
) -> None:
    decision = reconcile(queue, rules, now, running)
    known = {one.id: one for one in queue}
    stopped = {one.item_id for one in decision.actions if one.deed is Deed.STOP}
    starts = started(decision)
    after = (running - stopped) | set(starts)

    assert len(decision.actions) == len(set(decision.actions))
    assert stopped <= running
    assert not set(starts) & running
    assert len(after) <= rules.limit, "never more than the limit"
    assert all(known[one].wish is Wish.RUN for one in after), "what is paused never runs"
    assert not any(known[one].fact is Fact.COMPLETED for one in starts), "each once"
    removed = {one.item_id for one in decision.actions if one.deed in {Deed.FORGET, Deed.ERASE}}
    assert removed == {one.id for one in queue if one.wish in REMOVALS}
    assert not set(decision.waits) & after

    turn = [one for one in in_order(queue) if decision.waits.get(one.id) is WaitReason.TURN]
    for waiting in turn:
        for one in starts:
            assert in_order([waiting, known[one]])[0].id == one, "nobody is overtaken"
    if turn and now.free_size is None:
        assert len(after) + len(stopped) >= rules.limit, "no place stays free"


@given(queues, rule_sets, times)
def test_the_second_look_finds_nothing_to_do(
    queue: list[DownloadItem], rules: QueueRules, now: Circumstances
) -> None:
    decision = reconcile(queue, rules, now, set())
    gone = {
        one.item_id
        for one in decision.actions
        if one.deed in {Deed.FORGET, Deed.ERASE, Deed.REFUSE}
    }
    left = [one for one in queue if one.id not in gone]
    again = reconcile(left, rules, now, set(started(decision)))
    assert again.actions == ()


@given(queues, rule_sets)
def test_in_the_end_everyone_has_run(queue: list[DownloadItem], rules: QueueRules) -> None:
    """Each round, what runs is completed: nobody who may run is passed over for ever."""
    now = Circumstances(minute=650, free_size=None)
    wanted = {
        one.id
        for one in queue
        if one.wish is Wish.RUN
        and one.fact is not Fact.COMPLETED
        and (one.fact is Fact.PROCESSING or one.window is None or one.window.contains(650))
    }
    rules = replace(rules, window=None)
    left = {one.id: one for one in queue}
    ran: list[int] = []
    for _ in range(len(queue) + 1):
        starts = started(reconcile(left.values(), rules, now, set()))
        ran += starts
        for one in starts:
            left[one] = replace(left[one], fact=Fact.COMPLETED)
    assert sorted(ran) == sorted(wanted)
