"""The system calls that change what is on disk: their numbers, and what each changes.

Linux alone, on the two machines whose numbers stand here (asm/unistd.h).
"""

from __future__ import annotations

import contextlib
import os
import platform
import struct
from dataclasses import dataclass
from enum import Enum
from typing import Final

__all__ = ["CALLS", "OPEN_FLAGS", "Call", "Kind", "is_known_machine", "own_numbers", "read_memory"]

OPEN_FLAGS: Final = os.O_CREAT | os.O_TRUNC
"""An open is of interest only with one of these."""
_AT_FDCWD: Final = -100
_LONGEST_PATH: Final = 4096
_PAGE: Final = 4096


class Kind(Enum):
    """Where a call says what it changes."""

    HANDLE = "an open file"
    PATH = "a path"
    AT = "a path, relative to an open folder"


@dataclass(frozen=True, slots=True)
class CallType:
    """One system call: numbers on x86_64 and aarch64 (None: not there), and its target."""

    x86_64: int | None
    aarch64: int | None
    kind: Kind
    at: int = 0
    """Which argument names the file, or the folder that the path after it is relative to."""
    flags_at: int | None = None
    """For opens: which argument holds the flags."""


_FILE, _PATH, _AT = Kind.HANDLE, Kind.PATH, Kind.AT
CALLS: Final[dict[str, CallType]] = {
    "write": CallType(1, 64, _FILE),
    "pwrite64": CallType(18, 68, _FILE),
    "writev": CallType(20, 66, _FILE),
    "pwritev": CallType(296, 70, _FILE),
    "pwritev2": CallType(328, 287, _FILE),
    "sendfile": CallType(40, 71, _FILE),
    "copy_file_range": CallType(326, 285, _FILE, at=2),
    "fsync": CallType(74, 82, _FILE),
    "fdatasync": CallType(75, 83, _FILE),
    "sync_file_range": CallType(277, 84, _FILE),
    "ftruncate": CallType(77, 46, _FILE),
    "fallocate": CallType(285, 47, _FILE),
    "fchmod": CallType(91, 52, _FILE),
    "truncate": CallType(76, 45, _PATH),
    "rename": CallType(82, None, _PATH),
    "unlink": CallType(87, None, _PATH),
    "rmdir": CallType(84, None, _PATH),
    "mkdir": CallType(83, None, _PATH),
    "link": CallType(86, None, _PATH),
    "symlink": CallType(88, None, _PATH, at=1),
    "chmod": CallType(90, None, _PATH),
    "creat": CallType(85, None, _PATH),
    "open": CallType(2, None, _PATH, flags_at=1),
    "renameat": CallType(264, 38, _AT),
    "renameat2": CallType(316, 276, _AT),
    "unlinkat": CallType(263, 35, _AT),
    "mkdirat": CallType(258, 34, _AT),
    "linkat": CallType(265, 37, _AT),
    "symlinkat": CallType(266, 36, _AT, at=1),
    "mknodat": CallType(259, 33, _AT),
    "fchmodat": CallType(268, 53, _AT),
    "openat": CallType(257, 56, _AT, flags_at=2),
    "openat2": CallType(437, 437, _AT),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a process that is being watched, before it is carried out."""

    process: int
    thread: int
    name: str
    arguments: tuple[int, ...]
    path: str
    """What it changes; for a rename, the name before."""

    def handle(self, argument: int) -> int:
        """Return an argument that is a file handle."""
        return _signed(self.arguments[argument])

    def path_at(self, argument: int) -> str:
        """Return the path of an argument, with the folder handle before it."""
        return _path_at(self.thread, self.handle(argument), self.arguments[argument + 1])

    def path_of(self, argument: int) -> str:
        """Return the path of an argument."""
        return _path_at(self.thread, _AT_FDCWD, self.arguments[argument])


def is_known_machine() -> bool:
    """Return whether the calls of this machine are known here."""
    return platform.system() == "Linux" and platform.machine() in {"x86_64", "aarch64"}


def own_numbers() -> dict[int, str]:
    """Return the names of the calls by their numbers on this machine."""
    machine = platform.machine()
    numbers = {name: getattr(call, machine) for name, call in CALLS.items()}
    return {number: name for name, number in numbers.items() if number is not None}


def describe(process: int, thread: int, name: str, arguments: tuple[int, ...]) -> Call:
    """Return the call that a stopped thread is about to make."""
    call = CALLS[name]
    if call.kind is Kind.HANDLE:
        path = _path_of_handle(thread, _signed(arguments[call.at]))
    elif call.kind is Kind.PATH:
        path = _path_at(thread, _AT_FDCWD, arguments[call.at])
    else:
        path = _path_at(thread, _signed(arguments[call.at]), arguments[call.at + 1])
    return Call(process=process, thread=thread, name=name, arguments=arguments, path=path)


def read_memory(thread: int, address: int, size: int) -> bytes:
    """Return bytes of a stopped thread's memory; fewer where it ends."""
    with open(f"/proc/{thread}/mem", "rb", buffering=0) as memory:
        memory.seek(address)
        data = b""
        while len(data) < size:
            more = memory.read(size - len(data))
            if not more:
                break
            data += more
        return data


def read_vector(thread: int, address: int, count: int) -> bytes:
    """Return what the buffers of a ``writev`` hold."""
    places = struct.iter_unpack("QQ", read_memory(thread, address, 16 * count))
    return b"".join(read_memory(thread, base, size) for base, size in places)


def _path_of_handle(thread: int, handle: int) -> str:
    try:
        return os.readlink(f"/proc/{thread}/fd/{handle}")
    except FileNotFoundError:
        return ""


def _path_at(thread: int, folder: int, address: int) -> str:
    text = _text(thread, address)
    if text.startswith("/"):
        return text
    base = f"/proc/{thread}/cwd" if folder == _AT_FDCWD else f"/proc/{thread}/fd/{folder}"
    try:
        return os.path.normpath(os.path.join(os.readlink(base), text))
    except FileNotFoundError:
        return text


def _text(thread: int, address: int) -> str:
    data = b""
    while b"\0" not in data and len(data) < _LONGEST_PATH:
        size = _PAGE - (address + len(data)) % _PAGE  # what follows may not be there
        with contextlib.suppress(OSError):
            data += (more := read_memory(thread, address + len(data), size))
            if more:
                continue
        break
    return os.fsdecode(data.partition(b"\0")[0])


def _signed(value: int) -> int:
    return int(struct.unpack("i", struct.pack("I", value & 0xFFFFFFFF))[0])
