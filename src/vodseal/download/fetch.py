"""What the engine asks of a network: several transfers at once, into its own buffers.

A ``Fetcher`` takes requests with a buffer each and hands back replies, in the
order in which they end. It checks what only it can see: that the server
answered with the range that was asked for, and with as many bytes as it
announced. Whether they are the right ones is the engine's business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from vodseal.download.rate import RateLimit
    from vodseal.download.retry import Failure

__all__ = ["Fetcher", "FetcherConfig", "ReceiveBuffer", "Reply", "Request"]

_ROUND: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FetcherConfig:
    """How to talk to media servers (client-surface 1.7, B43). Times are in seconds."""

    connect_timeout: float = 5.0
    read_timeout: float = 15.0
    """How long a server may send next to nothing."""
    referer: str = ""
    user_agent: str = "vodseal"
    proxy: str = field(default="", repr=False)
    """URL of an HTTP proxy; it may hold a password."""
    pinned_public_key: str = ""
    """As libcurl's ``PINNEDPUBLICKEY``; then only https is spoken."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    connections: int = 8
    """With how many a download starts."""
    most_connections: int = 0
    """How many it may come to; no more than at the start, when this is less."""
    max_redirects: int = 5
    rate: RateLimit | None = None
    """How fast bytes may come in over all connections, and whoever shares it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Request:
    """One transfer to make. Each is itself alone, so it can be a key."""

    url: str = field(repr=False)
    limit: int
    """More bytes than this are never taken."""
    start: int | None = None
    """First byte of a range; then ``size`` is given too, and 206 is the only answer."""
    size: int | None = None
    """Bytes that the answer must have, where that is known."""
    validator: str = ""
    """A strong ETag: an answer from another version of the file is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """How one transfer ended; the bytes are in the buffer that came with the request."""

    request: Request
    buffer: ReceiveBuffer
    failure: Failure | None = None
    url: str = field(default="", repr=False)
    """Where it ended up after redirects."""
    total_size: int | None = None
    """Bytes of the whole resource, where the server told."""
    validator: str = ""
    """Its strong ETag, where it has one."""
    length_announced: bool = False
    """Whether the server said how many bytes would come."""


class ReceiveBuffer:
    """A buffer that is used again and again, and only ever grows.

    Fresh memory costs more than the bytes that are put into it: see security.md
    5.2 for what reuse saves.
    """

    __slots__ = ("_data", "_view", "size")

    def __init__(self, capacity: int = _ROUND) -> None:
        """Begin empty, with room for ``capacity`` bytes."""
        self._data = bytearray(capacity)
        self._view = memoryview(self._data)
        self.size = 0

    @property
    def view(self) -> memoryview:
        """The bytes received so far. Do not keep it: the buffer may grow."""
        return self._view[: self.size]

    def clear(self) -> None:
        """Begin again, keeping the room."""
        self.size = 0

    def reserve(self, capacity: int) -> None:
        """Make room for ``capacity`` bytes in all."""
        if capacity > len(self._data):
            fresh = bytearray(-(-capacity // _ROUND) * _ROUND)
            fresh[: self.size] = self._view[: self.size]
            self._data, self._view = fresh, memoryview(fresh)

    def append(self, data: bytes) -> None:
        """Add what arrived."""
        end = self.size + len(data)
        if end > len(self._data):
            self.reserve(max(end, 2 * len(self._data)))
        self._view[self.size : end] = data
        self.size = end


class Fetcher(Protocol):
    """Several transfers at once. One thread uses it."""

    def submit(self, request: Request, buffer: ReceiveBuffer) -> None:
        """Begin a transfer into ``buffer``, which belongs to the fetcher until it replies."""

    def wait(self, timeout: float) -> list[Reply]:
        """Return the transfers that ended, after ``timeout`` seconds at the latest.

        Without transfers under way it returns at once.
        """

    def received(self) -> int:
        """Return the bytes that transfers under way have received."""

    def close(self) -> None:
        """Give up all transfers and connections. Closing twice is harmless."""
