"""Requests of the vendor's own Python clients, as they sign them, pass our checks (wire 14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vodseal.rpc.canonical import parse_parameters
from vodseal.rpc.codec import encode_answer, encode_error
from vodseal.rpc.messages.fields import to_wire
from vodseal.rpc.messages.play import (
    GetPlayInfoAnswer,
    GetVideoPlayAuthAnswer,
    PlayInfo,
    VideoBase,
    VideoMeta,
)
from vodseal.rpc.oss_v1 import is_signed, string_to_sign
from vodseal.rpc.replay import NonceWindow, parse_time
from vodseal.rpc.signing_v1 import sign, verify
from vodseal.rpc.signing_v1 import string_to_sign as rpc_string_to_sign
from vodseal.testing.http_server import Answer, LoopbackServer, Received

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.filterwarnings("ignore")  # theirs

KEY_ID = "STS.testAccessKeyId"
SECRET = "testAccessKeySecret"
AWKWARD = "a b*~é/+&=%7E视"


def parameters(received: Received) -> dict[str, str]:
    query = received.target.partition("?")[2]
    return parse_parameters(query, received.body.decode("ascii"))


def checked(received: Received) -> dict[str, str]:
    """Return the parameters of a request that our service would take."""
    values = parameters(received)
    verify(received.method, values, SECRET)
    now = parse_time(values["Timestamp"])
    NonceWindow().use(values["AccessKeyId"], values["SignatureNonce"], values["Timestamp"], now)
    return values


def succeed(answer: Mapping[str, object]) -> Answer:
    encoded = encode_answer("X", answer, request_id="REQUEST-ID")
    return Answer(body=encoded.body, headers={"Content-Type": encoded.content_type})


def refuse(code: str, message: str = "", *, status: int = 400) -> Answer:
    encoded = encode_error(code, message, request_id="REQUEST-ID", host_id="vod.example")
    return Answer(status=status, body=encoded.body, headers={"Content-Type": encoded.content_type})


PLAY_INFO = to_wire(
    GetPlayInfoAnswer(
        video_base=VideoBase(video_id="v", duration="3.5"),
        play_info_list=(
            PlayInfo(play_url="https://h/0.m3u8", encrypt=1, size=7, duration="3.5", job_id="j"),
            PlayInfo(play_url="https://h/1.mp4", job_id="k"),
        ),
    )
)


class TestVod:
    """alibabacloud_vod20170321 3.8.0."""

    def client(self, vod: Any, server: LoopbackServer, *, token: str | None = None) -> Any:
        config = vod.openapi.Config(
            access_key_id=KEY_ID,
            access_key_secret=SECRET,
            security_token=token,
            endpoint=f"127.0.0.1:{server.port}",
            protocol="http",
        )
        return vod.client.Client(config)

    @pytest.mark.parametrize("token", [None, "tok3n+/="])
    def test_its_signature_is_ours(self, vod: Any, token: str | None) -> None:
        with LoopbackServer(lambda request: succeed(PLAY_INFO)) as server:
            request = vod.models.GetPlayInfoRequest(
                video_id=AWKWARD, formats="m3u8,mp4", play_config='{"a":"b c*~/é"}', auth_timeout=60
            )
            body = self.client(vod, server, token=token).get_play_info(request).body
            values = checked(server.received[0])
        assert values["Action"] == "GetPlayInfo"
        assert values["VideoId"] == AWKWARD
        assert values["PlayConfig"] == '{"a":"b c*~/é"}'
        assert values.get("SecurityToken") == token
        assert [info.job_id for info in body.play_info_list.play_info] == ["j", "k"]
        assert body.play_info_list.play_info[0].encrypt == 1
        assert body.video_base.duration == "3.5"
        assert body.request_id == "REQUEST-ID"

    def test_it_reads_our_play_auth(self, vod: Any) -> None:
        answer = GetVideoPlayAuthAnswer(play_auth="pa", video_meta=VideoMeta(duration=3.5))
        with LoopbackServer(lambda request: succeed(to_wire(answer))) as server:
            request = vod.models.GetVideoPlayAuthRequest(video_id="v")
            body = self.client(vod, server).get_video_play_auth(request).body
        assert (body.play_auth, body.video_meta.duration) == ("pa", 3.5)

    def test_it_understands_our_refusals(self, vod: Any) -> None:
        answer = refuse("InvalidVideo.NotFound", status=404)
        request = vod.models.GetPlayInfoRequest(video_id="v")
        with (
            LoopbackServer(lambda request: answer) as server,
            pytest.raises(Exception, match="NotFound") as caught,  # its class differs by version
        ):
            self.client(vod, server).get_play_info(request)
        assert caught.value.code == "InvalidVideo.NotFound"
        assert "The video does not exist." in caught.value.message
        assert "REQUEST-ID" in str(caught.value.data)


class TestCore:
    """aliyun-python-sdk-core."""

    def ask(
        self,
        core: Any,
        server: LoopbackServer,
        *,
        method: str = "POST",
        token: str = "",
        secret: str = SECRET,
    ) -> Any:
        if token:
            credential = core.credentials.StsTokenCredential(KEY_ID, secret, token)
            client = core.client.AcsClient(region_id="cn-shanghai", credential=credential)
        else:
            client = core.client.AcsClient(KEY_ID, secret, "cn-shanghai")
        request = core.request.RpcRequest("vod", "2017-03-21", "GetPlayInfo")
        request.set_endpoint(f"127.0.0.1:{server.port}")
        request.set_protocol_type("http")
        request.set_method(method)
        request.add_query_param("VideoId", AWKWARD)
        if method == "POST":
            request.add_body_params("Title", AWKWARD)
        return client.do_action_with_exception(request)

    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize("token", ["", "tok3n+/="])
    def test_its_signature_is_ours(self, core: Any, method: str, token: str) -> None:
        with LoopbackServer(lambda request: succeed({})) as server:
            self.ask(core, server, method=method, token=token)
            values = checked(server.received[0])
        assert server.received[0].method == method
        assert values["VideoId"] == AWKWARD
        assert values.get("Title") == (AWKWARD if method == "POST" else None)
        assert values["SignatureType"] == ""
        assert values.get("SecurityToken", "") == token

    def test_a_wrong_secret_is_named_as_such(self, core: Any) -> None:
        """It compares the string that we signed with its own: equal, so the secret is wrong."""

        def respond(request: Received) -> Answer:
            values = parameters(request)
            assert sign(request.method, values, SECRET) != values["Signature"]
            text = f"server string to sign is:{rpc_string_to_sign(request.method, values)}"
            return refuse("SignatureDoesNotMatch", text)

        failure = core.exceptions.ServerException
        with LoopbackServer(respond) as server, pytest.raises(failure) as caught:
            self.ask(core, server, secret="wrong")
        assert caught.value.get_error_code() == "InvalidAccessKeySecret"

    @pytest.mark.parametrize(
        ("code", "status"),
        [("NoPermission", 403), ("InternalError", 500), ("SignatureDoesNotMatch", 400)],
    )
    def test_it_understands_our_refusals(self, core: Any, code: str, status: int) -> None:
        failure = core.exceptions.ServerException
        answer = refuse(code, status=status)
        with LoopbackServer(lambda request: answer) as server, pytest.raises(failure) as caught:
            self.ask(core, server)
        assert caught.value.get_error_code() == code
        assert caught.value.get_http_status() == status


@pytest.mark.parametrize("token", ["", "tok3n"])
def test_an_upload_by_oss2_is_signed_as_we_check_it(oss: Any, token: str) -> None:
    auth = oss.StsAuth(KEY_ID, SECRET, token) if token else oss.Auth(KEY_ID, SECRET)
    with LoopbackServer(
        lambda request: Answer(headers={"ETag": '"x"', "x-oss-request-id": "R"})
    ) as server:
        bucket = oss.Bucket(auth, server.url, "bucket")
        bucket.put_object("sv/x y.mp4", b"film", headers={"Content-Type": "video/mp4"})
        received = server.received[0]
    assert received.body == b"film"
    text = string_to_sign("PUT", "/bucket/sv/x y.mp4", received.headers, {})
    given = received.headers["authorization"]
    assert is_signed(given, KEY_ID, SECRET, text)
    assert not is_signed(given, KEY_ID, "other", text)
