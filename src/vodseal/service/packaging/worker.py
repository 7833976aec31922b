"""The process that packages one original: ``python -m vodseal.service.packaging.worker``.

A decoder that a hostile or damaged file brings down takes this process with it
and nothing else. What it is told and what it answers is ``messages``' matter.

It ends when its stdin does, so that it never outlives the service; it leaves no
core file and cannot be read by a debugger of the same user, as it holds keys;
and it gives way to the service that answers requests.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import signal
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Final

from obstore.exceptions import BaseError

from vodseal.clock import SystemClock
from vodseal.errors import FormatError, TranscodeError
from vodseal.service.packaging.messages import Failed, Progressed, decode_spec, encode_message
from vodseal.service.packaging.streams import make_streams

if TYPE_CHECKING:
    from typing import BinaryIO

    from vodseal.clock import Clock
    from vodseal.service.packaging.messages import Event, WorkerSpec

__all__ = ["main"]

_PROGRESS_SECONDS: Final = 0.25
_NICENESS: Final = 10
_PR_SET_DUMPABLE: Final = 4
_ORPHANED: Final = 3


class _Reporter:
    """Writes events; of progress, a few a second."""

    def __init__(self, out: BinaryIO, clock: Clock) -> None:
        self._out = out
        self._clock = clock
        self._next = 0.0

    def tell(self, event: Event) -> None:
        if isinstance(event, Progressed):
            now = self._clock.monotonic()
            if now < self._next:
                return
            self._next = now + _PROGRESS_SECONDS
        self._out.write(encode_message(event))
        self._out.flush()


def main() -> int:
    """Run the task on stdin and return the exit code: 0 when an answer was given."""
    _harden()
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)  # what a library prints is no event
        spec = decode_spec(sys.stdin.buffer.readline())
        threading.Thread(target=_end_with_stdin, daemon=True).start()
        reporter = _Reporter(out, SystemClock())
        reporter.tell(_answer(spec, reporter))
    return 0


def _answer(spec: WorkerSpec, reporter: _Reporter) -> Event:
    try:
        return make_streams(spec, os.urandom, reporter.tell)
    except TranscodeError as error:
        return Failed(code="InvalidVideo.Damaged", reason=error.message)
    except FormatError as error:
        return Failed(code="InternalError", reason=f"the original does not open: {error.message}")
    except (OSError, BaseError) as error:
        traceback.print_exc()
        if _is_full(error):
            return Failed(code="InternalError", reason="the disk of the service is full")
        return Failed(code="InternalError", reason="a file of the service cannot be used")
    except Exception as error:  # noqa: BLE001 - whatever it was, the service has to hear of it
        traceback.print_exc()
        return Failed(code="InternalError", reason=f"packaging failed ({type(error).__name__})")


def _is_full(error: BaseException) -> bool:
    number = getattr(error, "errno", None)
    return number in {errno.ENOSPC, errno.EDQUOT} or "No space left" in str(error)


def _end_with_stdin() -> None:
    """End the process when the service has gone, whatever the other threads do."""
    while os.read(0, 1 << 16):
        pass
    os._exit(_ORPHANED)


def _harden() -> None:
    os.umask(0o077)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the service decides what a Ctrl-C ends
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - not there on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(OSError):  # a lower priority is a courtesy
            os.nice(_NICENESS)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main())
