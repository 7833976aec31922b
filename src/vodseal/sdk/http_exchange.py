"""One HTTP exchange over libcurl: a body or a named failure, never a URL in a message.

TLS certificates are always verified, redirects are not followed (a signed
request is for one host), and only http and https are spoken. The exchange is
driven in short steps, so that it can be cancelled within a tenth of a second.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import pycurl

from vodseal.error_codes import ErrorCode
from vodseal.errors import RequestError
from vodseal.tls import system_trust

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.clock import Clock
    from vodseal.sdk.config import DownloaderConfig

__all__ = ["MAX_ANSWER_SIZE", "HttpAnswer", "HttpExchange"]

MAX_ANSWER_SIZE: Final = 64 * 1024 * 1024
"""The largest answer is a list of digests: 100,000 segments make 4.3 MB."""

_STEP_SECONDS: Final = 0.1
_PATIENCE: Final = 8
"""An answer that trickles in may take this many times the network timeout in all."""

_CAUSES: Final = {
    pycurl.E_COULDNT_RESOLVE_PROXY: "the proxy's name was not found",
    pycurl.E_COULDNT_RESOLVE_HOST: "the host's name was not found",
    pycurl.E_COULDNT_CONNECT: "no connection could be made",
    pycurl.E_OPERATION_TIMEDOUT: "it did not answer in time",
    pycurl.E_SSL_CONNECT_ERROR: "the TLS handshake failed",
    pycurl.E_PEER_FAILED_VERIFICATION: "its TLS certificate is not trusted",
    pycurl.E_SSL_PINNEDPUBKEYNOTMATCH: "its public key is not one of those that are pinned",
    pycurl.E_UNSUPPORTED_PROTOCOL: "it is not an https address, and a public key is pinned",
    pycurl.E_SSL_CACERT_BADFILE: "this machine's list of trusted certificates cannot be read",
    pycurl.E_SEND_ERROR: "the connection broke while sending",
    pycurl.E_RECV_ERROR: "the connection broke while receiving",
    pycurl.E_PARTIAL_FILE: "the answer ended too early",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What came back."""

    status: int
    body: bytes = field(repr=False)
    date: float | None = None
    """What time it is at the other end, if it says so. Nothing vouches for it."""


class HttpExchange:
    """A connection to one service, kept between requests. For one thread at a time."""

    def __init__(
        self, config: DownloaderConfig, *, cancelled: Callable[[], bool], clock: Clock
    ) -> None:
        """``cancelled`` is asked ten times a second."""
        self._clock = clock
        self._config = config
        self._cancelled = cancelled
        self._curl = pycurl.Curl()
        self._multi = pycurl.CurlMulti()

    def close(self) -> None:
        """Give the connection back. May be called twice."""
        self._multi.close()
        self._curl.close()

    def post(self, url: str, form: bytes) -> HttpAnswer:
        """Return the answer to a POST of a form body.

        Raises:
            RequestError: ``REQUEST_FAIL`` with host and cause, ``SERVER_NO_RESPONSE``,
                ``SERVER_WRONG_JSON`` for an answer beyond all limits, or
                ``INTERRUPTED`` when it was cancelled.
        """
        body, dates = bytearray(), list[bytes]()
        self._prepare(url, form, body)
        self._curl.setopt(pycurl.HEADERFUNCTION, lambda line: _keep_date(line, dates))
        failure = self._drive(body)
        if failure is None:
            status = self._curl.getinfo(pycurl.RESPONSE_CODE)
            return HttpAnswer(status=status, body=bytes(body), date=_read_date(dates))
        if len(body) > MAX_ANSWER_SIZE:
            raise RequestError(ErrorCode.SERVER_WRONG_JSON, "The service's answer is too large.")
        host = urlsplit(url).netloc
        if failure == pycurl.E_GOT_NOTHING:
            raise RequestError(ErrorCode.SERVER_NO_RESPONSE, f"{host} sent no answer at all.")
        cause = _CAUSES.get(failure, f"the transfer failed (libcurl {failure})")
        raise RequestError(ErrorCode.REQUEST_FAIL, f"The request to {host} failed: {cause}.")

    def _prepare(self, url: str, form: bytes, body: bytearray) -> None:
        curl, config, trust = self._curl, self._config, system_trust()

        def collect(data: bytes) -> int | None:
            body.extend(data)
            return None if len(body) <= MAX_ANSWER_SIZE else -1

        curl.reset()  # options only: the connection stays
        curl.setopt(pycurl.URL, url)
        if config.pinned_public_key:
            curl.setopt(pycurl.PINNEDPUBLICKEY, config.pinned_public_key)
            curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTPS)
        else:
            curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.POST, 1)
        curl.setopt(pycurl.POSTFIELDS, form)
        curl.setopt(pycurl.HTTPHEADER, ["Accept: application/json", "Expect:"])
        curl.setopt(pycurl.WRITEFUNCTION, collect)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, config.connect_timeout_ms)
        curl.setopt(pycurl.TIMEOUT_MS, _PATIENCE * config.network_timeout_ms)
        curl.setopt(pycurl.USERAGENT, config.user_agent)
        if config.referer:  # set to nothing, it would be sent as an empty header
            curl.setopt(pycurl.REFERER, config.referer)
        curl.setopt(pycurl.PROXY, config.http_proxy)  # to nothing: the environment is not asked
        curl.setopt(pycurl.NOPROXY, "")
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.SSL_VERIFYPEER, 1)
        curl.setopt(pycurl.SSL_VERIFYHOST, 2)
        if trust.native:
            curl.setopt(pycurl.SSL_OPTIONS, pycurl.SSLOPT_NATIVE_CA)
        if trust.ca_file:
            curl.setopt(pycurl.CAINFO, trust.ca_file)
        if trust.ca_folder:
            curl.setopt(pycurl.CAPATH, trust.ca_folder)

    def _drive(self, body: bytearray) -> int | None:
        """Return libcurl's error number, or None."""
        self._multi.add_handle(self._curl)
        quiet = _QuietTimer(self._clock, self._config)
        try:
            while True:
                self._multi.perform()
                _, done, failed = self._multi.info_read()
                if failed:
                    return int(failed[0][1])
                if done:
                    return None
                if self._cancelled():
                    raise RequestError(ErrorCode.INTERRUPTED, "The request was cancelled.")
                connected = self._curl.getinfo(pycurl.PRETRANSFER_TIME) > 0
                if quiet.is_over(len(body), connected=connected):
                    return int(pycurl.E_OPERATION_TIMEDOUT)
                self._multi.select(_STEP_SECONDS)
        finally:
            self._multi.remove_handle(self._curl)


def _keep_date(line: bytes, dates: list[bytes]) -> None:
    name, _, value = line.partition(b":")
    if name.strip().lower() == b"date":
        dates.append(value.strip())


def _read_date(dates: list[bytes]) -> float | None:
    try:
        return parsedate_to_datetime(dates[-1].decode("ascii")).timestamp()
    except (IndexError, ValueError, OverflowError):
        return None


class _QuietTimer:
    """Measures how long nothing has come in since the request could be sent."""

    def __init__(self, clock: Clock, config: DownloaderConfig) -> None:
        self._clock = clock
        self._limit = config.network_timeout_ms / 1000
        self._since: float | None = None
        self._size = 0

    def is_over(self, size: int, *, connected: bool) -> bool:
        now = self._clock.monotonic()
        if self._since is None or size > self._size:
            self._since, self._size = (now if connected else None), size
            return False
        return now - self._since > self._limit
