"""Requests to a service, on a real loopback connection (wire 1, 2, 4; client-surface 1.7, 1.9)."""

from __future__ import annotations

import json
import logging
import ssl
import threading
from typing import TYPE_CHECKING

import pytest
from tests.certificates import make_certificate

from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, RequestError
from vodseal.rpc.codes import SERVER_ERRORS
from vodseal.rpc.messages.apps import RegisterAppRequest
from vodseal.rpc.messages.downloads import AcquireDownloadLicenseRequest
from vodseal.rpc.play_auth import PlayAuth, encode
from vodseal.rpc.signing_v1 import Credential, verify
from vodseal.sdk import http_exchange
from vodseal.sdk.config import DownloaderConfig
from vodseal.sdk.sources import VidAuth, VidSts
from vodseal.sdk.transport import RpcClient, is_unknown_action
from vodseal.testing.clock import FakeClock
from vodseal.testing.http_server import Answer, LoopbackServer, Received

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = "geheim"
CREDENTIAL = Credential(access_key_id="STS.id", access_key_secret=SECRET, security_token="tok3n")
NOTHING = '{"RequestId":"R"}'


def says(text: str, status: int = 200) -> Callable[[Received], Answer]:
    return lambda request: Answer(status=status, body=text.encode())


def client(server: LoopbackServer | str, **options: object) -> RpcClient:
    url = server if isinstance(server, str) else server.url
    return RpcClient(url, CREDENTIAL, **options)  # type: ignore[arg-type]  # keywords from a table


def failure(respond: Callable[[Received], Answer], **options: object) -> RequestError:
    with LoopbackServer(respond) as server, client(server, **options) as rpc:
        return caught(rpc)


def caught(rpc: RpcClient) -> RequestError:
    with pytest.raises(RequestError) as info:
        rpc.call("GetPlayInfo", {"VideoId": "s3cret-video"})
    for secret in ("tok3n", SECRET, "s3cret", "Signature=", "AccessKeyId="):
        assert secret not in str(info.value)
        assert secret not in repr(info.value)
    return info.value


def test_a_request_travels_as_the_official_sdks_send_it() -> None:
    with LoopbackServer(says(NOTHING)) as server, client(server, clock=FakeClock()) as rpc:
        assert rpc.call("GetVideoInfo", {"VideoId": "a b*~é"}) == {"RequestId": "R"}
        request = server.received[0]
    assert (request.method, request.target.partition("?")[0], request.body) == ("POST", "/", b"")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["accept"] == "application/json"
    signed = request.query
    assert len(signed.pop("SignatureNonce")) == 32
    assert signed.pop("Signature")
    assert signed == {
        "Action": "GetVideoInfo", "Version": "2017-03-21", "VideoId": "a b*~é", "Format": "JSON",
        "AccessKeyId": "STS.id", "SecurityToken": "tok3n", "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0", "Timestamp": "2026-01-02T03:04:05Z",
    }  # fmt: skip
    verify("POST", request.query, SECRET)


def test_secrets_travel_in_the_body_and_are_signed() -> None:
    register = RegisterAppRequest(kind="python", identifier="com.x", app_decrypt_key="Pr1vate&=+")
    with LoopbackServer(says('{"RequestId":"R","Serial":"07"}')) as server, client(server) as rpc:
        assert rpc.send(register).serial == "07"
        rpc.call("X", {"A": "1"}, form={"B": "2"}, version="2015-04-01")
        first, second = server.received
    assert first.form == {"AppDecryptKey": "Pr1vate&=+"}
    assert "Pr1vate" not in first.target
    verify("POST", {**first.query, **first.form}, SECRET)
    assert second.form == {"B": "2"}
    assert second.query["Version"] == "2015-04-01"
    verify("POST", {**second.query, **second.form}, SECRET)


def test_no_nonce_is_used_twice_and_the_connection_is_kept() -> None:
    with LoopbackServer(says(NOTHING)) as server, client(server) as rpc:
        for _ in range(3):
            rpc.call("X")
        nonces = {request.query["SignatureNonce"] for request in server.received}
        assert len({request.peer for request in server.received}) == 1
    assert len(nonces) == 3


def test_a_play_auth_brings_its_key_and_its_auth_info_along() -> None:
    auth = PlayAuth(credential=CREDENTIAL, auth_info="opaque", region="cn-shanghai")
    with LoopbackServer(says('{"DownloadMode":"secure"}')) as server:
        source = VidAuth(vid="v", play_auth=encode(auth), endpoint=server.url)
        with RpcClient.for_source(source) as rpc:
            policy = rpc.get_download_policy("v")
        query = server.received[0].query
    assert policy is not None
    assert policy.download_mode == "secure"
    assert query["AuthInfo"] == "opaque"
    assert query["AccessKeyId"] == "STS.id"
    verify("POST", query, SECRET)


