"""The worker process, as seen from the run that started it.

A thread feeds the order to the worker and listens to it; the run polls. The
worker can be started before the last piece is there: ``notify`` tells it how
many are. However it ends, there is exactly one ending: done, a bad piece, or a
named error; a worker that was killed or crashed is a named error too.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vodseal.download.worker_link import (
    BadPiece,
    Done,
    Failed,
    Percent,
    decode_event,
    encode_order,
    encode_ready,
    frame,
)
from vodseal.error_codes import ErrorCode
from vodseal.errors import MalformedError

if TYPE_CHECKING:
    from vodseal.download.worker_link import WorkOrder

__all__ = ["Processing"]

_MODULE: Final = "vodseal.download.worker"
_OWN_VARIABLES: Final = "VODSEAL_"
_BACKGROUND: Final[int] = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
"""On Windows the priority is given here; elsewhere the worker lowers its own."""


class Processing:
    """One worker. Close it, whatever happens: closing kills it."""

    def __init__(self, order: WorkOrder) -> None:
        """Start the worker.

        Raises:
            OSError: No process could be started.
        """
        self.percent = 0
        self.ending: Done | BadPiece | Failed | None = None
        """How it ended; None while it works."""
        self.ended = threading.Event()
        self._ready = 0
        self._lock = threading.Lock()
        self._fed = False
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", _MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            bufsize=0,
            process_group=0,
            creationflags=_BACKGROUND,
        )
        self._thread = threading.Thread(
            target=self._attend, args=(frame(encode_order(order)),), name="vodseal-worker"
        )
        self._thread.start()

    def notify(self, count: int) -> None:
        """Tell the worker that the first ``count`` pieces are durable."""
        with self._lock:
            if count > self._ready:
                self._ready = count
                if self._fed:
                    self._tell_ready()

    def close(self) -> None:
        """End the worker if it has not ended, and wait for it. Closing twice is harmless."""
        self._process.kill()
        self._thread.join()

    def _attend(self, order: bytes) -> None:
        process = self._process
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        with process.stdin, process.stdout, contextlib.suppress(OSError):
            self._write(order)
            with self._lock:
                self._fed = True
                self._tell_ready()
            for line in process.stdout:
                self._hear(line)
            with self._lock:
                self._fed = False
        code = process.wait()
        if self.ending is None:
            msg = f"processing ended unexpectedly ({_cause(code)})"
            self.ending = Failed(ErrorCode.ENCRYPT_ERROR, msg)
        self.ended.set()

    def _hear(self, line: bytes) -> None:
        try:
            event = decode_event(line)
        except MalformedError:
            return  # it is dying in the middle of a word; the exit code tells more
        if isinstance(event, Percent):
            self.percent = max(self.percent, event.value)
        else:
            self.ending = event

    def _tell_ready(self) -> None:
        with contextlib.suppress(OSError):  # it is dead; its ending will be told
            self._write(frame(encode_ready(self._ready)))

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._process.stdin.write(view) :]  # type: ignore[union-attr]


def _environment() -> dict[str, str]:
    """Return what the worker inherits: where to import from, and nothing of ours.

    Its import path is that of this process, so that it is the same package.
    """
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(_OWN_VARIABLES)
    }
    package = str(Path(__file__).resolve().parents[2])
    paths = [package, *(path for path in sys.path if path and path != package)]
    return kept | {"PYTHONPATH": os.pathsep.join(paths)}


def _cause(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
