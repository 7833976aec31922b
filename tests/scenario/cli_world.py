"""A service in one process, and people who use the command line in others."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vodseal.cli.__main__ import main
from vodseal.vault import key_service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["Person", "Running", "Said", "ServiceProcess", "end_all"]

_PATIENCE_SECONDS = 120


@dataclass
class Said:
    """What a command said, and how it ended."""

    status: int
    events: list[dict[str, object]]
    talk: str

    @property
    def last(self) -> dict[str, object]:
        return self.events[-1]

    def named(self, name: str) -> list[dict[str, object]]:
        return [event for event in self.events if event.get("event") == name]


class Person:
    """Somebody with a home of their own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("VODSEAL_")
        } | {"VODSEAL_HOME": str(home)}

    def start(self, *arguments: object) -> Running:
        return Running(
            subprocess.Popen(
                [sys.executable, "-m", "vodseal.cli", *map(str, arguments), "--json"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=self.environment,
                start_new_session=True,
            )
        )

    def run(self, *arguments: object) -> Said:
        return self.start(*arguments).finish()

    def call(self, *arguments: object) -> Said:
        """As ``run``, in this process: for what needs no process of its own."""
        before = dict(os.environ)
        out, talk = io.StringIO(), io.StringIO()
        try:
            os.environ.clear()
            os.environ.update(self.environment)
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(talk):
                status = main([*map(str, arguments), "--json"])
        finally:
            key_service.uninstall()
            os.environ.clear()
            os.environ.update(before)
        events = [json.loads(line) for line in out.getvalue().splitlines()]
        return Said(status, events, talk.getvalue())

    def must(self, *arguments: object) -> dict[str, object]:
        """Return the answer of a command that does not fail."""
        said = self.call(*arguments)
        assert said.status == 0, (said.events, said.talk)
        return said.last


_running: list[Running] = []


def end_all() -> None:
    """Kill what a failed test left behind."""
    for running in _running:
        if running.process.returncode is None:
            running.kill()
    _running.clear()


class Running:
    """A command that was started."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        _running.append(self)

    def finish(self) -> Said:
        out, talk = self.process.communicate(timeout=_PATIENCE_SECONDS)
        return Said(self.process.returncode, [json.loads(line) for line in out.splitlines()], talk)

    def lines(self) -> Iterator[dict[str, object]]:
        assert self.process.stdout
        for line in self.process.stdout:
            yield json.loads(line)

    def read_until(self, is_it: Callable[[dict[str, object]], bool]) -> None:
        """Read what it says until ``is_it``."""
        assert any(is_it(event) for event in self.lines()), "it ended before"

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """SIGKILL it and every process that it started, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate(timeout=_PATIENCE_SECONDS)


class ServiceProcess:
    """``vodseal serve``, until ``stop``."""

    def __init__(self, operator: Person, data: Path, *options: object) -> None:
        self.running = operator.start("serve", "--data", data, "--port", 0, *options)
        self.ready = next(self.running.lines())
        self.endpoint = str(self.ready.get("endpoint", ""))

    def stop(self) -> Said:
        self.running.process.terminate()
        return self.running.finish()
