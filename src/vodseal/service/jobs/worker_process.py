"""One packaging worker as a child process: start it, listen to it, end it.

A worker that dies, says nothing for too long or says nonsense is a failure with
a reason, never an exception of its own kind: what a file does to its decoder is
no fault of the service.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec

from vodseal.service.packaging.messages import (
    MAX_LINE_SIZE,
    Failed,
    Finished,
    decode_event,
    encode_message,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from vodseal.service.packaging.messages import Event, WorkerSpec

__all__ = ["WORKER_COMMAND", "run_worker"]

WORKER_COMMAND: Final = (sys.executable, "-P", "-m", "vodseal.service.packaging.worker")

_TOLD_LINES: Final = 20
_DAMAGED: Final = "InvalidVideo.Damaged"
_INTERNAL: Final = "InternalError"
_log = logging.getLogger(__name__)


async def run_worker(
    command: Sequence[str], spec: WorkerSpec, stall_seconds: float
) -> AsyncGenerator[Event, None]:
    """Yield a worker's events; the last one is ``Finished`` or ``Failed``.

    The process has ended when the iteration does, and when it is closed early it
    is killed: use ``contextlib.aclosing``.

    Raises:
        OSError: It could not be started.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=MAX_LINE_SIZE,
    )
    told: deque[bytes] = deque(maxlen=_TOLD_LINES)
    listener = asyncio.create_task(_listen(process, told))
    try:
        await _send(process, spec)
        async for event in _events(process, stall_seconds):
            yield event
            if isinstance(event, Finished | Failed):
                return
    finally:
        await _end(process)
        await listener
        if told:
            text = b"".join(told).decode(errors="replace")
            _log.warning("A packaging worker complained", extra={"stderr": text})


async def _send(process: asyncio.subprocess.Process, spec: WorkerSpec) -> None:
    assert process.stdin is not None  # noqa: S101 - for the type checker
    with contextlib.suppress(ConnectionError):  # it died; its end says why
        process.stdin.write(encode_message(spec))
        await process.stdin.drain()


async def _events(
    process: asyncio.subprocess.Process, stall_seconds: float
) -> AsyncGenerator[Event, None]:
    assert process.stdout is not None  # noqa: S101 - for the type checker
    while True:
        try:
            async with asyncio.timeout(stall_seconds):
                line = await process.stdout.readline()
        except TimeoutError:
            reason = f"a decoder hung on this file: nothing happened for {stall_seconds:g} s"
            yield Failed(code=_DAMAGED, reason=reason)
            return
        except ValueError:
            line = b"x"
        if not line:
            yield _death(await process.wait())
            return
        try:
            event = decode_event(line)
        except msgspec.MsgspecError:
            yield Failed(code=_INTERNAL, reason="the packaging process answered nonsense")
            return
        yield event


def _death(status: int) -> Failed:
    """Return what the end of a worker without an answer means."""
    if status >= 0:
        return Failed(code=_INTERNAL, reason=f"the packaging process ended with code {status}")
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    if name == "SIGKILL":
        reason = "the packaging process was killed, perhaps for want of memory"
        return Failed(code=_INTERNAL, reason=reason)
    return Failed(code=_DAMAGED, reason=f"a decoder crashed on this file ({name})")


async def _listen(process: asyncio.subprocess.Process, told: deque[bytes]) -> None:
    """Keep the last lines of stderr; a full pipe would stop the worker."""
    assert process.stderr is not None  # noqa: S101 - for the type checker
    while piece := await process.stderr.read(1 << 16):
        told.extend(piece.splitlines(keepends=True))


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill the process if it still runs, and wait until it is gone."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    assert process.stdin is not None  # noqa: S101 - for the type checker
    process.stdin.close()
    await process.wait()
