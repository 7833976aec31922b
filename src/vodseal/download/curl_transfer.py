"""One transfer over libcurl, and the judgement of its answer.

A range counts only as the range that was asked for, of the version that was
asked for; all of a small file may come as a whole. More bytes than the limit are
never taken.
"""

from __future__ import annotations

import math
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import pycurl

from vodseal.download.fetch import Reply
from vodseal.download.retry import Failure, Trouble
from vodseal.tls import system_trust

if TYPE_CHECKING:
    from vodseal.download.drip import DripWatch
    from vodseal.download.fetch import FetcherConfig, ReceiveBuffer, Request

__all__ = ["CurlTransfer"]

_BUFFER_SIZE: Final = 512 << 10
_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)", re.ASCII)
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
    pycurl.E_SSL_PINNEDPUBKEYNOTMATCH: Trouble.TLS,
}


class CurlTransfer:
    """One handle, used for one request after the other."""

    def __init__(self, config: FetcherConfig) -> None:
        """Connect to nobody yet."""
        self.curl = pycurl.Curl()
        self._headers = [f"{name}: {value}" for name, value in config.headers]
        self.request: Request
        self.buffer: ReceiveBuffer
        self._rate = config.rate
        self._answer: dict[str, str] = {}
        self.is_waiting = False
        """Whether the cap on the rate holds it back."""
        self._seen = -1
        self._progress_at = 0.0
        self._window_at = math.inf
        self._window_size = 0
        _configure(self.curl, config)
        self.curl.setopt(pycurl.HEADERFUNCTION, self._take_header)

    def begin(self, request: Request, buffer: ReceiveBuffer) -> None:
        """Make the handle ready for ``request``."""
        self.request, self.buffer = request, buffer
        self._seen = -1
        self._window_at = math.inf
        self.is_waiting = False
        self._answer.clear()
        buffer.clear()
        if request.size is not None:
            buffer.reserve(request.size)
        self.curl.setopt(pycurl.URL, request.url)
        self.heed_rate(limited=self._rate is not None and self._rate.is_limited)
        self.curl.setopt(pycurl.MAXFILESIZE_LARGE, request.limit)
        headers = self._headers
        if request.start is not None and request.size is not None:
            self.curl.setopt(pycurl.RANGE, f"{request.start}-{request.start + request.size - 1}")
            if request.validator:
                headers = [*headers, f"If-Range: {request.validator}"]
        else:
            self.curl.unsetopt(pycurl.RANGE)
        self.curl.setopt(pycurl.HTTPHEADER, headers)

    def heed_rate(self, *, limited: bool) -> None:
        """Ask the cap before each write, or write straight into the buffer."""
        self.curl.setopt(pycurl.WRITEFUNCTION, self._take if limited else self.buffer.append)

    def go_on(self) -> None:
        """Take in what the cap held back, as far as it lets now."""
        self.is_waiting = False
        self.curl.pause(pycurl.PAUSE_CONT)

    def _take(self, data: bytes) -> int | None:
        if self._rate is not None and not self._rate.admit(len(data)):
            self.is_waiting = True
            return int(pycurl.WRITEFUNC_PAUSE)
        self.buffer.append(data)
        return None

    def note_progress(self, now: float) -> float:
        """Return when bytes came last, ``now`` if some have come since the last look."""
        if self._seen != self.buffer.size or self.is_waiting:
            self._seen, self._progress_at = self.buffer.size, now
        return self._progress_at

    def is_dripping(self, watch: DripWatch, now: float) -> bool:
        """Look at the speed, and tell whether a window went by with too few bytes."""
        size = self.buffer.size
        if self._window_at > now:
            self._window_at, self._window_size = now if size else math.inf, size
        seconds, gained = now - self._window_at, size - self._window_size
        if seconds < watch.window:
            return False
        self._window_at, self._window_size = now, size
        drips = watch.is_dripping(gained, seconds, now)
        watch.note(gained / seconds, now)
        return drips

    def reply(self, code: int, trouble: Trouble = Trouble.STALL) -> Reply:
        """Return how the transfer ended, after libcurl said ``code``.

        ``trouble`` is why a transfer was given up that had a connection.
        """
        announced = self.curl.getinfo(pycurl.CONTENT_LENGTH_DOWNLOAD_T)
        return Reply(
            request=self.request,
            buffer=self.buffer,
            failure=self._failure(code, trouble),
            url=self.curl.getinfo(pycurl.EFFECTIVE_URL),
            total_size=self._total_size(announced),
            validator=self._validator(),
            length_announced=announced >= 0,
        )

    def _take_header(self, line: bytes) -> None:
        name, separator, value = line.decode("latin-1").partition(":")
        if separator:
            self._take_field(name.strip().lower(), value.strip())
        elif name.startswith("HTTP/"):
            self._answer.clear()  # the answer that a redirect led to

    def _take_field(self, name: str, value: str) -> None:
        self._answer[name] = value
        if name == "content-length" and value.isascii() and value.isdigit():
            self.buffer.reserve(min(int(value), self.request.limit))

    def _failure(self, code: int, given_up: Trouble) -> Failure | None:
        status = self.curl.getinfo(pycurl.RESPONSE_CODE)
        overflow = code == pycurl.E_FILESIZE_EXCEEDED
        if overflow or code == pycurl.E_OK:
            trouble = self._wrong_answer(status, overflow=overflow)
            if trouble is None:
                return None
            return Failure(trouble=trouble, status=status if trouble is Trouble.STATUS else 0)
        if code == pycurl.E_HTTP_RETURNED_ERROR:
            wait = float(self.curl.getinfo(pycurl.RETRY_AFTER))
            return Failure(trouble=Trouble.STATUS, status=status, retry_after=wait or None)
        if code == pycurl.E_OPERATION_TIMEDOUT:
            connected = self.curl.getinfo(pycurl.PRETRANSFER_TIME) > 0
            return Failure(trouble=given_up if connected else Trouble.CONNECT)
        return Failure(trouble=_TROUBLES.get(code, Trouble.CUT))

    def _wrong_answer(self, status: int, *, overflow: bool) -> Trouble | None:
        request = self.request
        if request.start is not None and self._is_other_version():
            return Trouble.CHANGED
        if request.start is not None and not self._is_the_range(request.start, status):
            return Trouble.NO_RANGES if status == HTTPStatus.OK else Trouble.LENGTH
        if request.start is None and status != HTTPStatus.OK:
            return Trouble.STATUS
        if overflow:
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
    protocols = pycurl.PROTO_HTTPS
    if config.pinned_public_key:
        curl.setopt(pycurl.PINNEDPUBLICKEY, config.pinned_public_key)
    else:
        protocols |= pycurl.PROTO_HTTP
    options = {
        pycurl.NOSIGNAL: 1,
        pycurl.BUFFERSIZE: _BUFFER_SIZE,
        pycurl.TCP_KEEPALIVE: 1,
        pycurl.FAILONERROR: 1,
        pycurl.FOLLOWLOCATION: 1,
        pycurl.MAXREDIRS: config.max_redirects,
        pycurl.PROTOCOLS: protocols,
        pycurl.REDIR_PROTOCOLS: protocols,
        pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_2TLS,  # where ALPN offers it
        pycurl.CONNECTTIMEOUT_MS: max(1, round(config.connect_timeout * 1000)),
        pycurl.USERAGENT: config.user_agent,
        pycurl.PROXY: config.proxy,  # even when empty: the environment is not asked
        pycurl.NOPROXY: "",  # nor for which hosts it does not count
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
