"""``vodseal demo``: the whole main job on this machine, with a check behind every claim."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from cyclopts import App

from vodseal.cli.terminal import Json, Terminal
from vodseal.clock import SystemClock
from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError, VodsealError

if TYPE_CHECKING:
    from vodseal.cli.bars import Bars
    from vodseal.demo.report import Check, DemoReport

__all__ = ["demo"]

demo: Final = App(name="demo")


@demo.default
def run(*, video: Path | None = None, dir: Path | None = None, json: Json = False) -> int:  # noqa: A002 - the option's name
    """Show the whole main job on this machine, with a check behind every claim.

    A service is started on a free loopback port, two apps are registered, a film is
    uploaded, transcoded, downloaded in secure mode, and played with the network gone;
    then everybody else tries. All that it writes lies in one folder.

    Example: vodseal demo --video film.mp4

    Args:
        video: A film of yours; one is rendered when left out.
        dir: Where everything is written; a new temporary folder when left out.
        json: Print one JSON object at the end.
    """
    from vodseal.demo.report import DemoReport  # noqa: PLC0415 - needs the service's parts
    from vodseal.demo.run import run_demo  # noqa: PLC0415 - as above

    if video is not None and not video.is_file():
        raise OperatorError(
            ErrorCode.INPUT_FILE_UNUSABLE, f"{video} is not a file", remedy="Name a film."
        )
    folder = (dir or Path(tempfile.mkdtemp(prefix="vodseal-demo-"))).absolute()
    terminal = Terminal(as_json=json)
    with _Teller(terminal) as teller:
        report = DemoReport(teller)
        try:
            run_demo(report, video, folder, SystemClock())
        except VodsealError as error:
            report.check("the demo ran to its end", ok=False, detail=error.message)
    if json:
        terminal.answer(report.as_json())
    else:
        _print_report(terminal, report, folder)
    return 0 if report.ok else 1


class _Teller:
    """Tells a terminal what the demo does. Bars stand only while their step runs."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._stack = contextlib.ExitStack()
        self._bars: Bars | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end_bars()

    def step(self, title: str) -> None:
        """Begin a new part of the story."""
        self._end_bars()
        self._terminal.say(f"\n{title}")

    def progress(self, phase: str, done: int, total: int) -> None:
        """Move a bar."""
        if self._bars is None:
            self._bars = self._stack.enter_context(self._terminal.bars())
        self._bars.update(phase, done, total)

    def check(self, check: Check) -> None:
        """Say whether a claim held."""
        self._end_bars()
        self._terminal.say(f"  {'ok  ' if check.ok else 'FAIL'}  {check.name}: {check.detail}")

    def _end_bars(self) -> None:
        self._stack.close()
        self._bars = None


def _print_report(terminal: Terminal, report: DemoReport, folder: Path) -> None:
    held = sum(check.ok for check in report.checks)
    rows = [
        {
            "step": name,
            "MB": f"{report.sizes[name] / 1e6:.1f}" if name in report.sizes else "",
            "seconds": f"{seconds:.2f}",
            "MB/s": f"{report.rates[name]:.1f}" if name in report.rates else "",
        }
        for name, seconds in report.seconds.items()
    ]
    terminal.say("")
    checks = [{"held": "yes" if c.ok else "NO", "check": c.name} for c in report.checks]
    terminal.table("checks", ("held", "check"), checks)
    terminal.say("")
    terminal.table("steps", ("step", "MB", "seconds", "MB/s"), rows)
    terminal.say(f"\n{held} of {len(report.checks)} checks held. Everything lies in {folder}")
