"""A ``Fetcher`` on libcurl's multi interface: one thread, many connections.

Measured against one thread for each connection: the same bytes per second, a
fifth less processor time, and a stop that need not wait for anybody. The event
loop is our own, because libcurl's ``select`` knows no descriptor above 1023.

What it promises, in order of weight:

1. http and https only, redirects included, and only so many of those.
2. Never more bytes than ``Request.limit``, never fewer than were announced, and
   for a range exactly the range that was asked for, of the version asked for.
3. A server that sends next to nothing for ``read_timeout`` is given up.
4. No URL, header or proxy password shows in what it raises or returns.
"""

from __future__ import annotations

import math
import re
import selectors
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import pycurl

from vodseal.download.fetch import FetcherConfig, ReceiveBuffer, Reply, Request
from vodseal.download.retry import Failure, Trouble
from vodseal.tls import system_trust

if TYPE_CHECKING:
    from vodseal.clock import Clock

__all__ = ["CurlFetcher"]

_BUFFER_SIZE: Final = 512 << 10
_LOW_SPEED: Final = 512
"""Bytes per second that count as next to nothing."""
_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)", re.ASCII)
_EVENTS: Final = {
    pycurl.POLL_IN: selectors.EVENT_READ,
    pycurl.POLL_OUT: selectors.EVENT_WRITE,
    pycurl.POLL_INOUT: selectors.EVENT_READ | selectors.EVENT_WRITE,
}
_TROUBLES: Final = {
    pycurl.E_UNSUPPORTED_PROTOCOL: Trouble.URL,
    pycurl.E_URL_MALFORMAT: Trouble.URL,
    pycurl.E_COULDNT_RESOLVE_PROXY: Trouble.CONNECT,
    pycurl.E_COULDNT_RESOLVE_HOST: Trouble.CONNECT,
    pycurl.E_COULDNT_CONNECT: Trouble.CONNECT,
    pycurl.E_SSL_CONNECT_ERROR: Trouble.CONNECT,
    pycurl.E_TOO_MANY_REDIRECTS: Trouble.REDIRECT,
    pycurl.E_PEER_FAILED_VERIFICATION: Trouble.TLS,
    pycurl.E_SSL_CACERT_BADFILE: Trouble.TLS,
    pycurl.E_SSL_ISSUER_ERROR: Trouble.TLS,
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
        self._idle: list[_Transfer] = []
        self._active: dict[pycurl.Curl, _Transfer] = {}
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)

    def submit(self, request: Request, buffer: ReceiveBuffer) -> None:
        """Begin a transfer into ``buffer``, which belongs to the fetcher until it replies."""
        transfer = self._idle.pop() if self._idle else _Transfer(self._config)
        transfer.begin(request, buffer)
        self._active[transfer.curl] = transfer
        self._multi.add_handle(transfer.curl)

    def wait(self, timeout: float) -> list[Reply]:
        """Return the transfers that ended, after ``timeout`` seconds at the latest."""
        if not self._active:
            return []
        if self._deadline is not None:
            timeout = min(timeout, self._deadline - self._clock.monotonic())
        for key, mask in self._selector.select(max(0.0, timeout)):
            read = pycurl.CSELECT_IN if mask & selectors.EVENT_READ else 0
            write = pycurl.CSELECT_OUT if mask & selectors.EVENT_WRITE else 0
            self._multi.socket_action(key.fd, read | write)
        if self._deadline is not None and self._deadline <= self._clock.monotonic():
            self._deadline = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        return self._ended()

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
                replies.append(transfer.reply(code))
                self._idle.append(transfer)
        return replies

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


