"""The processing phase, in a process of its own: ``python -m vodseal.download.worker``.

Why a process: sealing and opening in runs of 16 KiB next to a busy thread costs
a factor of 10 to 100 (security.md 5.4), and a demuxer that crashes on a hostile
stream must not take the app with it. What it promises, in order of weight:

1. No plaintext reaches a disk in secure mode: not through a temporary file, a
   core dump (RLIMIT_CORE 0) or another process of the same user
   (PR_SET_DUMPABLE 0, where there is one).
2. ``Done`` is said after the file is durable and was read back. The rename is
   the parent's.
3. It dies with its parent: by the system's signal where there is one, else at
   its next word to the parent.

It reads staged pieces in order and waits for those that are not there yet, so
it can work while the download does.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
from typing import IO, Final

from vodseal.download.assembly import Assembly
from vodseal.download.disk_errors import disk_error
from vodseal.download.worker_link import (
    FRAME_HEADER_SIZE,
    BadPiece,
    Done,
    Failed,
    Percent,
    WorkerEvent,
    WorkOrder,
    decode_order,
    decode_ready,
    encode_event,
    frame_size,
)
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, FormatError

__all__ = ["main"]

_NICENESS: Final = 10
"""Behind the download and the app, which somebody waits for."""
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4


def main() -> None:
    """Take one order from stdin, carry it out, say on stdout how it went."""
    _close_up()
    gc.disable()  # a film is a hundred thousand objects, none of them in a circle
    link = _Link(sys.stdin.buffer, sys.stdout.buffer)
    order = link.order()
    if sys.platform == "linux" and os.getppid() != order.parent:
        return  # the parent died before its death could be a signal
    link.say(_carry_out(order, link))


def _carry_out(order: WorkOrder, link: _Link) -> WorkerEvent:
    try:
        assembly = Assembly(order, wait_for=link.wait_for, on_percent=link.percent)
        try:
            return Done(assembly.run())
        except FormatError:
            return BadPiece(*assembly.failed_piece)
    except DownloadError as error:
        return Failed(error.code, error.message)
    except EOFError:
        raise
    except OSError as error:
        told = disk_error(error, deed="make the file")
        return Failed(told.code, told.message)
    except Exception as error:  # noqa: BLE001 - its text may hold anything, so only its kind is told
        return Failed(ErrorCode.ENCRYPT_ERROR, f"processing failed: {type(error).__name__}")


class _Link:
    """The two pipes to the parent."""

    def __init__(self, source: IO[bytes], sink: IO[bytes]) -> None:
        self._source = source
        self._sink = sink
        self._ready = 0
        self._percent = -1

    def order(self) -> WorkOrder:
        return decode_order(self._frame())

    def wait_for(self, position: int) -> None:
        while self._ready <= position:
            self._ready = decode_ready(self._frame())

    def percent(self, value: int) -> None:
        if value > self._percent:
            self._percent = value
            self.say(Percent(value))

    def say(self, event: WorkerEvent) -> None:
        self._sink.write(encode_event(event))
        self._sink.flush()

    def _frame(self) -> bytes:
        size = frame_size(self._exactly(FRAME_HEADER_SIZE))
        return self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        data = self._source.read(size)
        if len(data) < size:
            raise EOFError  # the parent is gone, or does not want the file any more
        return data


def _close_up() -> None:
    """Leave nothing for a core dump, and nobody to outlive."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - there is none on Windows

        os.nice(_NICENESS)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_DUMPABLE, 0)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    try:
        main()
    except (EOFError, BrokenPipeError):
        os._exit(1)
