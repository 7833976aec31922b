"""Ask the service: one signed request, one typed answer (wire 1, 2, 4).

Requests travel as the official SDKs send them: POST to ``/``, parameters in the
query, secrets in the form body, both signed. Every failure is a ``RequestError``
with the number that client-surface 1.9 gives it; no message holds a URL, a
query or a credential. An instance serves one thread at a time.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar
from urllib.parse import urlencode

from vodseal.clock import SystemClock
from vodseal.credential.stamp import PARAMETER
from vodseal.error_codes import ErrorCode
from vodseal.errors import RequestError
from vodseal.rpc.codec import decode_answer
from vodseal.rpc.codes import UNKNOWN_ACTION_CODES
from vodseal.rpc.messages.downloads import (
    AcquireDownloadLicenseAnswer,
    AcquireDownloadLicenseRequest,
    GetDownloadPolicyAnswer,
    GetDownloadPolicyRequest,
    GetSegmentDigestsAnswer,
    GetSegmentDigestsRequest,
)
from vodseal.rpc.messages.fields import Message, from_wire
from vodseal.rpc.messages.play import GetPlayInfoAnswer, GetPlayInfoRequest
from vodseal.rpc.messages.requests import VOD_VERSION, Request, to_parameters
from vodseal.rpc.replay import format_time
from vodseal.rpc.signing_v1 import Credential, signed_parameters
from vodseal.sdk.config import DownloaderConfig
from vodseal.sdk.credentials import refuses_credential
from vodseal.sdk.endpoint import checked_endpoint
from vodseal.sdk.http_exchange import HttpExchange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    from vodseal.clock import Clock
    from vodseal.sdk.credentials import LiveSource
    from vodseal.sdk.sources import Source

__all__ = ["RpcClient", "Stamper", "is_unknown_action"]

A = TypeVar("A", bound=Message)
T = TypeVar("T")
_ALL_STREAMS: Final = "Multiple"
_LATE: Final = "InvalidTimeStamp.Expired"
_NONCE_USED: Final = "SignatureNonceUsed"
_DEVICE: Final = "device_signing_key"
"""The field by which a request names the device that sends it."""


class Stamper(Protocol):
    """Who signs requests in the name of a device."""

    def stamp(self, method: str, parameters: Mapping[str, str], now: float) -> str:
        """Return the value of ``DeviceStamp``."""


def is_unknown_action(error: RequestError) -> bool:
    """Return whether the service has no such action, as the vendor's cloud has none of ours."""
    return error.server_code in UNKNOWN_ACTION_CODES


def _never() -> bool:
    return False


