"""Take the network away from this process, for good.

On Linux the kernel does it: a seccomp filter refuses every socket that is not
a local one, for this process and all its children, and cannot be taken back.
It needs no privilege. Elsewhere an audit hook refuses them, which holds for
Python code only; ``cut_network`` says which of the two it was.

``python -m vodseal.demo.isolation ARGS`` runs the vodseal command line without
a network.
"""

from __future__ import annotations

import ctypes
import platform
import runpy
import socket
import struct
import sys
from typing import Final

from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError

__all__ = ["cut_network"]

_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_SECCOMP: Final = 22
_SECCOMP_MODE_FILTER: Final = 2
_ALLOW: Final = 0x7FFF_0000
_REFUSE: Final = 0x0005_0000 | 13  # EACCES

# machine -> (audit architecture, number of socket(2), number of io_uring_setup(2))
_MACHINES: Final = {
    "x86_64": (0xC000_003E, 41, 425),
    "aarch64": (0xC000_00B7, 198, 425),
}
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_OTHER_ABI: Final = 0x4000_0000


def cut_network() -> str:
    """Refuse every socket but local ones from now on; return who sees to it.

    Raises:
        OperatorError: CHECK_FAILED: a socket could still be made.
    """
    by = "the kernel (seccomp)" if _seccomp() else "an audit hook (Python code only)"
    if not by.startswith("the kernel"):
        sys.addaudithook(_refuse)
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()
    except PermissionError:
        return by
    raise OperatorError(ErrorCode.CHECK_FAILED, "the network could not be taken away")


def _refuse(event: str, args: tuple[object, ...]) -> None:
    if event == "socket.__new__" and args[1] != getattr(socket, "AF_UNIX", None):
        raise PermissionError(13, "no network in this process")


def _seccomp() -> bool:
    """Install the filter; return False where there is none to install."""
    machine = _MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None or sys.maxsize < 2**32:
        return False
    program = _program(*machine)
    code = ctypes.create_string_buffer(program)
    header = ctypes.create_string_buffer(
        struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    )
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    return not libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(header), 0, 0)


def _program(architecture: int, socket_call: int, ring_call: int) -> bytes:
    """Return the filter: other ABIs and io_uring refused, socket() for AF_UNIX only."""
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 0, 7, architecture),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 5, 0, _OTHER_ABI),
        (_EQUAL, 4, 0, ring_call),
        (_EQUAL, 0, 2, socket_call),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_EQUAL, 0, 1, int(socket.AF_UNIX)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


if __name__ == "__main__":
    cut_network()
    runpy.run_module("vodseal.cli", run_name="__main__", alter_sys=True)
