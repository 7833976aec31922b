"""Watch a process and all that it starts, and stop it before each call that changes a disk.

One counter for all processes and threads: the n-th call is the n-th of the
whole run, whoever makes it. The kernel's filter (seccomp) lets every other call
pass at full speed. The watching side has one thread and no other children that
could end. Needs root, since the worker hides its memory from others.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import signal
import struct
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Final

from torture.calls import CALLS, OPEN_FLAGS, Call, describe, is_known_machine, own_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

__all__ = ["NOT_HERE", "Next", "Tracer", "time_limit", "why_not"]

NOT_HERE: Final = 77
"""Exit code of a program that cannot show anything on this machine."""

_TRACEME, _CONT, _SYSCALL, _SETOPTIONS, _GETEVENTMSG, _GET_SYSCALL_INFO = (
    0,
    7,
    24,
    0x4200,
    0x4201,
    0x420E,
)
_OPTIONS: Final = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x80 | 0x100000
"""TRACESYSGOOD, FORK, VFORK, CLONE, EXEC, SECCOMP, EXITKILL."""
_EVENT_SECCOMP: Final = 7
_EVENTS_OF_BIRTH: Final = {1, 2, 3}
_WALL: Final = 0x40000000
_SYSCALL_STOP: Final = signal.SIGTRAP | 0x80
_INFO_SIZE: Final = 88
_NUMBER_AT, _NEEDED = 24, struct.Struct("7Q")

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER_MODE = 38, 22, 2
_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _TRACE = 0x7FFF0000, 0x7FF00000
_ARGUMENTS_AT: Final = 16

_libc = ctypes.CDLL(None, use_errno=True)


class Next(Enum):
    """What to do with a call."""

    GO = auto()
    """Let it pass."""
    KILL = auto()
    """Kill the process that makes it, before it is made."""
    TELL = auto()
    """Let it pass, and tell the result."""


class Tracer:
    """One run under watch."""

    def __init__(
        self,
        root: Path,
        on_call: Callable[[Call], Next],
        on_result: Callable[[Call, int], None] = lambda _call, _result: None,
    ) -> None:
        """``on_call`` hears of calls that change something under ``root``.

        ``on_result`` hears what those it said ``TELL`` to returned, while the thread stands still.
        """
        self._root = f"{root}/"
        self._on_call = on_call
        self._on_result = on_result
        self._names = own_numbers()
        self._process_of: dict[int, int] = {}
        self._waiting: dict[int, Call] = {}
        self._known: set[int] = set()
        self._alive: set[int] = set()
        self.killed: Call | None = None

    def run(self, work: Callable[[], None]) -> int:
        """Fork, do ``work`` in the child, and return its wait status when all have ended."""
        first = os.fork()
        if not first:
            _be_watched(work)
        os.waitpid(first, 0)
        _ptrace(_SETOPTIONS, first, 0, _OPTIONS)
        self._known, self._alive = {first}, {first}
        _resume(first)
        try:
            return self._watch(first)
        except BaseException:
            for thread in self._alive:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(thread, signal.SIGKILL)
            while self._alive:
                self._wait()
            raise

    def _watch(self, first: int) -> int:
        ended = 0
        while self._alive:
            thread, status = self._wait()
            if os.WIFSTOPPED(status):
                self._stopped(thread, status, new=thread not in self._known)
                self._known.add(thread)
            elif thread == first:
                ended = status
        return ended

    def _wait(self) -> tuple[int, int]:
        """Return what happened next to one of those who are watched."""
        thread, status = os.waitpid(-1, _WALL)
        if os.WIFSTOPPED(status):
            self._alive.add(thread)
        else:
            self._alive.discard(thread)
        return thread, status

    def _stopped(self, thread: int, status: int, *, new: bool) -> None:
        number = os.WSTOPSIG(status)
        if number == _SYSCALL_STOP:
            self._tell(thread)
            _resume(thread)
        elif number == signal.SIGTRAP and status >> 16 == _EVENT_SECCOMP:
            self._before(thread)
        elif number == signal.SIGTRAP and status >> 16:
            if status >> 16 in _EVENTS_OF_BIRTH:
                self._alive.add(_event_message(thread))
            _resume(thread)
        else:
            _resume(thread, 0 if new and number == signal.SIGSTOP else number)

    def _before(self, thread: int) -> None:
        try:
            number, *arguments = _call_info(thread)
            call = describe(self._process(thread), thread, self._names[number], tuple(arguments))
        except (FileNotFoundError, ProcessLookupError):  # it was killed meanwhile
            return
        verdict = self._on_call(call) if f"{call.path}/".startswith(self._root) else Next.GO
        if verdict is Next.KILL:
            self.killed = call
            os.kill(call.process, signal.SIGKILL)
            return
        if verdict is Next.TELL:
            self._waiting[thread] = call
        _resume(thread, how=_SYSCALL if verdict is Next.TELL else _CONT)

    def _tell(self, thread: int) -> None:
        call = self._waiting.pop(thread, None)
        if call is None:
            return
        with contextlib.suppress(ProcessLookupError):  # it was killed meanwhile
            (result,) = struct.unpack_from("q", _raw_info(thread), _NUMBER_AT)
            self._on_result(call, result)

    def _process(self, thread: int) -> int:
        if thread not in self._process_of:
            for line in Path(f"/proc/{thread}/status").read_text(encoding="ascii").splitlines():
                if line.startswith("Tgid:"):
                    self._process_of[thread] = int(line.split()[1])
        return self._process_of[thread]


def why_not() -> str | None:
    """Return why nothing can be watched here, or None."""
    if not is_known_machine():
        return "system calls are known for Linux on x86_64 and aarch64"
    if os.geteuid():
        return "only root may watch a worker, which hides its memory"
    try:
        ended = Tracer(Path("/"), lambda _call: Next.GO).run(lambda: None)
    except OSError as error:
        return f"processes cannot be watched ({error})"
    return f"a watched process ended with {ended}" if ended else None


@contextlib.contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Raise TimeoutError in the block when it takes longer."""

    def over(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"it did not end within {seconds} seconds")

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _be_watched(work: Callable[[], None]) -> None:
    """Ask to be watched, wait until it is so, work, and end."""
    try:
        _ptrace(_TRACEME, 0, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        _install_filter()
        work()
        os._exit(0)
    finally:
        os._exit(70)


def _resume(thread: int, number: int = 0, *, how: int = _CONT) -> None:
    with contextlib.suppress(ProcessLookupError):  # it was killed meanwhile
        _ptrace(how, thread, 0, number)


def _ptrace(request: int, thread: int, address: int, data: int) -> int:
    result = _libc.ptrace(
        ctypes.c_long(request),
        ctypes.c_long(thread),
        ctypes.c_void_p(address),
        ctypes.c_void_p(data),
    )
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(result)


def _event_message(thread: int) -> int:
    """Return the number of the process or thread that this one has made; itself if it is gone."""
    number = ctypes.c_ulong(thread)
    with contextlib.suppress(ProcessLookupError):
        _ptrace(_GETEVENTMSG, thread, 0, ctypes.addressof(number))
    return number.value


def _raw_info(thread: int) -> bytes:
    room = ctypes.create_string_buffer(_INFO_SIZE)
    _ptrace(_GET_SYSCALL_INFO, thread, _INFO_SIZE, ctypes.addressof(room))
    return room.raw


def _call_info(thread: int) -> tuple[int, ...]:
    """Return number and arguments of the call that a thread stands before."""
    return _NEEDED.unpack_from(_raw_info(thread), _NUMBER_AT)


def _install_filter() -> None:
    """Let the kernel stop this process, and what it starts, before the calls of ``CALLS``."""
    program = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, _ARCH[platform.machine()]), (_RETURN, 0, 0, _ALLOW)]
    program.append((_LOAD, 0, 0, 0))
    for number, name in own_numbers().items():
        flags_at = CALLS[name].flags_at
        if flags_at is None:
            program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _TRACE)]
            continue
        program += [
            (_EQUAL, 0, 4, number),
            (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * flags_at),
            (_ANY_BIT, 0, 1, OPEN_FLAGS),
            (_RETURN, 0, 0, _TRACE),
            (_RETURN, 0, 0, _ALLOW),
        ]
    program.append((_RETURN, 0, 0, _ALLOW))
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    header = ctypes.create_string_buffer(
        struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code))
    )
    for option, *rest in (
        (_PR_SET_NO_NEW_PRIVS, 1, 0),
        (_PR_SET_SECCOMP, _FILTER_MODE, ctypes.addressof(header)),
    ):
        if _libc.prctl(option, *map(ctypes.c_ulong, rest), 0, 0):
            raise OSError(ctypes.get_errno(), "no filter")