class _Transfer:
    """One easy handle, used for one request after the other."""

    def __init__(self, config: FetcherConfig) -> None:
        self.curl = pycurl.Curl()
        self._headers = [f"{name}: {value}" for name, value in config.headers]
        self.request: Request
        self.buffer: ReceiveBuffer
        self._answer: dict[str, str] = {}
        self._overflow = False
        _configure(self.curl, config)
        self.curl.setopt(pycurl.WRITEFUNCTION, self._write)
        self.curl.setopt(pycurl.HEADERFUNCTION, self._take_header)

    def begin(self, request: Request, buffer: ReceiveBuffer) -> None:
        self.request, self.buffer = request, buffer
        self._overflow = False
        self._answer.clear()
        buffer.clear()
        if request.size is not None:
            buffer.reserve(request.size)
        self.curl.setopt(pycurl.URL, request.url)
        headers = self._headers
        if request.start is not None and request.size is not None:
            self.curl.setopt(pycurl.RANGE, f"{request.start}-{request.start + request.size - 1}")
            if request.validator:
                headers = [*headers, f"If-Range: {request.validator}"]
        else:
            self.curl.unsetopt(pycurl.RANGE)
        self.curl.setopt(pycurl.HTTPHEADER, headers)

    def reply(self, code: int) -> Reply:
        announced = self.curl.getinfo(pycurl.CONTENT_LENGTH_DOWNLOAD_T)
        return Reply(
            request=self.request,
            buffer=self.buffer,
            failure=self._failure(code),
            url=self.curl.getinfo(pycurl.EFFECTIVE_URL),
            total_size=self._total_size(announced),
            validator=self._validator(),
            length_announced=announced >= 0,
        )

    def _write(self, data: bytes) -> int | None:
        buffer = self.buffer
        if buffer.size + len(data) > self.request.limit:
            self._overflow = True
            return -1
        if buffer.size == 0:
            announced = self._answer.get("content-length", "")
            if announced.isascii() and announced.isdigit():
                buffer.reserve(min(int(announced), self.request.limit))
        buffer.append(data)
        return None

    def _take_header(self, line: bytes) -> None:
        name, separator, value = line.decode("latin-1").partition(":")
        if separator:
            self._answer[name.strip().lower()] = value.strip()
        elif name.startswith("HTTP/"):
            self._answer.clear()  # the answer that a redirect led to

    def _failure(self, code: int) -> Failure | None:
        status = self.curl.getinfo(pycurl.RESPONSE_CODE)
        if self._overflow or code == pycurl.E_OK:
            trouble = self._wrong_answer(status)
            if trouble is None:
                return None
            return Failure(trouble=trouble, status=status if trouble is Trouble.STATUS else 0)
        if code == pycurl.E_HTTP_RETURNED_ERROR:
            wait = float(self.curl.getinfo(pycurl.RETRY_AFTER))
            return Failure(trouble=Trouble.STATUS, status=status, retry_after=wait or None)
        if code == pycurl.E_OPERATION_TIMEDOUT:
            connected = self.curl.getinfo(pycurl.PRETRANSFER_TIME) > 0
            return Failure(trouble=Trouble.STALL if connected else Trouble.CONNECT)
        return Failure(trouble=_TROUBLES.get(code, Trouble.CUT))

    def _wrong_answer(self, status: int) -> Trouble | None:
        request = self.request
        if request.start is not None and self._is_other_version():
            return Trouble.CHANGED
        if request.start is not None and not self._is_the_range(request.start, status):
            return Trouble.NO_RANGES if status == HTTPStatus.OK else Trouble.LENGTH
        if request.start is None and status != HTTPStatus.OK:
            return Trouble.STATUS
        if self._overflow:
            return Trouble.TOO_LARGE if request.size is None else Trouble.LENGTH
        if request.size not in {None, self.buffer.size}:
            return Trouble.LENGTH
        return None

    def _is_other_version(self) -> bool:
        known = self.request.validator
        return bool(known) and self._validator() not in {"", known}

    def _is_the_range(self, start: int, status: int) -> bool:
        """Return whether the answer holds the range; all of a small file may come as a whole."""
        if status == HTTPStatus.OK:
            whole = self._answer.get("content-length") == str(self.request.size)
            return start == 0 and whole
        return status == HTTPStatus.PARTIAL_CONTENT and self._range_start() == start

    def _range_start(self) -> int:
        found = _CONTENT_RANGE.fullmatch(self._answer.get("content-range", ""))
        return int(found[1]) if found else -1

    def _total_size(self, announced: int) -> int | None:
        found = _CONTENT_RANGE.fullmatch(self._answer.get("content-range", ""))
        if found:
            return None if found[3] == "*" else int(found[3])
        return announced if announced >= 0 else None

    def _validator(self) -> str:
        tag = self._answer.get("etag", "")
        return "" if tag.startswith("W/") else tag


def _configure(curl: pycurl.Curl, config: FetcherConfig) -> None:
    options = {
        pycurl.NOSIGNAL: 1,
        pycurl.BUFFERSIZE: _BUFFER_SIZE,
        pycurl.TCP_KEEPALIVE: 1,
        pycurl.FAILONERROR: 1,
        pycurl.FOLLOWLOCATION: 1,
        pycurl.MAXREDIRS: config.max_redirects,
        pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
        pycurl.REDIR_PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
        pycurl.CONNECTTIMEOUT_MS: max(1, round(config.connect_timeout * 1000)),
        pycurl.LOW_SPEED_LIMIT: _LOW_SPEED,
        pycurl.LOW_SPEED_TIME: max(1, math.ceil(config.read_timeout)),
        pycurl.USERAGENT: config.user_agent,
        pycurl.PROXY: config.proxy,  # even when empty: the environment is not asked
    }
    if config.referer:  # set to nothing, it would be sent as an empty header
        options[pycurl.REFERER] = config.referer
    trust = system_trust()
    if trust.native:
        options[pycurl.SSL_OPTIONS] = pycurl.SSLOPT_NATIVE_CA
    if trust.ca_file:
        options[pycurl.CAINFO] = trust.ca_file
    if trust.ca_folder:
        options[pycurl.CAPATH] = trust.ca_folder
    for option, value in options.items():
        curl.setopt(option, value)
