"""Ctrl-C, once and twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from vodseal.cli.interrupts import Interrupts
from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError

TWICE = """
import os, signal
from vodseal.cli.interrupts import Interrupts
try:
    with Interrupts(print) as interrupts:
        os.kill(os.getpid(), signal.SIGINT)
        print("going on", flush=True)
        os.kill(os.getpid(), signal.SIGINT)
        print("never", flush=True)
finally:
    print("not even this", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_asks(number) -> None:
    said: list[str] = []
    with Interrupts(said.append) as interrupts:
        interrupts.check()
        assert not interrupts.wait(0)
        os.kill(os.getpid(), number)
        assert interrupts.wait(5)
        assert interrupts.is_heard()
        with pytest.raises(OperatorError) as caught:
            interrupts.check()
    assert caught.value.code is ErrorCode.INTERRUPTED
    assert len(said) == 1


def test_the_second_ends_at_once() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", TWICE], capture_output=True, text=True, check=False, timeout=30
    )
    assert ended.returncode == 1
    assert "going on" in ended.stdout
    assert "never" not in ended.stdout
    assert "not even this" not in ended.stdout


def test_afterwards_signals_mean_what_they_meant() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupts(lambda _: None):
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before
