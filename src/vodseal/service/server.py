"""Serve until told to stop: one process, one event loop, granian inside it.

The first Ctrl-C (or SIGTERM) ends it in order: no new connection is taken, the
running transcode is dropped and begins again at the next start. The second ends
it at once; what is durable stays so, because nothing is promised before it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from vodseal.clock import SystemClock
from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError
from vodseal.service.app import create_app
from vodseal.service.jobs.in_process import InProcessRunner
from vodseal.service.logs import log_to
from vodseal.service.opening import open_service

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vodseal.clock import Clock
    from vodseal.rpc.signing_v1 import Credential
    from vodseal.service.context import ServiceContext
    from vodseal.service.runtime import Runner
    from vodseal.service.settings import Settings

__all__ = ["Ready", "run", "serve"]

_START_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What a caller is told once the service answers."""

    endpoint: str
    """Such as ``http://127.0.0.1:8800``."""
    port: int
    data: Path
    admin_key: Credential | None = field(repr=False)
    """The operator's key at the first start of a data folder; None ever after."""


def run(
    settings: Settings,
    on_ready: Callable[[Ready], None],
    make_runner: Callable[[ServiceContext], Runner] = InProcessRunner,
) -> None:
    """Serve until a signal comes. ``on_ready`` is called once, when requests are answered.

    Raises:
        OperatorError: ``PORT_IN_USE``, ``DATA_FOLDER_*``, ``MASTER_KEY_UNUSABLE``;
            ``INTERRUPTED`` after a second signal.
    """
    log_to(sys.stderr, logging.getLevelNamesMapping()[settings.log_level.upper()])
    try:
        asyncio.run(_run_until_signal(settings, on_ready, make_runner))
    except asyncio.CancelledError:
        message = "stopped at once; a running transcode begins again at the next start"
        raise OperatorError(ErrorCode.INTERRUPTED, message) from None


async def serve(
    settings: Settings,
    on_ready: Callable[[Ready], None],
    make_runner: Callable[[ServiceContext], Runner],
    stop: asyncio.Event,
    *,
    clock: Clock | None = None,
    random: Callable[[int], bytes] = os.urandom,
) -> None:
    """Serve until ``stop`` is set.

    Raises:
        OperatorError: As ``run``.
    """
    async with open_service(
        settings, make_runner, clock=clock or SystemClock(), random=random
    ) as opened:
        port = _free_port(settings.host, settings.port)
        server = Server(
            create_app(opened.service),
            settings.host,
            port,
            interface=Interfaces.ASGINL,
            http=HTTPModes.auto,
            websockets=False,
            log_enabled=False,
            backlog=1024,
        )
        serving = asyncio.create_task(server.serve())
        try:
            await _wait_until_listening(settings.host, port, serving)
            ready = Ready(
                endpoint=f"http://{_bracketed(settings.host)}:{port}",
                port=port,
                data=settings.data,
                admin_key=opened.admin_key,
            )
            on_ready(ready)
            await stop.wait()
        finally:
            server.stop()  # type: ignore[no-untyped-call]  # granian has none
            with contextlib.suppress(TimeoutError):  # a client that holds on is dropped
                await asyncio.wait_for(serving, _STOP_SECONDS)


async def _run_until_signal(
    settings: Settings,
    on_ready: Callable[[Ready], None],
    make_runner: Callable[[ServiceContext], Runner],
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()

    def interrupt() -> None:
        if stop.is_set() and task is not None:
            task.cancel()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        if sys.platform == "win32":  # its event loop has no signals
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(interrupt))
        else:
            loop.add_signal_handler(number, interrupt)
    await serve(settings, on_ready, make_runner, stop)


def _free_port(host: str, port: int) -> int:
    """Return the port to listen on; 0 becomes a free one.

    The server shares ports (SO_REUSEPORT), so a busy one has to be found here.

    Raises:
        OperatorError: ``PORT_IN_USE``.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            if os.name != "nt":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            found: int = probe.getsockname()[1]
    except OSError as error:
        message = f"cannot listen on {host}:{port}: {error.strerror}"
        raise OperatorError(ErrorCode.PORT_IN_USE, message) from error
    return found


async def _wait_until_listening(host: str, port: int, serving: asyncio.Task[None]) -> None:
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - a comparison
    loop = asyncio.get_running_loop()
    end = loop.time() + _START_SECONDS
    while True:
        try:
            _, writer = await asyncio.open_connection(target, port)
        except OSError as error:
            if serving.done() or loop.time() > end:
                message = f"the server does not listen on {host}:{port}"
                raise OperatorError(ErrorCode.PORT_IN_USE, message) from error
            await asyncio.sleep(_POLL_SECONDS)
            continue
        writer.close()
        return


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
