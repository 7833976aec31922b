"""A service, its operator and viewers, each in folders of their own, all of them to be scanned.

Every process has its own HOME, TMPDIR and VODSEAL_HOME, and what it says goes
into files, so that a scan of one folder is a scan of everything that it could
write. What people are given (the film, the app, key files, credentials) lies
elsewhere, and is not scanned.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from tests.scenario.frozen import frozen, kill_tree
from tests.scenario.marked_film import MarkedFilm, is_telling, samples
from tests.scenario.unwrapped import clear_streams, content_keys, unwrap_all
from tests.scenario.valve import Valve

from vodseal.testing.leakscan import Finding, LeakScanner
from vodseal.vault.key_service import KeyService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

__all__ = ["Command", "Person", "World", "report", "running_world"]

_PRIVATE_STRING = "Scenario1Private2String3"
_BUNDLE = "com.example.scenario"


class Command:
    """A command that runs; what it says is read as it comes, and kept in a file."""

    def __init__(
        self, person: Person, arguments: tuple[str | Path, ...], under: tuple[str | Path, ...] = ()
    ) -> None:
        self._log = (person.logs / "stdout").open("a")
        with (person.logs / "stderr").open("a") as talk:
            self.process = subprocess.Popen(
                [*under, sys.executable, "-m", "vodseal.cli", *map(str, arguments), "--json"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=talk,
                text=True,
                env=person.environment,
            )
        self.last: dict[str, object] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.kill()
        self.process.stdout.close()
        self._log.close()

    def events(self) -> Iterator[dict[str, object]]:
        """Yield what it says until it ends; a failure is the test's."""
        for line in self.process.stdout:
            self._log.write(line)
            self._log.flush()
            self.last = json.loads(line)
            yield self.last
        assert self.process.wait() == 0, self.last

    def until(self, name: str) -> dict[str, object]:
        """Return the next event of this name."""
        return next(event for event in self.events() if event.get("event") == name)

    def finish(self) -> dict[str, object]:
        """Return the last thing that it says."""
        for _ in self.events():
            pass
        return self.last

    def kill(self) -> None:
        """Kill it and its children, without a word."""
        kill_tree(self.process.pid)
        self.process.wait()


