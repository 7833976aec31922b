"""The rules of time by themselves: what a device keeps of it, and what it takes for true."""

from __future__ import annotations

import pytest

from vodseal.clock import BootTime
from vodseal.container.cbor import CborMap, decode, encode
from vodseal.errors import ClockRollbackError, FormatError
from vodseal.license.clock_policy import (
    AHEAD_LIMIT,
    TOLERANCE,
    ClockState,
    Reading,
    moment,
    note,
    trust,
)

STATE = ClockState(
    high_water=1_000.5,
    boot=BootTime(boot_id="run-1", seconds=50.25),
    contact_at=900.0,
    contact_boot=BootTime(boot_id="run-1", seconds=10.0),
    behind=301.125,
)
LARGEST = 1 << 53


def reading(wall: float, seconds: float | None = None, boot_id: str = "run-1") -> Reading:
    boot = None if seconds is None else BootTime(boot_id=boot_id, seconds=seconds)
    return Reading(wall=wall, boot=boot)


def kept(**changes: object) -> ClockState:
    fields: dict[str, object] = {"high_water": 1_000.0}
    return ClockState(**(fields | changes))  # type: ignore[arg-type]


def test_a_state_is_kept_to_the_millisecond() -> None:
    assert decode(STATE.encode()) == {
        0: 1,
        1: 1_000_500,
        2: {0: "run-1", 1: 50_250},
        3: 900_000,
        4: {0: "run-1", 1: 10_000},
        5: 301_125,
    }
    assert ClockState.decode(STATE.encode()) == STATE
    assert ClockState.decode(ClockState().encode()) == ClockState()
    assert ClockState.decode(kept(high_water=1.0006).encode()).high_water == 1.001


def test_what_does_not_fit_is_brought_to_what_does() -> None:
    far = ClockState(
        high_water=1e300, boot=BootTime(boot_id="x" * 65, seconds=-1.0), contact_at=-5.0
    )
    assert decode(far.encode()) == {
        0: 1,
        1: LARGEST,
        2: {0: "x" * 64, 1: 0},
        3: 0,
        4: {0: "", 1: 0},
        5: 0,
    }


@pytest.mark.parametrize(
    "change",
    [
        *({0: version} for version in (0, 2)),
        *({key: value} for key in (1, 3, 5) for value in (-1, LARGEST + 1, True)),
        *({key: {0: "x" * 65, 1: 0}} for key in (2, 4)),
        *({key: {0: "x", 1: LARGEST + 1}} for key in (2, 4)),
        *({key: {0: "x", 1: 0, 2: 0}} for key in (2, 4)),
        {6: 0},
    ],
)
def test_a_state_that_was_not_written_so_is_refused(change: CborMap) -> None:
    fields = decode(STATE.encode())
    assert isinstance(fields, dict)
    with pytest.raises(FormatError):
        ClockState.decode(encode(fields | change))


@pytest.mark.parametrize("key", range(6))
def test_a_state_without_a_field_is_refused(key: int) -> None:
    fields = decode(STATE.encode())
    assert isinstance(fields, dict)
    del fields[key]
    with pytest.raises(FormatError):
        ClockState.decode(encode(fields))


def test_a_state_at_its_bounds_is_taken() -> None:
    boot: CborMap = {0: "x" * 64, 1: LARGEST}
    state = ClockState.decode(encode({0: 1, 1: LARGEST, 2: boot, 3: LARGEST, 4: boot, 5: LARGEST}))
    assert state.high_water == state.contact_at == state.behind == LARGEST / 1000
    assert state.boot == state.contact_boot == BootTime(boot_id="x" * 64, seconds=LARGEST / 1000)


@pytest.mark.parametrize(
    ("state", "shown", "true"),
    [
        (kept(), reading(1_000), 1_000),
        (kept(), reading(2_000), 2_000),
        (kept(), reading(1_000 - TOLERANCE), 1_000),  # corrected by no more than is allowed
        (kept(behind=400), reading(650), 1_050),  # as far behind as it was at the last word
        (kept(behind=400), reading(900), 1_000),
        (kept(behind=400), reading(300), 1_000),
        (kept(boot=BootTime(boot_id="run-1", seconds=50)), reading(1_000, 80), 1_030),
        (kept(boot=BootTime(boot_id="run-1", seconds=50)), reading(730, 80), 1_030),
        (kept(boot=BootTime(boot_id="run-1", seconds=50)), reading(1_000, 20), 1_000),
        (kept(boot=BootTime(boot_id="run-1", seconds=50)), reading(1_000, 80, "run-2"), 1_000),
        (kept(boot=BootTime(boot_id="run-1", seconds=50)), reading(1_000), 1_000),
        (kept(), reading(1_000, 80), 1_000),
    ],
)
def test_a_moment_is_never_before_one_that_was_true(
    state: ClockState, shown: Reading, true: float
) -> None:
    assert moment(state, shown) == true


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (kept(), reading(999.9 - TOLERANCE)),
        (kept(behind=400), reading(299.9)),
        (kept(boot=BootTime(boot_id="run-1", seconds=50)), reading(729.9, 80)),
    ],
)
def test_a_clock_that_was_set_back_is_found(state: ClockState, shown: Reading) -> None:
    for use in (moment, note):
        with pytest.raises(ClockRollbackError):
            use(state, shown)


@pytest.mark.parametrize(
    ("state", "shown", "mark"),
    [
        (kept(), reading(5_000), 5_000),  # nobody can say that it is not so late
        (kept(), reading(800), 1_000),
        (kept(contact_at=900, contact_boot=BootTime(boot_id="run-1", seconds=10)),
         reading(5_000, 500), 900 + 490 + TOLERANCE),
        (kept(contact_at=900, contact_boot=BootTime(boot_id="run-1", seconds=10)),
         reading(1_100, 500), 1_100),
        (kept(contact_at=900, contact_boot=BootTime(boot_id="run-1", seconds=10)),
         reading(1e9, 500, "run-2"), 900 + AHEAD_LIMIT),
        (kept(contact_at=900), reading(1e9, 500), 900 + AHEAD_LIMIT),
        (kept(contact_at=1), reading(1e9), 1 + AHEAD_LIMIT),
        (kept(contact_at=100, contact_boot=BootTime(boot_id="run-1", seconds=10)),
         reading(1_000, 20), 1_000),  # a mark never falls, whatever the last word says
    ],
)  # fmt: skip
def test_a_clock_that_was_set_on_is_noted_as_far_as_it_can_be_true(
    state: ClockState, shown: Reading, mark: float
) -> None:
    noted = note(state, shown)
    assert (noted.high_water, noted.boot) == (mark, shown.boot)
    assert (noted.contact_at, noted.contact_boot, noted.behind) == (
        state.contact_at,
        state.contact_boot,
        state.behind,
    )


@pytest.mark.parametrize(("late_by", "behind"), [(-10, 0), (TOLERANCE, 0), (301, 301)])
def test_the_service_s_word_is_the_time(late_by: float, behind: float) -> None:
    shown = reading(1_000, 7)
    assert trust(1_000 + late_by, shown) == ClockState(
        high_water=1_000 + late_by,
        boot=shown.boot,
        contact_at=1_000 + late_by,
        contact_boot=shown.boot,
        behind=behind,
    )
