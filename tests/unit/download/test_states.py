"""The life of a downloader is the table, and the table is what the behaviours ask for."""

from __future__ import annotations

import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from hypothesis.strategies import sampled_from

from vodseal.download.journal import JobState
from vodseal.download.states import TRANSITIONS, Event, State, advance, to_mermaid
from vodseal.errors import IllegalTransitionError


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_every_pair_moves_or_is_refused(state: State, event: Event) -> None:
    if event in TRANSITIONS[state]:
        assert advance(state, event) is TRANSITIONS[state][event]
    else:
        with pytest.raises(IllegalTransitionError) as caught:
            advance(state, event)
        assert (caught.value.state, caught.value.event) == (state, event)


def test_every_state_has_a_row() -> None:
    assert set(TRANSITIONS) == set(State)


@pytest.mark.behaviour("B27")
@pytest.mark.parametrize("state", State)
def test_stop_and_release_are_allowed_in_every_state_and_twice(state: State) -> None:
    for event in (Event.STOP, Event.RELEASE):
        after = advance(state, event)
        assert advance(after, event) is after


@pytest.mark.behaviour("B25")
def test_a_resume_needs_no_prepare() -> None:
    assert advance(State.IDLE, Event.START) is State.DOWNLOADING


@pytest.mark.parametrize("late", [Event.FAIL, Event.STAGED, Event.COMPLETE, Event.PREPARED])
@pytest.mark.parametrize("state", [State.STOPPED, State.RELEASED])
def test_a_late_event_of_a_stopped_run_is_refused(state: State, late: Event) -> None:
    with pytest.raises(IllegalTransitionError):
        advance(state, late)


def test_a_run_completes_only_through_processing() -> None:
    into = {state for state, moves in TRANSITIONS.items() if State.COMPLETED in moves.values()}
    assert into == {State.PROCESSING, State.COMPLETED}


def test_the_picture_has_a_line_for_each_transition() -> None:
    picture = to_mermaid()
    assert picture.startswith("stateDiagram-v2\n")
    assert "    downloading --> processing: staged\n" in picture
    assert len(picture.splitlines()) == 1 + sum(map(len, TRANSITIONS.values()))


def test_stored_values_are_pinned() -> None:
    assert [state.value for state in JobState] == ["downloading", "staged", "completed"]


class Life(RuleBasedStateMachine):
    """Walk the table at random: nothing comes back from ``RELEASED``."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State.IDLE
        self.released = False

    @rule(event=sampled_from(list(Event)))
    def step(self, event: Event) -> None:
        if event in TRANSITIONS[self.state]:
            self.state = advance(self.state, event)
        self.released |= event is Event.RELEASE

    @invariant()
    def release_is_final(self) -> None:
        assert self.released == (self.state is State.RELEASED)


TestLife = Life.TestCase
