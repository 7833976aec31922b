"""A path of two network namespaces with delay and loss, for root on Linux.

Packets go through two TUN devices and this process, which holds each for half of
the round trip and drops some. Many kernels have no netem; TUN they have.
"""

from __future__ import annotations

import fcntl
import os
import random
import select
import struct
import subprocess
import threading
import time
from collections import deque
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LossyPath", "lossy_path"]

_TUNSETIFF: Final = 0x400454CA
_IFF_TUN_WITHOUT_HEADER: Final = 0x1001
_MAX_PACKET: Final = 1 << 16
_MOST_PACKETS: Final = 64
"""Packets that are read from one side before the other side gets its turn."""
_CLIENT: Final = "10.77.0.1"
_SERVER: Final = "10.77.0.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class LossyPath:
    """Two namespaces; commands run in them by ``ip netns exec``."""

    client: str
    server: str
    server_address: str

    def in_client(self, command: list[str]) -> list[str]:
        """Return the command that runs ``command`` on the client's side."""
        return ["ip", "netns", "exec", self.client, *command]

    def in_server(self, command: list[str]) -> list[str]:
        """Return the command that runs ``command`` on the server's side."""
        return ["ip", "netns", "exec", self.server, *command]


@contextmanager
def lossy_path(*, round_trip: float, loss: float, seed: int) -> Iterator[LossyPath]:
    """Yield a path with ``round_trip`` seconds and a share ``loss`` dropped, either way."""
    mark = os.getpid()
    path = LossyPath(client=f"vs-c-{mark}", server=f"vs-s-{mark}", server_address=_SERVER)
    with ExitStack() as stack:
        ends = []
        for name, own, other in (
            (path.client, _CLIENT, _SERVER),
            (path.server, _SERVER, _CLIENT),
        ):
            _ip("netns", "add", name)
            stack.callback(_ip, "netns", "del", name)
            ends.append(_device(name, own, other))
            stack.callback(os.close, ends[-1])
        relay = _Relay(ends[0], ends[1], round_trip / 2, loss, seed)
        relay.start()
        stack.callback(relay.stop)
        yield path


class _Relay(threading.Thread):
    """Carries packets from one end to the other, late, and not all of them."""

    def __init__(self, first: int, second: int, delay: float, loss: float, seed: int) -> None:
        super().__init__(name="relay")
        self._delay = delay
        self._loss = loss
        self._random = random.Random(seed)
        self._other = {first: second, second: first}
        self._on_the_way: deque[tuple[float, int, bytes]] = deque()
        self._stopped = threading.Event()

    def stop(self) -> None:
        self._stopped.set()
        self.join()

    def run(self) -> None:
        while not self._stopped.is_set():
            wait = 0.1
            if self._on_the_way:
                wait = min(wait, max(0.0, self._on_the_way[0][0] - time.monotonic()))
            ready, _, _ = select.select(list(self._other), [], [], wait)
            for end in ready:
                self._take(end)
            self._deliver()

    def _take(self, end: int) -> None:
        due = time.monotonic() + self._delay
        for _ in range(_MOST_PACKETS):
            try:
                packet = os.read(end, _MAX_PACKET)
            except BlockingIOError:
                return
            if self._random.random() >= self._loss:
                self._on_the_way.append((due, self._other[end], packet))

    def _deliver(self) -> None:
        now = time.monotonic()
        while self._on_the_way and self._on_the_way[0][0] <= now:
            _, end, packet = self._on_the_way.popleft()
            os.write(end, packet)


def _device(namespace: str, own: str, other: str) -> int:
    """Return the open end of a TUN device that has its place in ``namespace``."""
    name = f"vt{own.rpartition('.')[2]}-{os.getpid()}"
    end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(end, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN_WITHOUT_HEADER))
    _ip("link", "set", name, "netns", namespace)
    inside = ("-n", namespace)
    _ip(*inside, "address", "add", own, "peer", other, "dev", name)
    _ip(*inside, "link", "set", name, "up")
    _ip(*inside, "link", "set", "lo", "up")
    return end


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
