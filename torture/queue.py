"""Kill the process that runs a queue, again and again: `scripts/torture queue`.

A real service, a queue of many videos, and `vodseal queue run` killed with all its processes
at random moments; the next one goes on. In the end each video has to be there, whole, made
once and told once, and no percent may ever have gone back.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.rendering import Film, render
from tests.scenario.cli_world import Person, ServiceProcess, end_all
from tests.scenario.counting_proxy import CountingProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["main"]

_SECONDS, _RATE = 40, 5
_SEGMENT: Final = ".ts"
_CONNECTIONS: Final = 8
_LAST_RUN_SECONDS: Final = 1800
_LOOK_SECONDS: Final = 0.02
_STEPS: Final = 6
"""How many steps are told of one download, at the least."""


@dataclass
class Findings:
    """What was seen over all runs, and what is wrong with it."""

    wrong: list[str] = field(default_factory=list)
    completed: Counter[str] = field(default_factory=Counter)
    _percents: dict[tuple[str, str], int] = field(default_factory=dict)
    _made: dict[str, tuple[int, int]] = field(default_factory=dict)

    def hear(self, lines: Iterator[dict[str, Any]]) -> None:
        """Take in the events of one run."""
        for event in lines:
            vid, name = str(event.get("vid")), str(event.get("event"))
            self.completed[vid] += name == "completed"
            if name == "error":
                self.wrong.append(f"an error was told: {event}")
            if name in {"downloading", "processing"}:
                before = self._percents.get((vid, name), 0)
                percent = int(event["percent"])
                self._percents[vid, name] = percent
                if not before <= percent <= 100:
                    self.wrong.append(f"{vid}: {name} went from {before} to {percent}")

    def look(self, save_dir: Path) -> None:
        """See that no finished file was made again."""
        for path in save_dir.glob("[!.]*.vseal"):
            state = path.stat()
            made = (state.st_ino, state.st_mtime_ns)
            if self._made.setdefault(path.name, made) != made:
                self.wrong.append(f"{path.name} was made twice")


class Campaign:
    """The service, the viewer, the queue."""

    def __init__(self, folder: Path, tasks: int, *, rate: int) -> None:
        self.folder, self.rate = folder, rate
        self.save_dir = folder / "films"
        self.findings = Findings()
        self.operator, self.viewer = Person(folder / "operator"), Person(folder / "viewer")
        self.service = ServiceProcess(self.operator, folder / "data", "--sts-min-seconds", 1)
        self.vids = [self._upload(number) for number in range(tasks)]
        self.options = self._register()
        self.source = folder / "source.json"
        self.source.write_text(json.dumps(self.operator.must("credentials", "sts")))
        for vid in self.vids:
            self.viewer.must(
                *("queue", "add", vid, "--save-dir", self.save_dir, "--source", self.source),
                *self.options,
            )

    def _upload(self, number: int) -> str:
        film = self.folder / "film.mp4"
        if not number:
            look = Film(
                seconds=_SECONDS, size=(160, 120), fps=Fraction(_RATE), keyframe_frames=2 * _RATE
            )
            render(film, look)
            self.operator.must("settings", "set", "download-mode", "secure")
        uploaded = self.operator.must(
            *("videos", "upload", film, "--title", f"Film {number}"),
            *("--template-group", "encrypted-source", "--wait"),
        )
        return str(uploaded["vid"])

    def _register(self) -> list[object]:
        app = self.folder / "cinema"
        app.mkdir()
        (app / "main.py").write_text("")
        key, file = app.with_suffix(".pem"), app.with_suffix(".dat")
        name = ("--bundle-id", "org.example.cinema", "--manifest-key", key)
        self.operator.must("app", "init", app, *name)
        self.operator.must("apps", "register", *name, "--out", file)
        return [*("--security-file", file, "--app-key-file", app.with_suffix(".key"), "--app", app)]

    def start(self, endpoint: str, said: Path) -> subprocess.Popen[bytes]:
        """Run the queue; what it says goes into a file."""
        words = [
            *("queue", "run", "--save-dir", self.save_dir, "--source", self.source),
            *("--endpoint", endpoint, "--rate", self.rate, *self.options, "--json"),
        ]
        with said.open("wb") as out:
            return subprocess.Popen(
                [sys.executable, "-m", "vodseal.cli", *map(str, words)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.DEVNULL,
                env=self.viewer.environment,
                start_new_session=True,
            )

    def run(self, endpoint: str, dice: random.Random, steps: int | None) -> int | None:
        """Run the queue, and kill it soon after so many steps forward, None for never.

        Return its status, None when it was killed.
        """
        said = self.folder / "said.jsonl"
        process = self.start(endpoint, said)
        status: int | None = None
        try:
            if steps is not None:
                while process.poll() is None and _steps(said) < steps:
                    time.sleep(_LOOK_SECONDS)
            status = process.wait(_LAST_RUN_SECONDS if steps is None else dice.uniform(0, 0.5))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.findings.hear(_events(said))
        self.findings.look(self.save_dir)
        return status

    def judge(self) -> None:
        """Look at everything once more, now that nothing is left to do."""
        wrong = self.findings.wrong
        listed = self.viewer.must("queue", "list", "--save-dir", self.save_dir)["items"]
        assert isinstance(listed, list)
        states = Counter(item["state"] for item in listed)
        if states != Counter({"completed": len(self.vids)}):
            wrong.append(f"the queue ends with {dict(states)}")
        if Counter(item["vid"] for item in listed) != Counter(self.vids):
            wrong.append("the queue does not hold each video once")
        wrong += [
            f"{vid} was told {count} times"
            for vid, count in self.findings.completed.items()
            if count > 1
        ]
        for item in listed:
            played = self.viewer.call("play", item["path"], "--with", "null", *self.options)
            if played.last.get("frames") != _SECONDS * _RATE:
                wrong.append(f"{item['vid']} plays as {played.last}")
        left = [
            path
            for path in self.save_dir.rglob("*")
            if path.suffix == ".part" or path.parent.name == "stage"
        ]
        wrong += [f"{path} is left over" for path in left]


def _steps(said: Path) -> int:
    """Return how often it was said that a download is further than before."""
    return sum(b'"state"' not in line for line in said.read_bytes().splitlines())


def _events(said: Path) -> Iterator[dict[str, Any]]:
    """Yield what was said; the last line of a killed process may be torn."""
    for line in said.read_text(errors="replace").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            return


def _campaign(folder: Path, asked: argparse.Namespace) -> list[str]:
    dice = random.Random(asked.seed)
    began = time.monotonic()
    campaign = Campaign(folder, asked.tasks, rate=asked.rate)
    print(f"{time.monotonic() - began:.0f} seconds to make {asked.tasks} tasks", flush=True)
    began = time.monotonic()
    kills = 0
    done_at: dict[int, int] = defaultdict(int)
    with CountingProxy(campaign.service.endpoint) as proxy:
        for _ in range(asked.kills):
            # Some of the kills come while it starts, and all of them before everything is done.
            steps = dice.randrange(2 * _STEPS * asked.tasks // (asked.kills + 1))
            status = campaign.run(proxy.url, dice, steps)
            kills += status is None
            done_at[kills] = len(list(campaign.save_dir.glob("[!.]*.vseal")))
        status = campaign.run(proxy.url, dice, None)
        fetched = proxy.counted(_SEGMENT)
    if status != 0:
        campaign.findings.wrong.append(f"the last run ended with {status}")
    campaign.judge()
    again = sum(count - 1 for count in fetched.values())
    if again > kills * 3 * _CONNECTIONS:
        campaign.findings.wrong.append(f"{again} segments were fetched again")
    wrong = campaign.findings.wrong
    print(f"{time.monotonic() - began:.0f} seconds for {asked.kills + 1} runs")
    print(
        f"{asked.tasks} tasks, {kills} kills, {len(fetched)} segments, {again} fetched again "
        f"({again / max(1, kills):.1f} a kill), finished after each kill "
        f"{list(done_at.values())}, {len(wrong)} wrong"
    )
    campaign.service.stop()
    return wrong


def main() -> None:
    """Run a campaign, and exit 1 when anything is wrong."""
    parser = argparse.ArgumentParser(prog="scripts/torture queue", description=__doc__)
    parser.add_argument("--tasks", type=int, default=50)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--rate", type=int, default=1_000_000, help="bytes per second")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    asked = parser.parse_args()
    print(f"seed {asked.seed}")
    with tempfile.TemporaryDirectory() as name:
        try:
            wrong = _campaign(Path(name), asked)
        finally:
            end_all()
    for one in wrong:
        print(f"WRONG: {one}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