@pytest.mark.behaviour("B4", "B5")
@pytest.mark.parametrize(
    ("source", "code"),
    [
        (VidSts(endpoint="http://h"), ErrorCode.STS_SOURCE_NULL),
        (VidAuth(endpoint="http://h"), ErrorCode.AUTH_SOURCE_NULL),
        (VidAuth(vid="v", play_auth="x", endpoint="http://h"), ErrorCode.AUTH_SOURCE_WRONG),
    ],
)
def test_a_source_that_is_none_makes_no_client(source: VidSts | VidAuth, code: ErrorCode) -> None:
    with pytest.raises(DownloadError) as info:
        RpcClient.for_source(source)
    assert info.value.code is code


def test_get_play_info_does_not_send_what_would_change_the_indexes() -> None:
    answer = {"VideoBase": {"VideoId": "v"}, "PlayInfoList": {"PlayInfo": [{"JobId": "j"}]}}
    with LoopbackServer(says(json.dumps(answer))) as server, client(server) as rpc:
        source = VidSts(
            vid="v", format="mp4", definitions="HD", stream_type="video", quality="HD", play_config="{}",
            auth_timeout=60, result_type="Multiple", output_type="cdn", re_auth_info='{"uid":"1"}',
        )  # fmt: skip
        play_info = rpc.get_play_info(source)
        query = server.received[0].query
    assert [info.job_id for info in play_info.play_info_list] == ["j"]
    sent = {
        name: query[name]
        for name in (
            "VideoId",
            "PlayConfig",
            "AuthTimeout",
            "ResultType",
            "OutputType",
            "ReAuthInfo",
        )
    }
    assert sent == {
        "VideoId": "v", "PlayConfig": "{}", "AuthTimeout": "60", "ResultType": "Multiple",
        "OutputType": "cdn", "ReAuthInfo": '{"uid":"1"}',
    }  # fmt: skip
    assert not {"Formats", "Definition", "StreamType"} & set(query)


@pytest.mark.parametrize(("asked", "sent"), [("", "Multiple"), ("Single", "Single")])
def test_streams_that_were_replaced_keep_their_place(asked: str, sent: str) -> None:
    answer = {"VideoBase": {"VideoId": "v"}, "PlayInfoList": {"PlayInfo": []}}
    with LoopbackServer(says(json.dumps(answer))) as server, client(server) as rpc:
        rpc.get_play_info(VidSts(vid="v", result_type=asked))
        assert server.received[0].query["ResultType"] == sent


def test_our_own_actions() -> None:
    answers = {
        "AcquireDownloadLicense": {"License": "bGlj"},
        "GetSegmentDigests": {"Manifest": "bWFu", "Digests": "ZGln"},
    }
    request = AcquireDownloadLicenseRequest(
        video_id="v", job_id="j", track_index=2, download_id="0" * 32, app_serial="07",
        device_kem_key="a", device_signing_key="b", device_signature="c",
    )  # fmt: skip
    respond = lambda received: Answer(body=json.dumps(answers[received.query["Action"]]).encode())  # noqa: E731
    with LoopbackServer(respond) as server, client(server) as rpc:
        assert rpc.acquire_download_license(request).license == "bGlj"
        digests = rpc.get_segment_digests("v", "j")
        assert (digests.manifest, digests.digests) == ("bWFu", "ZGln")
        assert server.received[0].query["TrackIndex"] == "2"
        assert server.received[1].query["JobId"] == "j"


def test_a_service_without_our_actions_is_recognised() -> None:
    body = '{"Code":"InvalidAction.NotFound","Message":"m","RequestId":"R"}'
    with LoopbackServer(says(body, 404)) as server, client(server) as rpc:
        assert rpc.get_download_policy("v") is None
        with pytest.raises(RequestError) as info:
            rpc.get_segment_digests("v", "j")
    assert is_unknown_action(info.value)


def test_another_refusal_of_the_policy_is_not_taken_for_that() -> None:
    with (
        LoopbackServer(says('{"Code":"NoPermission"}', 403)) as server,
        client(server) as rpc,
        pytest.raises(RequestError) as info,
    ):
        rpc.get_download_policy("v")
    assert info.value.code is ErrorCode.SERVER_POP_FORBIDDEN
    assert not is_unknown_action(info.value)


