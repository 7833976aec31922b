"""Run vodseal's own commands as a user would: another process, ``--json``, a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final, TypeAlias

from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError
from vodseal.rpc.codec import decode_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["ISOLATED", "Answer", "CommandLine", "ServiceProcess"]

ISOLATED: Final = "vodseal.demo.isolation"
"""The module that runs the same commands without a network."""

Answer: TypeAlias = dict[str, object]
_STOP_SECONDS: Final = 30.0
_NO_SYSTEM_KEY_STORE: Final = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
"""All that the demo writes lies in its own folder: nothing goes into the user's key store."""


class CommandLine:
    """The commands of one user on one device: whoever owns ``home``."""

    def __init__(self, home: Path) -> None:
        """Nothing is run yet; ``home`` is made by whichever command needs it."""
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith("VODSEAL_")
        } | {"VODSEAL_HOME": str(home), "PYTHONUNBUFFERED": "1", **_NO_SYSTEM_KEY_STORE}

    def start(self, *arguments: str | Path, module: str = "vodseal.cli") -> subprocess.Popen[str]:
        """Start a command with ``--json``; its talk is thrown away, its answers are piped."""
        return subprocess.Popen(
            [sys.executable, "-m", module, *map(str, arguments), "--json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=self._environment,
        )

    def events(self, *arguments: str | Path) -> Iterator[Answer]:
        """Yield what a command says while it runs, a line at a time.

        Raises:
            OperatorError: It ended with an error; the message is the command's own.
        """
        last: Answer = {}
        with self.start(*arguments) as process:
            for line in process.stdout or ():
                last = decode_json(line)
                yield last
        if process.returncode:
            what = " ".join(map(str, arguments[:2]))
            said = last.get("message", f"exit status {process.returncode}")
            raise OperatorError(ErrorCode.CHECK_FAILED, f"vodseal {what}: {said}")

    def ask(self, *arguments: str | Path) -> Answer:
        """Return the last thing that a command says.

        Raises:
            OperatorError: As in ``events``.
        """
        said = list(self.events(*arguments))
        return said[-1] if said else {}

    def refusal(self, *arguments: str | Path, module: str = "vodseal.cli") -> Answer:
        """Return the last answer, and the exit status as ``exit``, whichever it is."""
        process = self.start(*arguments, module=module)
        said, _ = process.communicate()
        lines = said.splitlines()
        return {**(decode_json(lines[-1]) if lines else {}), "exit": process.returncode}


class ServiceProcess:
    """``vodseal serve`` on loopback, on a free port by default, until ``stop``."""

    def __init__(self, operator: CommandLine, data: Path, *options: str, port: int = 0) -> None:
        """Start it and wait until it answers.

        Raises:
            OperatorError: It ended instead.
        """
        self._process = operator.start("serve", "--data", data, "--port", str(port), *options)
        line = self._process.stdout.readline() if self._process.stdout else ""
        ready: Answer = decode_json(line) if line else {}
        if ready.get("event") != "ready":
            self.stop()
            message = str(ready.get("message", "the service did not start"))
            raise OperatorError(ErrorCode.CHECK_FAILED, message)
        self.endpoint = str(ready["endpoint"])

    def stop(self) -> None:
        """Ask it to end, and wait. Stopping twice is harmless."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
