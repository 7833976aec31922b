"""A worker that is there before it is needed: starting an interpreter is most of a short job.

``warm_workers`` forks a process that waits; the first ``python -m MODULE`` that this
process starts becomes that one. Its pipes, its variables, its parent and its end are
what they would have been. Any further one is started anew.
"""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any, ClassVar, Final

import vodseal.download.worker  # noqa: F401 - what a worker needs is loaded before the fork

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["warm_workers"]

_MESSAGE_SIZE: Final = 1 << 20
_MODULE_FLAG: Final = "-m"


def warm_workers(prepare: Callable[[], None] = lambda: None) -> None:
    """Let this process, which has one thread, start its first worker without an interpreter.

    ``prepare`` is called in the worker first.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = os.fork()
    if not process:
        ours.close()
        _wait_and_work(theirs, prepare)
    theirs.close()
    _WarmPopen.waiting = [(process, ours)]
    subprocess.Popen = _WarmPopen  # type: ignore[misc]


class _WarmPopen(subprocess.Popen):  # type: ignore[type-arg]
    """A process that may be running already."""

    waiting: ClassVar[list[tuple[int, socket.socket]]] = []

    def _execute_child(self, args: Sequence[str], *rest: Any) -> None:
        if not self.waiting or _MODULE_FLAG not in args:
            super()._execute_child(args, *rest)  # type: ignore[misc]
            return
        process, link = self.waiting.pop()
        # As subprocess.Popen._execute_child gets them: the pipes' ends, the worker's and ours.
        environment, ends = rest[5], rest[9:15]
        stdin, _, _, stdout, _, _ = ends
        message = {
            "module": args[args.index(_MODULE_FLAG) + 1],
            "environment": dict(os.environ if environment is None else environment),
        }
        with link:
            socket.send_fds(link, [json.dumps(message).encode()], [stdin, stdout])
        self._close_pipe_fds(*ends)  # type: ignore[attr-defined]
        self._child_created = True
        self.pid = process


def _wait_and_work(link: socket.socket, prepare: Callable[[], None]) -> None:
    try:
        data, handles, _, _ = socket.recv_fds(link, _MESSAGE_SIZE, 2)
        link.close()
        if not data:
            os._exit(0)  # nobody needed it
        message = json.loads(data)
        for target, handle in zip((0, 1), handles, strict=True):
            os.dup2(handle, target)
            os.close(handle)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.setpgid(0, 0)
        os.environ.clear()
        os.environ |= message["environment"]
        sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
        del sys.modules[message["module"]]
        prepare()
        with contextlib.suppress(SystemExit):
            runpy.run_module(message["module"], run_name="__main__", alter_sys=True)
        sys.stdout.flush()
        os._exit(0)
    finally:
        os._exit(1)