class RpcClient:
    """A service, and the credential to ask it with."""

    def __init__(
        self,
        endpoint: str,
        credential: Credential,
        *,
        auth_info: str = "",
        config: DownloaderConfig | None = None,
        cancelled: Callable[[], bool] = _never,
        clock: Clock | None = None,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """``auth_info`` comes out of a PlayAuth, and goes with every request.

        Raises:
            RequestError: ``REQUEST_FAIL``: ``endpoint`` is not ``http(s)://host[:port]``.
        """
        self._endpoint = checked_endpoint(endpoint)
        self._credential = credential
        self._auth_info = auth_info
        self._live: LiveSource | None = None
        self._version = 0
        self._cancelled = cancelled
        self._clock = clock or SystemClock()
        self._random = random
        self._stamper: Stamper | None = None
        self._told_date: float | None = None
        self._behind = 0.0
        self._exchange = HttpExchange(
            config or DownloaderConfig(), cancelled=cancelled, clock=self._clock
        )

    @classmethod
    def for_source(
        cls,
        source: Source,
        *,
        config: DownloaderConfig | None = None,
        cancelled: Callable[[], bool] = _never,
        clock: Clock | None = None,
    ) -> Self:
        """Return a client for the service and the credential of ``source``.

        Raises:
            DownloadError: The source is empty, or its PlayAuth is none (B4, B5).
            RequestError: ``REQUEST_FAIL``: its endpoint or region is malformed.
        """
        return cls(
            source.endpoint_url(),
            source.credential(),
            auth_info=source.auth_info(),
            config=config,
            cancelled=cancelled,
            clock=clock,
        )

    @classmethod
    def for_live(
        cls,
        live: LiveSource,
        *,
        config: DownloaderConfig | None = None,
        cancelled: Callable[[], bool] = _never,
        clock: Clock | None = None,
    ) -> Self:
        """Return a client that uses the credential of ``live``, whatever it is when it asks.

        One that ends soon, or is refused, is replaced where its provider has
        another, and the question asked again, once. Raises as ``for_source``.
        """
        version = live.version
        client = cls.for_source(live.current, config=config, cancelled=cancelled, clock=clock)
        client._live, client._version = live, version  # noqa: SLF001 - its own class
        return client

    def stamp_with(self, stamper: Stamper | None) -> None:
        """Have ``stamper`` sign every request that names this device; None: nobody does."""
        self._stamper = stamper

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back. May be called twice."""
        self._exchange.close()

    def call(
        self,
        action: str,
        parameters: Mapping[str, str] | None = None,
        *,
        form: Mapping[str, str] | None = None,
        version: str = VOD_VERSION,
    ) -> dict[str, Any]:
        """Return the answer to any action, as it came. ``form`` travels in the body.

        Raises:
            RequestError: The service refused or did not answer, or was cancelled.
        """
        query = {**(parameters or {}), "Action": action, "Version": version}
        return self._in_time(lambda: self._exchange_signed(query, dict(form or {})))

    def send(self, request: Request[A]) -> A:
        """Return the typed answer to ``request``. Raises as ``call``."""
        return self._in_time(lambda: self._send(request))

    def _send(self, request: Request[A]) -> A:
        parameters = to_parameters(request)
        if self._stamper is not None and hasattr(request, _DEVICE):
            values = {**parameters.query, **parameters.form}
            parameters.query[PARAMETER] = self._stamper.stamp("POST", values, self.now())
        answer = self._exchange_signed(parameters.query, parameters.form)
        return from_wire(request.answer_type(), answer)

    def get_play_info(self, source: Source) -> GetPlayInfoAnswer:
        """Return the video and all its streams; the source's filters are not sent.

        ``Multiple``, unless the source says otherwise: a stream that was replaced
        keeps its place then, and privately encrypted ones are listed (SPEC rpc §10).

        Raises:
            RequestError: As ``call``, and ``NO_PLAY_INFO`` for an answer without streams' list.
        """
        request = GetPlayInfoRequest(
            video_id=source.vid,
            output_type=source.output_type or None,
            auth_timeout=source.auth_timeout,
            result_type=source.result_type or _ALL_STREAMS,
            re_auth_info=source.re_auth_info or None,
            play_config=source.play_config or None,
        )
        answer = self.send(request)
        if not answer.video_base.video_id:
            raise RequestError(
                ErrorCode.NO_PLAY_INFO,
                "The service's answer holds no play info.",
                request_id=answer.request_id,
            )
        return answer

    def get_download_policy(self, video_id: str) -> GetDownloadPolicyAnswer | None:
        """Return how the video may be saved; None when the service has no such action."""
        try:
            return self.send(GetDownloadPolicyRequest(video_id=video_id))
        except RequestError as error:
            if is_unknown_action(error):
                return None
            raise

    def acquire_download_license(
        self, request: AcquireDownloadLicenseRequest
    ) -> AcquireDownloadLicenseAnswer:
        """Return a license for one download on one device. Raises as ``call``."""
        return self.send(request)

    def get_segment_digests(self, video_id: str, job_id: str) -> GetSegmentDigestsAnswer:
        """Return the signed digests of one stream. Raises as ``call``."""
        return self.send(GetSegmentDigestsRequest(video_id=video_id, job_id=job_id))

    def _exchange_signed(self, query: dict[str, str], form: dict[str, str]) -> dict[str, Any]:
        if self._auth_info:
            query = {**query, "AuthInfo": self._auth_info}
        signed = signed_parameters(
            "POST",
            {**query, **form, "Format": "JSON"},
            self._credential,
            nonce=self._random(16).hex(),
            timestamp=format_time(self.now()),
        )
        in_query = {name: value for name, value in signed.items() if name not in form}
        answer = self._exchange.post(
            f"{self._endpoint}/?{urlencode(in_query)}", urlencode(form).encode("ascii")
        )
        self._told_date = answer.date
        return decode_answer(answer.status, answer.body)

    def _in_time(self, ask: Callable[[], T]) -> T:
        """Return what ``ask`` does; once more by the service's clock, where ours is too far off.

        And once more where libcurl itself asked twice, since a connection that was
        kept turned out to be closed: the nonce is used up then.
        """
        try:
            return self._with_credential(ask)
        except RequestError as error:
            if error.server_code == _LATE and self._told_date is not None:
                self._behind = self._told_date - self._clock.now()
            elif error.server_code != _NONCE_USED:
                raise
        return self._with_credential(ask)

    def _with_credential(self, ask: Callable[[], T]) -> T:
        """Return what ``ask`` does; once more with another credential, where this is refused."""
        live = self._live
        if live is None:
            return ask()
        live.keep_fresh(self.now(), self._cancelled)
        self._take_credential(live)
        try:
            return ask()
        except RequestError as error:
            if not refuses_credential(error.server_code):
                raise
            if not live.replace_refused(self._version, self._cancelled):
                raise
        self._take_credential(live)
        return ask()

    def _take_credential(self, live: LiveSource) -> None:
        if self._version != live.version:
            self._version, source = live.version, live.current
            self._credential, self._auth_info = source.credential(), source.auth_info()

    def now(self) -> float:
        """Return the time by our clock; by the service's, once it refused us for ours."""
        return self._clock.now() + self._behind