class Person:
    """Somebody on a device of his own: all that is written for him lies in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "vodseal"
        self.logs = folder / "logs"
        self.save = folder / "save"
        self.temporary = folder / "tmp"
        for each in (self.logs, self.save, self.temporary, folder / "home"):
            each.mkdir(parents=True, exist_ok=True)
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("VODSEAL_", "XDG_"))}
        self.environment = {
            **kept,
            "HOME": str(folder / "home"),
            "TMPDIR": str(self.temporary),
            "VODSEAL_HOME": str(self.home),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "BROWSER": "true",  # a program that does nothing, well
        }

    def start(self, *arguments: str | Path, under: tuple[str | Path, ...] = ()) -> Command:
        """Start a command, ``under`` another program that watches it."""
        return Command(self, arguments, under)

    def ask(self, *arguments: str | Path) -> dict[str, object]:
        """Run a command and return the last thing that it says."""
        with self.start(*arguments) as command:
            return command.finish()


class World:
    """A running service with one registered app, behind a valve."""

    def __init__(self, folder: Path, valve: Valve) -> None:
        self.valve = valve
        self.given = folder / "given"
        self.given.mkdir(parents=True)
        self.data = folder / "operator" / "data"
        self.operator = Person(folder / "operator")
        self.operator.environment["VODSEAL_PUBLIC_URL"] = valve.url
        self._folder = folder
        self._film: MarkedFilm | None = None
        self._samples: dict[str, dict[str, bytes]] = {}
        self.serve()
        self._register()

    def serve(self) -> None:
        """Start the service; what it says on stdout, the first-run key, is the operator's."""
        self.service = self.operator.start("serve", "--data", self.data, "--port", "0")
        ready = self.service.until("ready")
        self.valve.lead_to(urlsplit(str(ready["endpoint"])).port)

    def serve_again(self) -> None:
        """Start the service that was killed."""
        self.service.__exit__(None, None, None)
        self.serve()

    def close(self) -> None:
        """End the service."""
        self.service.process.terminate()
        self.service.process.wait(30)
        self.service.__exit__(None, None, None)

    def _register(self) -> None:
        app = self.given / "app"
        app.mkdir()
        (app / "main.py").write_text('print("a player")\n')
        app.with_suffix(".key").write_text(_PRIVATE_STRING)
        manifest_key = ("--bundle-id", _BUNDLE, "--manifest-key", app.with_suffix(".pem"))
        self.operator.ask("app", "init", app, *manifest_key)
        out = ("--app-key-file", app.with_suffix(".key"), "--out", app.with_suffix(".dat"))
        self.operator.ask("apps", "register", *manifest_key, *out)
        self.app_options = (
            *("--app", app, "--security-file", app.with_suffix(".dat")),
            *("--app-key-file", app.with_suffix(".key")),
        )

    @cached_property
    def source(self) -> Path:
        """Return a source file, with a credential that outlives the tests."""
        path = self.given / "source.json"
        path.write_text(json.dumps(self.operator.ask("credentials", "sts")))
        return path

    def set(self, name: str, value: str) -> None:
        """Change a setting of the service."""
        self.operator.ask("settings", "set", name, value)

    def upload(self, film: MarkedFilm) -> Command:
        """Start an upload that waits for the streams."""
        self._film = film
        return self.operator.start("videos", "upload", film.path, "--title", "film", "--wait")

    def publish(self, film: MarkedFilm) -> str:
        """Upload ``film`` and return its vid when it can be played."""
        with self.upload(film) as command:
            said = list(command.events())
        return next(str(event["vid"]) for event in said if event.get("vid"))

    def viewer(self, name: str) -> Person:
        """Return a new viewer."""
        return Person(self._folder / "viewers" / name)

    def download(self, viewer: Person, vid: str, under: tuple[str | Path, ...] = ()) -> Command:
        """Start a download."""
        return viewer.start(
            *("download", vid, "--source", self.source, "--save-dir", viewer.save),
            *self.app_options,
            under=under,
        )

    def play(
        self,
        viewer: Person,
        path: Path | str,
        program: str = "null",
        under: tuple[str | Path, ...] = (),
    ) -> Command:
        """Start to play a file."""
        return viewer.start("play", path, "--with", program, *self.app_options, under=under)

    def scanner(self) -> LeakScanner:
        """Return a scanner that knows the film and every key there is now."""
        unwrapped = unwrap_all(self.data, self.operator.home)
        markers = dict(self._film.markers) if self._film else {}
        for stream, clear in clear_streams(self.data, unwrapped).items():
            if stream not in self._samples:
                self._samples[stream] = _samples_of(clear)
            markers |= {f"{stream} {name}": value for name, value in self._samples[stream].items()}
        return LeakScanner(markers=markers, secrets=self._secrets(unwrapped))

    def _secrets(self, unwrapped: dict[str, bytes]) -> dict[str, bytes]:
        app = self.given / "app"
        service = KeyService(app.with_suffix(".dat"), app, app.with_suffix(".key"))
        raw = service.unlock().app_key.private_bytes(
            Encoding.Raw, PrivateFormat.Raw, NoEncryption()
        )
        source = json.loads(self.source.read_text())
        credentials = {
            f"source's {name}": str(source[name]).encode()
            for name in ("access_key_secret", "security_token")
        }
        own = {"private string": _PRIVATE_STRING.encode(), "app private key": raw}
        return unwrapped | content_keys(unwrapped) | credentials | own

    @contextmanager
    def standing_still(self, command: Command) -> Iterator[LeakScanner]:
        """Stop a command and its children while the block runs."""
        scanner = self.scanner()
        with frozen(command.process.pid):
            yield scanner


@contextmanager
def running_world(folder: Path, **settings: str) -> Iterator[World]:
    """Run a service with these settings, behind a valve, until the block ends."""
    with Valve() as valve:
        made = World(folder, valve)
        try:
            for name, value in settings.items():
                made.set(name.replace("_", "-"), value)
            yield made
        finally:
            made.close()


def _samples_of(stream: bytes) -> dict[str, bytes]:
    """Return bytes of a clear transport stream as it is, and of the packets in it."""
    places = range(96, len(stream) - 188, 64 * 188)
    windows = {f"at {at}": stream[at : at + 32] for at in places}
    return {n: w for n, w in windows.items() if is_telling(w)} | samples(io.BytesIO(stream))


def report(findings: list[Finding]) -> str:
    """Return the findings, one a line, for the message of a failed test."""
    return "\n".join(map(str, findings[:20]))
