"""Processing beside the download, but never in its way."""

from __future__ import annotations

import pytest

from vodseal.download.pace import Pace
from vodseal.testing.clock import FakeClock


class Machine:
    """A clock, and the processor time of this process."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.used = 5.0
        self.pace = Pace(self.clock, cpu_seconds=lambda: self.used, cores=2)

    def after(self, seconds: float, used: float) -> bool:
        self.clock.advance(seconds)
        self.used += used
        return self.pace.leaves_time()


def test_at_first_there_is_time() -> None:
    assert Machine().pace.leaves_time()


@pytest.mark.parametrize(
    ("used", "has_time"), [(0.0, True), (0.9, True), (1.1, False), (2.0, False)]
)
def test_half_of_all_processors_is_the_border(*, used: float, has_time: bool) -> None:
    assert Machine().after(1.0, used) is has_time


def test_it_changes_its_mind_with_every_measurement() -> None:
    machine = Machine()
    assert not machine.after(1.0, 1.5)
    assert not machine.after(0.1, 0.0), "too soon to tell"
    assert machine.after(0.5, 0.1)
    assert not machine.after(0.3, 0.6)
