"""A service that answers as a test tells it, on a real socket."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vodseal import VidAuth, VidSts
from vodseal.rpc.play_auth import PlayAuth, encode
from vodseal.rpc.signing_v1 import Credential
from vodseal.testing.http_server import Answer, LoopbackServer, Received

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Refusal", "StandIn", "play_info"]

VID = "0123456789abcdef"
CREDENTIAL = Credential(access_key_id="STS.id", access_key_secret="secret", security_token="token")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """How a service says no."""

    code: str
    status: int = 400
    message: str = "no"


@dataclass(slots=True)
class StandIn:
    """Answers to actions by name, and files by path. What is not there is not there."""

    actions: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes | Answer | Callable[[Received], Answer]] = field(default_factory=dict)
    server: LoopbackServer = field(init=False)

    def __post_init__(self) -> None:
        self.server = LoopbackServer(self._respond)

    @property
    def asked(self) -> list[str]:
        """The actions that were called, in order."""
        return [one.query["Action"] for one in self.server.received if one.method == "POST"]

    @property
    def fetched(self) -> list[str]:
        """The paths that were fetched, in order."""
        return [one.target.partition("?")[0] for one in self.server.received if one.method == "GET"]

    def sts(self, **more: Any) -> VidSts:
        return VidSts(
            **{
                "vid": VID,
                "endpoint": self.server.url,
                "access_key_id": CREDENTIAL.access_key_id,
                "access_key_secret": CREDENTIAL.access_key_secret,
                "security_token": CREDENTIAL.security_token,
            }
            | more
        )

    def auth(self, **more: Any) -> VidAuth:
        text = encode(PlayAuth(credential=CREDENTIAL, auth_info="opaque"))
        return VidAuth(**{"vid": VID, "endpoint": self.server.url, "play_auth": text} | more)

    def offer(self, mode: str, *streams: dict[str, Any]) -> None:
        """Answer like a service in ``mode`` whose video has these streams."""
        self.actions["GetDownloadPolicy"] = {"DownloadMode": mode}
        self.actions["GetPlayInfo"] = {
            "VideoBase": {
                "VideoId": VID,
                "Title": "A film",
                "Duration": "3.0",
                "Status": "Normal",
                "MediaType": "video",
            },
            "PlayInfoList": {"PlayInfo": list(streams)},
        }

    def _respond(self, request: Received) -> Answer:
        if request.method == "POST":
            return self._act(request)
        found = self.files.get(request.target.partition("?")[0])
        if found is None:
            return Answer(status=404)
        if isinstance(found, bytes):
            return Answer(body=found)
        return found(request) if callable(found) else found

    def _act(self, request: Received) -> Answer:
        given = self.actions.get(request.query["Action"], Refusal(code="InvalidAction.NotFound"))
        if callable(given):
            given = given(request)
        if isinstance(given, Answer):
            return given
        if isinstance(given, Refusal):
            body = {"Code": given.code, "Message": given.message, "RequestId": "R-1"}
            return Answer(status=given.status, body=json.dumps(body).encode())
        return Answer(body=json.dumps({"RequestId": "R-1"} | given).encode())


def play_info(stand_in: StandIn, **values: Any) -> dict[str, Any]:
    """Return one entry of a GetPlayInfo answer."""
    number = values.pop("number", 0)
    suffix = values.get("Format", "mp4")
    return {
        "PlayURL": f"{stand_in.server.url}/media/{number}.{suffix}?auth_key=signed",
        "Format": suffix,
        "Definition": "HD",
        "StreamType": "video",
        "Status": "Normal",
        "Encrypt": 0,
        "Size": 100,
        "Duration": "3.0",
        "JobId": f"job-{number}",
    } | values


def b64(data: bytes) -> str:
    """Return ``data`` as the wire carries it."""
    return base64.b64encode(data).decode()
