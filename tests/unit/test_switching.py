"""How quickly threads hand over, and for how long."""

from __future__ import annotations

import sys

import pytest

from vodseal.switching import quick_switching


def test_threads_switch_quickly_until_the_last_film_is_closed() -> None:
    before = sys.getswitchinterval()
    first, second = quick_switching(), quick_switching()
    first.__enter__()
    second.__enter__()
    assert sys.getswitchinterval() == pytest.approx(1e-4)
    first.__exit__(None, None, None)
    assert sys.getswitchinterval() == pytest.approx(1e-4)
    second.__exit__(None, None, None)
    assert sys.getswitchinterval() == pytest.approx(before)
