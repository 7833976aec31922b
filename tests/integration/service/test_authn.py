"""Who may call: order of checks, sessions, policies, play credentials."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from urllib.parse import urlencode

import pytest

from vodseal.error_codes import ErrorCode
from vodseal.errors import RequestError
from vodseal.rpc import play_auth
from vodseal.rpc.codec import decode_answer
from vodseal.rpc.replay import format_time
from vodseal.rpc.signing_v1 import Credential, signed_parameters

from .conftest import publish


def test_an_unknown_key_is_named_before_its_signature(service):
    stranger = Credential(access_key_id="VSAKnobody", access_key_secret="x")
    answer = service.call("GetVideoList", stranger)
    assert (answer.status, answer.code) == (404, "InvalidAccessKeyId.NotFound")


def test_a_wrong_signature_comes_with_the_string_that_was_signed(service):
    wrong = Credential(access_key_id=service.admin.access_key_id, access_key_secret="other")
    answer = service.call("GetVideoList", wrong)
    assert (answer.status, answer.code) == (400, "SignatureDoesNotMatch")
    assert answer.json["Message"].split(":", 1)[1].startswith("POST&%2F&")


def test_parameters_that_were_changed_after_signing_are_refused(service):
    answer = service.call("GetVideoInfo", VideoId="a", raw={"VideoId": "b"})
    assert answer.code == "SignatureDoesNotMatch"


def test_a_nonce_works_once(service):
    raw = {}
    first = service.call("GetVideoList", raw=raw)
    assert first.status == 200
    # the same signed request again
    from vodseal.rpc.signing_v1 import signed_parameters

    signed = signed_parameters(
        "POST",
        {"Action": "GetVideoList", "Version": "2017-03-21"},
        service.admin,
        nonce=os.urandom(8).hex(),
        timestamp=format_time(service.clock.now()),
    )
    from urllib.parse import urlencode

    assert service.http("POST", "/?" + urlencode(signed)).status == 200
    again = service.http("POST", "/?" + urlencode(signed))
    assert (again.status, again.code) == (400, "SignatureNonceUsed")


def test_an_old_timestamp_is_refused(service):
    from urllib.parse import urlencode

    from vodseal.rpc.signing_v1 import signed_parameters

    signed = signed_parameters(
        "POST",
        {"Action": "GetVideoList", "Version": "2017-03-21"},
        service.admin,
        nonce=os.urandom(8).hex(),
        timestamp=format_time(service.clock.now() - 901),
    )
    answer = service.http("POST", "/?" + urlencode(signed))
    assert (answer.status, answer.code) == (400, "InvalidTimeStamp.Expired")


def test_a_player_may_leave_the_timestamp_out(service):
    from urllib.parse import urlencode

    from vodseal.rpc.signing_v1 import sign

    values = {
        "Action": "GetVideoList",
        "Version": "2017-03-21",
        "AccessKeyId": service.admin.access_key_id,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": os.urandom(8).hex(),
        "Format": "JSON",
        "Formats": "",
    }
    values["Signature"] = sign("GET", values, service.admin.access_key_secret)
    assert service.http("GET", "/?" + urlencode(values)).status == 200


def test_form_parameters_count_like_query_parameters(service):
    answer = service.call("SetServiceSettings", Name="download-mode", form={"Value": "normal"})
    assert answer.status == 200
    assert service.ok("GetServiceSettings")["Settings"]["download-mode"] == "normal"


def test_a_missing_action_and_a_wrong_version_are_told_apart(service):
    assert service.call("GetPlayInfo", version="2000-01-01").code == "InvalidVersion"
    assert service.http("GET", "/?Version=2017-03-21").code == "MissingAction"
    assert service.call("Frobnicate").code == "InvalidAction.NotFound"
    assert service.call("AssumeRole", version="2017-03-21").code == "InvalidVersion"


def test_an_answer_can_be_xml(service):
    answer = service.call("GetServiceSettings", raw=None, Format="XML")
    assert answer.body.startswith(b'<?xml version="1.0"')
    assert b"<GetServiceSettingsResponse>" in answer.body
    refusal = service.call("GetVideoInfo", Format="XML", VideoId="none")
    assert refusal.status == 404
    assert b"<Error><RequestId>" in refusal.body


def test_every_answer_may_be_read_by_any_page(service):
    answer = service.call("GetServiceSettings")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["content-type"] == "application/json;charset=utf-8"
    preflight = service.http("OPTIONS", "/media/x")
    assert preflight.status == 204


def test_a_huge_body_is_refused(service):
    answer = service.http("POST", "/", body=b"x" * 300_000)
    assert (answer.status, answer.code) == (400, "InvalidParameter")


@pytest.mark.behaviour("B6")
def test_an_expired_session_is_told_so(service):
    credential = service.sts(DurationSeconds=900)
    assert service.call("GetVideoList", credential).status == 200
    service.clock.advance(901)
    answer = service.call("GetVideoList", credential)
    assert answer.code == "InvalidSecurityToken.Expired"
    with pytest.raises(RequestError) as caught:
        decode_answer(answer.status, answer.body)
    assert caught.value.code == ErrorCode.SERVER_POP_TOKEN_EXPIRED


def test_session_tokens_are_checked(service):
    credential = service.sts()
    other = service.sts()

    def call(token):
        return service.call(
            "GetVideoList",
            Credential(
                access_key_id=credential.access_key_id,
                access_key_secret=credential.access_key_secret,
                security_token=token,
            ),
        ).code

    assert call("") == "MissingSecurityToken"
    assert call("undefined") == "InvalidSecurityToken.Malformed"
    assert call(credential.security_token[:-8] + "AAAAAAA=") == "InvalidSecurityToken.Malformed"
    assert call(other.security_token) == "InvalidSecurityToken.MismatchWithAccessKey"


def test_a_session_token_is_not_taken_with_an_operators_key(service):
    credential = Credential(
        access_key_id=service.admin.access_key_id,
        access_key_secret=service.admin.access_key_secret,
        security_token=service.sts().security_token,
    )
    answer = service.call("GetVideoList", credential)
    assert answer.code == "InvalidSecurityToken.MismatchWithAccessKey"


def test_the_shortest_session_is_a_setting(service):
    def code(**parameters):
        return service.call(
            "AssumeRole",
            version="2015-04-01",
            RoleArn="acs:ram::1000000000000000:role/player",
            RoleSessionName="tester",
            **parameters,
        )

    assert code(DurationSeconds=899).code == "InvalidParameter.DurationSeconds"
    assert code(DurationSeconds=900).status == 200
    assert code(DurationSeconds=43201).code == "InvalidParameter.DurationSeconds"
    assert code(Policy="{").code == "InvalidParameter.PolicyGrammar"


def test_role_names_are_checked(service):
    answer = service.call(
        "AssumeRole", version="2015-04-01", RoleArn="player", RoleSessionName="tester"
    )
    assert answer.code == "InvalidParameter.RoleArn"
    answer = service.call(
        "AssumeRole",
        version="2015-04-01",
        RoleArn="acs:ram::1:role/player",
        RoleSessionName="a b",
    )
    assert answer.code == "InvalidParameter.RoleSessionName"


@pytest.mark.behaviour("B9")
def test_a_session_reads_and_plays_but_never_administers(service):
    credential = service.sts()
    assert service.call("GetVideoList", credential).status == 200
    for action in ("SetServiceSettings", "RegisterApp", "DeleteVideo", "CreateUploadVideo"):
        answer = service.call(action, credential)
        assert (answer.status, answer.code) == (403, "NoPermission"), action
    answer = service.call("AssumeRole", credential, version="2015-04-01")
    assert answer.code == "NoPermission"
    with pytest.raises(RequestError) as caught:
        decode_answer(answer.status, answer.body)
    assert caught.value.code == ErrorCode.SERVER_POP_FORBIDDEN


def test_a_policy_narrows_and_widens_a_session(service):
    [stream] = publish(service)
    policy = {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["vod:GetPlayInfo"],
                "Resource": f"acs:vod:*:*:video/{stream.video_id}",
            },
            {"Effect": "Allow", "Action": "vod:CreateUploadVideo", "Resource": "*"},
            {"Effect": "Allow", "Action": "vod:SetServiceSettings"},
        ],
    }
    credential = service.sts(Policy=json.dumps(policy))
    assert service.call("GetPlayInfo", credential, VideoId=stream.video_id).status == 200
    assert service.call("GetPlayInfo", credential, VideoId="0" * 32).code == "NoPermission"
    assert service.call("GetVideoList", credential).code == "NoPermission"
    created = service.call("CreateUploadVideo", credential, Title="t", FileName="f.mp4")
    assert created.status == 200
    assert service.call("SetServiceSettings", credential).code == "NoPermission"


def play_auth_of(service, video_id, **parameters):
    answer = service.ok("GetVideoPlayAuth", VideoId=video_id, **parameters)
    return play_auth.decode(answer["PlayAuth"])


@pytest.mark.behaviour("B7")
def test_an_expired_play_auth_is_told_so(service):
    [stream] = publish(service)
    auth = play_auth_of(service, stream.video_id)
    values = {"VideoId": stream.video_id, "AuthInfo": auth.auth_info}
    assert service.call("GetPlayInfo", auth.credential, **values).status == 200
    service.clock.advance(101)
    answer = service.call("GetPlayInfo", auth.credential, **values)
    assert answer.code == "InvalidAuthInfo.ExpireTime"
    with pytest.raises(RequestError) as caught:
        decode_answer(answer.status, answer.body)
    assert caught.value.code == ErrorCode.SERVER_VOD_INVALIDAUTHINFO_EXPIRETIME


@pytest.mark.behaviour("B8")
def test_a_play_auth_is_good_for_its_video_alone(service):
    [stream] = publish(service)
    [other] = publish(service)
    auth = play_auth_of(service, stream.video_id)
    foreign = play_auth_of(service, other.video_id)
    answer = service.call(
        "GetPlayInfo", auth.credential, VideoId=other.video_id, AuthInfo=auth.auth_info
    )
    with pytest.raises(RequestError) as caught:
        decode_answer(answer.status, answer.body)
    assert caught.value.code == ErrorCode.SERVER_VOD_INVALIDAUTH_MEDIAID
    mixed = service.call(
        "GetPlayInfo", auth.credential, VideoId=other.video_id, AuthInfo=foreign.auth_info
    )
    assert mixed.code == "InvalidAuth.MediaId"


def test_a_play_auth_allows_playing_and_downloading_only(service):
    service.set("download-mode", "normal")
    [stream] = publish(service)
    auth = play_auth_of(service, stream.video_id)
    values = {"VideoId": stream.video_id, "AuthInfo": auth.auth_info}
    for action in ("GetPlayInfo", "GetDownloadPolicy", "CreateHlsUriToken"):
        assert service.call(action, auth.credential, **values).status == 200, action
    for action in ("GetVideoInfo", "GetVideoPlayAuth", "DeleteVideo", "SetServiceSettings"):
        assert service.call(action, auth.credential, **values).code == "NoPermission", action
    bare = service.call("GetPlayInfo", auth.credential, VideoId=stream.video_id)
    assert bare.code == "MissingAuthInfo"
    forged = service.call(
        "GetPlayInfo", auth.credential, **values | {"AuthInfo": auth.auth_info.replace("Z", "Y")}
    )
    assert forged.code == "InvalidAuthInfo"


def test_play_auth_lifetimes_have_bounds(service):
    [stream] = publish(service)
    for seconds in (99, 3001):
        answer = service.call("GetVideoPlayAuth", VideoId=stream.video_id, AuthInfoTimeout=seconds)
        assert answer.code == "InvalidParameter.AuthInfoTimeout"
    meta = service.ok("GetVideoPlayAuth", VideoId=stream.video_id, AuthInfoTimeout=3000)
    assert meta["VideoMeta"]["Duration"] == 20.0
    assert meta["VideoMeta"]["VideoId"] == stream.video_id


def signed_query(service, nonce="n") -> str:
    values = {"Action": "GetVideoList", "Version": "2017-03-21", "Format": "JSON"}
    signed = signed_parameters(
        "GET", values, service.admin, nonce=nonce, timestamp=format_time(service.clock.now())
    )
    return "/?" + urlencode(signed)


def test_a_request_is_not_answered_again_after_a_restart(service):
    query = signed_query(service)
    assert service.http("GET", query).status == 200
    for _ in range(2):
        service.stop()
        service.start()
        assert service.http("GET", query).code == "SignatureNonceUsed"


def test_after_a_kill_nothing_dated_before_it_is_answered(service):
    query = signed_query(service)
    assert service.http("GET", query).status == 200
    service.stop()
    forget_the_nonces(service.settings.data)
    service.clock.advance(1)
    service.start()
    assert service.http("GET", query).code == "InvalidTimeStamp.Expired"
    assert service.http("GET", signed_query(service, "m")).status == 200


def forget_the_nonces(data) -> None:
    """Leave the database as a killed service does."""
    with contextlib.closing(sqlite3.connect(data / "service.db")) as database, database:
        database.execute("DELETE FROM nonces")