@pytest.mark.behaviour("B6", "B7", "B8", "B9")
@pytest.mark.parametrize("server_code", sorted(SERVER_ERRORS))
def test_every_refusal_gets_its_number(server_code: str) -> None:
    row = SERVER_ERRORS[server_code]
    body = json.dumps({"Code": server_code, "Message": row.message, "RequestId": "R"})
    error = failure(says(body, row.status))
    assert error.code is row.client
    assert error.server_code == server_code
    assert error.request_id == "R"
    assert server_code in error.message
    assert row.message in error.message


def test_an_empty_answer() -> None:
    assert failure(says("")).code is ErrorCode.SERVER_NO_RESPONSE


def test_a_connection_closed_without_an_answer() -> None:
    error = failure(lambda request: Answer(hang_up=True))
    assert error.code is ErrorCode.SERVER_NO_RESPONSE


@pytest.mark.parametrize("status", [200, 502])
def test_an_answer_that_is_not_json(status: int) -> None:
    error = failure(says("<html>", status))
    assert error.code is ErrorCode.SERVER_WRONG_JSON
    assert str(status) in error.message


@pytest.mark.parametrize("body", ["{}", '{"VideoBase":{}}', '{"PlayInfoList":{"PlayInfo":[]}}'])
def test_an_answer_without_a_video(body: str) -> None:
    with (
        LoopbackServer(says(body)) as server,
        client(server) as rpc,
        pytest.raises(RequestError) as info,
    ):
        rpc.get_play_info(VidSts(vid="v"))
    assert info.value.code is ErrorCode.NO_PLAY_INFO


def test_an_answer_that_is_cut_short() -> None:
    error = failure(lambda request: Answer(body=b'{"a":1}', announced=100))
    assert error.code is ErrorCode.REQUEST_FAIL


def test_an_answer_beyond_all_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_exchange, "MAX_ANSWER_SIZE", 1000)
    assert failure(says(" " * 1001)).code is ErrorCode.SERVER_WRONG_JSON
    assert failure(says("{" + " " * 998 + "}x")).code is ErrorCode.SERVER_WRONG_JSON
    with LoopbackServer(says("{" + " " * 998 + "}")) as server, client(server) as rpc:
        assert rpc.call("X") == {}


@pytest.mark.parametrize("status", [301, 302, 307])
def test_redirects_are_not_followed(status: int) -> None:
    with LoopbackServer(says(NOTHING)) as other:
        error = failure(
            lambda request: Answer(
                status=status, headers={"Location": f"{other.url}/"}, body=b'{"RequestId":"R"}'
            )
        )
        assert not other.received
    assert error.code is ErrorCode.SERVER_POP_UNKNOWN


def test_nobody_listens() -> None:
    with LoopbackServer(says(NOTHING)) as server:
        port = server.port
    error = caught(client(f"http://127.0.0.1:{port}"))
    assert error.code is ErrorCode.REQUEST_FAIL
    assert f"127.0.0.1:{port}" in error.message
    assert "no connection" in error.message


def test_a_host_that_does_not_exist() -> None:
    error = caught(client("http://nowhere.invalid"))
    assert error.code is ErrorCode.REQUEST_FAIL
    assert "nowhere.invalid" in error.message


@pytest.mark.behaviour("B43")
def test_a_server_that_does_not_answer_in_time() -> None:
    never = threading.Event()
    config = DownloaderConfig(network_timeout_ms=150)
    with (
        LoopbackServer(lambda request: Answer(after=never)) as server,
        client(server, config=config) as rpc,
    ):
        error = caught(rpc)
        never.set()
    assert error.code is ErrorCode.REQUEST_FAIL
    assert "in time" in error.message


def test_a_request_can_be_cancelled() -> None:
    never = threading.Event()
    arrived = threading.Event()

    def respond(request: Received) -> Answer:
        arrived.set()
        return Answer(after=never)

    with LoopbackServer(respond) as server, client(server, cancelled=arrived.is_set) as rpc:
        error = caught(rpc)
        never.set()
    assert error.code is ErrorCode.INTERRUPTED


def test_a_client_that_was_cancelled_can_be_used_again() -> None:
    stop = threading.Event()
    stop.set()
    never = threading.Event()
    respond = lambda request: Answer(after=never, body=NOTHING.encode())  # noqa: E731
    with LoopbackServer(respond) as server, client(server, cancelled=stop.is_set) as rpc:
        assert caught(rpc).code is ErrorCode.INTERRUPTED
        never.set()
        stop.clear()
        assert rpc.call("X") == {"RequestId": "R"}


