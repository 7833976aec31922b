"""A ``Fetcher`` on libcurl's multi interface: one thread, many connections.

Measured against one thread for each connection: the same bytes per second, a
fifth less processor time, and a stop that need not wait for anybody. The event
loop is our own, because libcurl's ``select`` knows no descriptor above 1023.

What it promises, in order of weight:

1. http and https only, redirects included, and only so many of those.
2. Never more bytes than ``Request.limit``, never fewer than were announced, and
   for a range exactly the range that was asked for, of the version asked for.
3. A server that sends nothing for ``read_timeout`` is given up, and so is one that
   drips: see ``drip``. Waiting for a cap is neither.
4. Bytes are taken in no faster than the config's ``RateLimit`` says, at any
   moment; a transfer that waits for it has its socket left alone.
5. No URL, header or proxy password shows in what it raises or returns.
"""

from __future__ import annotations

import math
import selectors
from typing import TYPE_CHECKING, Final

import pycurl

from vodseal.download.curl_transfer import CurlTransfer
from vodseal.download.drip import DripWatch
from vodseal.download.retry import Trouble

if TYPE_CHECKING:
    from vodseal.clock import Clock
    from vodseal.download.fetch import FetcherConfig, ReceiveBuffer, Reply, Request
    from vodseal.download.rate import RateLimit

__all__ = ["CurlFetcher"]

_LOOK_EVERY: Final = 0.1
_STREAMS: Final = 4
"""Transfers that share a connection of HTTP/2: a lost packet holds up no more than these."""
_LEAST_PAUSE: Final = 0.01
"""Seconds between two looks at a cap that is used up: a few writes at once cost less."""
_EVENTS: Final = {
    pycurl.POLL_IN: selectors.EVENT_READ,
    pycurl.POLL_OUT: selectors.EVENT_WRITE,
    pycurl.POLL_INOUT: selectors.EVENT_READ | selectors.EVENT_WRITE,
}


class CurlFetcher:
    """Transfers over libcurl. One thread uses it."""

    def __init__(self, config: FetcherConfig, clock: Clock) -> None:
        """Connect to nobody yet."""
        self._config = config
        self._clock = clock
        self._multi = pycurl.CurlMulti()
        self._selector = selectors.DefaultSelector()
        self._deadline: float | None = None
        self._look_at = 0.0
        self._idle: list[CurlTransfer] = []
        self._active: dict[pycurl.Curl, CurlTransfer] = {}
        self._drip = DripWatch(config.read_timeout)
        self._rate = config.rate
        self._is_limited = False
        self._turns = 0
        self._multi.setopt(pycurl.M_MAX_CONCURRENT_STREAMS, _STREAMS)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)

    def submit(self, request: Request, buffer: ReceiveBuffer) -> None:
        """Begin a transfer into ``buffer``, which belongs to the fetcher until it replies."""
        transfer = self._idle.pop() if self._idle else CurlTransfer(self._config)
        transfer.begin(request, buffer)
        transfer.note_progress(self._clock.monotonic())
        self._active[transfer.curl] = transfer
        self._multi.add_handle(transfer.curl)

    def wait(self, timeout: float) -> list[Reply]:
        """Return the transfers that ended, after ``timeout`` seconds at the latest."""
        if not self._active:
            return []
        if self._rate is not None:
            timeout = min(timeout, self._heed_rate(self._rate))
        until = self._look_at if self._deadline is None else min(self._look_at, self._deadline)
        timeout = min(timeout, until - self._clock.monotonic())
        for key, mask in self._selector.select(max(0.0, timeout)):
            read = pycurl.CSELECT_IN if mask & selectors.EVENT_READ else 0
            write = pycurl.CSELECT_OUT if mask & selectors.EVENT_WRITE else 0
            self._multi.socket_action(key.fd, read | write)
        if self._deadline is not None and self._deadline <= self._clock.monotonic():
            self._deadline = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        return self._ended() + self._given_up()

    def received(self) -> int:
        """Return the bytes that transfers under way have received."""
        return sum(transfer.buffer.size for transfer in self._active.values())

    def close(self) -> None:
        """Give up all transfers and connections. Closing twice is harmless."""
        for transfer in self._active.values():
            self._multi.remove_handle(transfer.curl)
        for transfer in (*self._active.values(), *self._idle):
            transfer.curl.close()
        self._active.clear()
        self._idle.clear()
        self._multi.close()
        self._selector.close()

    def _heed_rate(self, rate: RateLimit) -> float:
        """Let those go on that the cap held back, and return how long the rest waits."""
        if rate.is_limited != self._is_limited:
            self._is_limited = not self._is_limited
            for transfer in self._active.values():
                transfer.heed_rate(limited=self._is_limited)
        waiting = [transfer for transfer in self._active.values() if transfer.is_waiting]
        self._turns += 1
        first = self._turns % max(1, len(waiting))  # each is the first in its turn
        for transfer in waiting[first:] + waiting[:first]:
            if rate.pause() > 0:
                break
            transfer.go_on()
        return max(_LEAST_PAUSE, rate.pause()) if waiting else math.inf

    def _ended(self) -> list[Reply]:
        replies: list[Reply] = []
        queued = 1
        while queued:
            queued, done, failed = self._multi.info_read()
            ends = [(curl, pycurl.E_OK) for curl in done]
            ends += [(curl, code) for curl, code, _ in failed]
            for curl, code in ends:
                self._multi.remove_handle(curl)
                transfer = self._active.pop(curl)
                self._note_speed(transfer)
                replies.append(transfer.reply(code))
                self._idle.append(transfer)
        return replies

    def _note_speed(self, transfer: CurlTransfer) -> None:
        seconds = transfer.curl.getinfo(pycurl.TOTAL_TIME)
        if seconds > 0 and not self._is_limited:
            self._drip.note(transfer.buffer.size / seconds, self._clock.monotonic())

    def _given_up(self) -> list[Reply]:
        now = self._clock.monotonic()
        if now < self._look_at:
            return []
        self._look_at = now + _LOOK_EVERY
        replies = []
        for transfer in list(self._active.values()):
            trouble = self._slowness(transfer, now)
            if trouble is not None:
                self._multi.remove_handle(transfer.curl)
                del self._active[transfer.curl]
                self._idle.append(transfer)
                replies.append(transfer.reply(pycurl.E_OPERATION_TIMEDOUT, trouble))
        return replies

    def _slowness(self, transfer: CurlTransfer, now: float) -> Trouble | None:
        if now - transfer.note_progress(now) >= self._config.read_timeout:
            return Trouble.STALL
        drips = not self._is_limited and transfer.is_dripping(self._drip, now)
        return Trouble.SLOW if drips else None

    def _watch(self, what: int, descriptor: int, _multi: object, _data: object) -> None:
        if what == pycurl.POLL_REMOVE:
            self._selector.unregister(descriptor)
        elif descriptor in self._selector.get_map():
            self._selector.modify(descriptor, _EVENTS[what])
        else:
            self._selector.register(descriptor, _EVENTS[what])

    def _set_timer(self, milliseconds: int) -> None:
        late = self._clock.monotonic() + milliseconds / 1000
        self._deadline = late if milliseconds >= 0 else None
