"""States, wishes and windows of a queue."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.errors import MisuseError
from vodseal.sdk.manager.model import (
    WISHES,
    DownloadItem,
    Edit,
    Fact,
    ItemState,
    TimeWindow,
    Wish,
)
from vodseal.sdk.progress import Progress


def test_stored_values_are_pinned() -> None:
    assert [wish.value for wish in Wish] == [
        "run",
        "pause",
        "stop",
        "interrupted",
        "remove",
        "erase",
    ]
    assert [fact.value for fact in Fact] == [
        "idle",
        "downloading",
        "processing",
        "completed",
        "failed",
    ]


STATES = {
    (Wish.RUN, Fact.IDLE): ItemState.WAITING,
    (Wish.RUN, Fact.FAILED): ItemState.WAITING,
    (Wish.RUN, Fact.DOWNLOADING): ItemState.DOWNLOADING,
    (Wish.PAUSE, Fact.PROCESSING): ItemState.PROCESSING,
    (Wish.PAUSE, Fact.IDLE): ItemState.PAUSED,
    (Wish.STOP, Fact.IDLE): ItemState.STOPPED,
    (Wish.INTERRUPTED, Fact.IDLE): ItemState.STOPPED,
    (Wish.STOP, Fact.FAILED): ItemState.FAILED,
    (Wish.STOP, Fact.COMPLETED): ItemState.COMPLETED,
    (Wish.ERASE, Fact.COMPLETED): ItemState.REMOVING,
    (Wish.REMOVE, Fact.DOWNLOADING): ItemState.REMOVING,
}


@pytest.mark.parametrize(("pair", "state"), STATES.items())
def test_wish_and_fact_are_one_word(pair: tuple[Wish, Fact], state: ItemState) -> None:
    wish, fact = pair
    assert DownloadItem(id=1, vid="v", index=0, wish=wish, fact=fact).state is state


def test_every_pair_has_a_state() -> None:
    for wish in Wish:
        for fact in Fact:
            assert DownloadItem(id=1, vid="v", index=0, wish=wish, fact=fact).state in ItemState


def test_only_a_removal_leads_out_of_a_removal() -> None:
    assert set(WISHES) == set(Wish)
    assert WISHES[Wish.REMOVE] == {Edit.ERASE: Wish.ERASE}
    assert WISHES[Wish.ERASE] == {}


def test_a_new_process_touches_what_ran_and_nothing_else() -> None:
    assert [wish for wish in Wish if Edit.INTERRUPT in WISHES[wish]] == [Wish.RUN]
    assert [wish for wish in Wish if Edit.CONTINUE in WISHES[wish]] == [Wish.INTERRUPTED]


@given(st.integers(0, 1439), st.integers(0, 1439))
def test_a_window_survives_its_text_and_has_its_length(start: int, end: int) -> None:
    window = TimeWindow(start=start, end=end)
    if start == end:
        with pytest.raises(MisuseError):
            TimeWindow.parse(str(window))
        return
    assert TimeWindow.parse(str(window)) == window
    assert sum(map(window.contains, range(1440))) == (end - start) % 1440
    assert window.contains(start)
    assert not window.contains(end)


@pytest.mark.parametrize(
    "text", ["", "22:00", "24:00-06:00", "22:00-06:60", "2:00-3:00", "\u0662\u0662:00-06:00"]
)
def test_what_is_no_window(text: str) -> None:
    with pytest.raises(MisuseError):
        TimeWindow.parse(text)


def test_what_is_still_needed_on_disk() -> None:
    def left(fact: Fact, **progress: int) -> int:
        return DownloadItem(
            id=1, vid="v", index=0, fact=fact, progress=Progress(total_size=1000, **progress)
        ).left_size

    assert left(Fact.IDLE) == 2000
    assert left(Fact.DOWNLOADING, done_size=400) == 1600
    assert left(Fact.PROCESSING, done_size=1000, processing=25) == 750
    assert left(Fact.COMPLETED) == 0
    assert DownloadItem(id=1, vid="v", index=0).left_size == 0
