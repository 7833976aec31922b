"""A device whose clock is too far off for signatures asks once more, by the service's clock."""

from __future__ import annotations

import json
from email.utils import formatdate

import pytest

from vodseal.errors import RequestError
from vodseal.rpc.replay import format_time
from vodseal.rpc.signing_v1 import Credential, verify
from vodseal.sdk.transport import RpcClient
from vodseal.testing.clock import DEFAULT_NOW, FakeClock
from vodseal.testing.http_server import Answer, LoopbackServer, Received

CREDENTIAL = Credential(access_key_id="id", access_key_secret="geheim", security_token="token")
TRUE_TIME = DEFAULT_NOW + 5 * 86_400


def by_the_clock(request: Received) -> Answer:
    """Answer as a service that is five days further on than the device."""
    verify("POST", request.query, "geheim")
    if request.query["Timestamp"] == format_time(TRUE_TIME):
        return Answer(body=b'{"RequestId":"R"}')
    return late({"Date": formatdate(TRUE_TIME, usegmt=True)})


def late(headers: dict[str, str]) -> Answer:
    body = json.dumps({"Code": "InvalidTimeStamp.Expired", "Message": "late", "RequestId": "R"})
    return Answer(status=400, body=body.encode(), headers=headers)


def test_it_asks_once_more_and_goes_on_like_that() -> None:
    with (
        LoopbackServer(by_the_clock) as server,
        RpcClient(server.url, CREDENTIAL, clock=FakeClock()) as client,
    ):
        assert client.call("GetVideoInfo") == {"RequestId": "R"}
        assert client.call("GetVideoInfo") == {"RequestId": "R"}
        assert len(server.received) == 3
        nonces = {request.query["SignatureNonce"] for request in server.received}
    assert len(nonces) == 3


@pytest.mark.parametrize(
    ("headers", "requests"),
    [
        ({"Date": "tomorrow"}, 1),
        ({"Date": formatdate(TRUE_TIME, usegmt=True)}, 2),
    ],
)
def test_it_asks_no_more_than_once(headers: dict[str, str], requests: int) -> None:
    with (
        LoopbackServer(lambda _: late(headers)) as server,
        RpcClient(server.url, CREDENTIAL, clock=FakeClock()) as client,
    ):
        with pytest.raises(RequestError) as caught:
            client.call("GetVideoInfo")
        assert len(server.received) == requests
    assert caught.value.server_code == "InvalidTimeStamp.Expired"
