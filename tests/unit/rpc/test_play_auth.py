"""The play credential (wire 9)."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.error_codes import ErrorCode
from vodseal.errors import RequestError, RpcError
from vodseal.rpc.messages.play import VideoMeta
from vodseal.rpc.play_auth import (
    AuthInfo,
    PlayAuth,
    _mac,
    check_auth_info,
    decode,
    encode,
    make_auth_info,
)
from vodseal.rpc.signing_v1 import Credential

KEY = b"k" * 32
NOW = 1_767_323_045.0
INFO = AuthInfo(media_id="vid", caller="key", expires_at=NOW + 100)
CREDENTIAL = Credential(access_key_id="STS.id", access_key_secret="geheim", security_token="tok3n")
PLAY_AUTH = PlayAuth(
    credential=CREDENTIAL,
    auth_info='{"Signature":"s1gnature"}',
    region="cn-shanghai",
    video_meta=VideoMeta(video_id="vid", title="Ein Film é", duration=3.5, status="Normal"),
    play_domain="example.com",
    customer_id=7,
)


def members(text: str) -> dict[str, object]:
    value: dict[str, object] = json.loads(base64.b64decode(text))
    return value


def packed(value: object) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def test_it_reads_back() -> None:
    assert decode(encode(PLAY_AUTH)) == PLAY_AUTH


def test_players_find_the_members_that_they_know() -> None:
    value = members(encode(PLAY_AUTH))
    assert {key: value[key] for key in ("AccessKeyId", "AccessKeySecret", "SecurityToken")} == {
        "AccessKeyId": "STS.id",
        "AccessKeySecret": "geheim",
        "SecurityToken": "tok3n",
    }
    assert value["AuthInfo"] == PLAY_AUTH.auth_info
    assert value["Region"] == "cn-shanghai"
    assert value["VideoMeta"] == {
        "VideoId": "vid",
        "Title": "Ein Film é",
        "Duration": 3.5,
        "Status": "Normal",
    }


def test_what_is_not_said_is_empty() -> None:
    bare = PlayAuth(credential=CREDENTIAL, auth_info="opaque")
    assert (bare.region, bare.play_domain, bare.customer_id) == ("", "", 0)
    info = json.loads(make_auth_info(KEY, INFO))
    assert (info["CI"], info["PlayDomain"]) == ("", "")


def test_it_shows_no_secret() -> None:
    for secret in ("geheim", "tok3n", "s1gnature"):
        assert secret not in repr(PLAY_AUTH)


def test_what_a_client_does_not_need_may_be_absent_or_odd() -> None:
    value = members(encode(PLAY_AUTH))
    del value["VideoMeta"], value["PlayDomain"], value["Region"]
    value["CustomerId"] = "text"
    read = decode(packed(value))
    assert read.credential == PLAY_AUTH.credential
    assert (read.region, read.play_domain, read.customer_id) == ("", "", 0)
    assert read.video_meta == VideoMeta()


def test_white_space_around_it_does_no_harm() -> None:
    assert decode(f" {encode(PLAY_AUTH)}\n") == PLAY_AUTH


@pytest.mark.behaviour("B5")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "not base64 at all!",
        "AAAA",
        packed([]),
        packed({}),
        packed({**members(encode(PLAY_AUTH)), "AccessKeyId": ""}),
        packed({**members(encode(PLAY_AUTH)), "AccessKeySecret": 7}),
        packed({**members(encode(PLAY_AUTH)), "SecurityToken": None}),
        packed({**members(encode(PLAY_AUTH)), "AuthInfo": {"a": 1}}),
        encode(PLAY_AUTH)[:-5],
        f"{encode(PLAY_AUTH)[:8]}!\n{encode(PLAY_AUTH)[8:]}",
        "é",
        packed({**members(encode(PLAY_AUTH)), "Filler": "x" * 100_000}),
    ],
    ids=range(13),
)
def test_anything_else_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(RequestError, match=r"^The PlayAuth is not one that a VOD ser") as caught:
        decode(text)
    assert caught.value.code is ErrorCode.PLAYAUTH_WRONG
    assert caught.value.__cause__ is None
    assert "geheim" not in str(caught.value)


@given(st.text(max_size=300))
def test_nothing_but_a_request_error_comes_out(text: str) -> None:
    with pytest.raises(RequestError):
        decode(text)


def test_auth_info_is_checked() -> None:
    text = make_auth_info(KEY, INFO, play_domain="d")
    assert check_auth_info(KEY, text, video_id="vid", now=NOW) == INFO
    assert set(json.loads(text)) == {
        "CI",
        "Caller",
        "ExpireTime",
        "MediaId",
        "PlayDomain",
        "Signature",
    }


def refusal(text: str, *, key: bytes = KEY, video_id: str = "vid", now: float = NOW) -> str:
    with pytest.raises(RpcError) as caught:
        check_auth_info(key, text, video_id=video_id, now=now)
    return caught.value.server_code


@pytest.mark.behaviour("B7")
def test_an_expired_one() -> None:
    text = make_auth_info(KEY, INFO)
    assert refusal(text, now=NOW + 100) == "InvalidAuthInfo.ExpireTime"
    check_auth_info(KEY, text, video_id="vid", now=NOW + 99)


@pytest.mark.behaviour("B8")
def test_one_for_another_video() -> None:
    assert refusal(make_auth_info(KEY, INFO), video_id="other") == "InvalidAuth.MediaId"


@pytest.mark.parametrize(
    "name", ["CI", "Caller", "ExpireTime", "MediaId", "PlayDomain", "Signature"]
)
def test_no_member_can_be_changed_or_dropped(name: str) -> None:
    value = json.loads(make_auth_info(KEY, INFO))
    assert refusal(json.dumps({**value, name: f"{value[name]}x"})) == "InvalidAuthInfo"
    del value[name]
    assert refusal(json.dumps(value)) == "InvalidAuthInfo"


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "x", '{"Signature":7}', '{"a":1,"Signature":"x"}', '{"Signature":"\\ud800"}'],
)
def test_what_is_no_auth_info_at_all(text: str) -> None:
    assert refusal(text) == "InvalidAuthInfo"


def test_a_member_cannot_be_added_and_another_key_does_not_do() -> None:
    value = json.loads(make_auth_info(KEY, INFO))
    assert refusal(json.dumps({**value, "More": "x"})) == "InvalidAuthInfo"
    assert refusal(make_auth_info(b"x" * 32, INFO)) == "InvalidAuthInfo"


@pytest.mark.parametrize("name", ["Caller", "ExpireTime", "MediaId"])
def test_one_that_lacks_a_member_is_refused_whoever_signed_it(name: str) -> None:
    value = json.loads(make_auth_info(KEY, INFO))
    del value[name], value["Signature"]
    value["Signature"] = _mac(KEY, value)
    assert refusal(json.dumps(value)) == "InvalidAuthInfo"


def test_one_without_the_members_that_nothing_follows_from_is_taken() -> None:
    value = json.loads(make_auth_info(KEY, INFO))
    del value["CI"], value["PlayDomain"], value["Signature"]
    value["Signature"] = _mac(KEY, value)
    assert check_auth_info(KEY, json.dumps(value), video_id="vid", now=NOW) == INFO