@pytest.mark.behaviour("B43")
def test_headers_are_on_the_wire() -> None:
    config = DownloaderConfig(referer="https://app.example/", user_agent="App/1.0")
    with LoopbackServer(says(NOTHING)) as server, client(server, config=config) as rpc:
        rpc.call("X")
        headers = server.received[0].headers
    assert headers["referer"] == "https://app.example/"
    assert headers["user-agent"] == "App/1.0"
    with LoopbackServer(says(NOTHING)) as server, client(server) as rpc:
        rpc.call("X")
        headers = server.received[0].headers
    assert "referer" not in headers
    assert headers["user-agent"].startswith("vodseal")


@pytest.mark.behaviour("B43")
def test_a_proxy_is_used_when_it_is_configured() -> None:
    with LoopbackServer(says(NOTHING)) as proxy:
        config = DownloaderConfig(http_proxy=proxy.url)
        with client("http://vod.invalid", config=config) as rpc:
            assert rpc.call("X") == {"RequestId": "R"}
        assert proxy.received[0].target.startswith("http://vod.invalid/?")


def test_a_proxy_of_the_environment_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with LoopbackServer(says(NOTHING)) as server, client(server) as rpc:
        assert rpc.call("X") == {"RequestId": "R"}


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "h",
        "127.0.0.1:8800",
        "ftp://h",
        "file:///x",
        "http://",
        "http://u:p@h",
        "http://h/path",
        "http://h?q=1",
        "http://h#f",
        "http://h:x",
        "http://[::1",
    ],
)
def test_an_endpoint_has_one_form(endpoint: str) -> None:
    with pytest.raises(RequestError) as info:
        client(endpoint)
    assert info.value.code is ErrorCode.REQUEST_FAIL


def test_a_slash_at_the_end_of_an_endpoint_does_no_harm() -> None:
    with LoopbackServer(says(NOTHING)) as server, client(f"{server.url}/") as rpc:
        rpc.call("X")
        assert server.received[0].target.startswith("/?")


def test_closing_twice_does_no_harm() -> None:
    rpc = client("http://127.0.0.1:1")
    rpc.close()
    rpc.close()


def test_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with (
        caplog.at_level(logging.DEBUG),
        LoopbackServer(says(NOTHING)) as server,
        client(server) as rpc,
    ):
        rpc.call("X")
    assert "tok3n" not in caplog.text
    assert SECRET not in caplog.text


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate that nobody has signed, with its key, in one file."""
    path = tmp_path / "loopback.pem"
    make_certificate(path)
    return path


def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_certificate_that_nobody_signed_is_refused(certificate: Path) -> None:
    with LoopbackServer(says(NOTHING), tls=tls(certificate)) as server, client(server) as rpc:
        error = caught(rpc)
        assert not server.received
    assert error.code is ErrorCode.REQUEST_FAIL
    assert "certificate" in error.message


def test_a_certificate_that_this_machine_trusts_is_taken(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with LoopbackServer(says(NOTHING), tls=tls(certificate)) as server, client(server) as rpc:
        assert rpc.call("X") == {"RequestId": "R"}


def test_a_trusted_certificate_of_another_host_is_refused(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with LoopbackServer(says(NOTHING), tls=tls(certificate)) as server:
        error = caught(client(f"https://localhost:{server.port}"))
        assert not server.received
    assert error.code is ErrorCode.REQUEST_FAIL


@pytest.mark.parametrize("held", ["own", "second", "other"])
def test_a_pinned_key_is_the_only_one_that_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: str
) -> None:
    pin = make_certificate(tmp_path / "own.pem")
    other = make_certificate(tmp_path / "other.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    pins = {"own": pin, "second": f"{other};{pin}", "other": other}[held]
    config = DownloaderConfig(pinned_public_key=pins)
    with LoopbackServer(says(NOTHING), tls=tls(tmp_path / "own.pem")) as server:
        rpc = RpcClient(server.url, CREDENTIAL, config=config)
        if held != "other":
            assert rpc.call("X") == {"RequestId": "R"}
            return
        error = caught(rpc)
        assert not server.received
    assert error.code is ErrorCode.REQUEST_FAIL
    assert "pinned" in error.message


def test_with_a_pin_nothing_travels_in_clear() -> None:
    config = DownloaderConfig(pinned_public_key="sha256//" + "A" * 43 + "=")
    with LoopbackServer(says(NOTHING)) as server:
        error = caught(RpcClient(server.url, CREDENTIAL, config=config))
        assert not server.received
    assert error.code is ErrorCode.REQUEST_FAIL
