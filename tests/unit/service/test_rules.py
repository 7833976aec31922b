"""The pure rules: lifecycle, policies, parameters, ranges, playlists, streams."""

from __future__ import annotations

import contextlib
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.errors import IllegalTransitionError, RpcError
from vodseal.rpc.url_auth import UrlVerdict, check
from vodseal.service.actions.table import ACTIONS
from vodseal.service.content_gate import rewrite_playlist
from vodseal.service.lifecycle import TRANSITIONS, Event, Status, advance, may
from vodseal.service.media_files import ByteRange, parse_range
from vodseal.service.parameters import Parameters
from vodseal.service.policy import ADMIN_ACTIONS, PLAY_ACTIONS, READ_ACTIONS, parse_policy
from vodseal.service.session_tokens import Session, SessionKind, open_token, seal_token


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("event", Event)
def test_every_pair_moves_or_is_refused(status, event):
    assert may(status, event) == (event in TRANSITIONS[status])
    if event in TRANSITIONS[status]:
        assert advance(status, event) is TRANSITIONS[status][event]
    else:
        with pytest.raises(IllegalTransitionError):
            advance(status, event)


def test_the_stored_statuses_are_pinned():
    assert {status.name: status.value for status in Status} == {
        "UPLOADING": "Uploading",
        "UPLOAD_FAIL": "UploadFail",
        "UPLOAD_SUCC": "UploadSucc",
        "TRANSCODING": "Transcoding",
        "TRANSCODE_FAIL": "TranscodeFail",
        "NORMAL": "Normal",
    }


def test_every_listed_action_exists():
    assert set(ACTIONS) >= ADMIN_ACTIONS
    assert PLAY_ACTIONS < READ_ACTIONS < set(ACTIONS)
    assert not READ_ACTIONS & ADMIN_ACTIONS


POLICY = """{"Version": "1", "Statement": [
    {"Effect": "Allow", "Action": ["vod:Get*", "vod:List?asks"], "Resource": ["*:video/a*"]},
    {"Effect": "Deny", "Action": "vod:GetPlayInfo", "Resource": "*:video/ab"}]}"""


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("vod:GetPlayInfo", "acs:vod:r:1:video/a1", True),
        ("vod:getplayinfo", "acs:vod:r:1:video/a1", True),
        ("vod:GetPlayInfo", "acs:vod:r:1:video/ab", False),
        ("vod:GetVideoInfo", "acs:vod:r:1:video/ab", True),
        ("vod:GetVideoInfo", "acs:vod:r:1:video/b", False),
        ("vod:ListTasks", "acs:vod:r:1:video/a", True),
        ("vod:ListXXasks", "acs:vod:r:1:video/a", False),
        ("vod:DeleteVideo", "acs:vod:r:1:video/a", False),
    ],
)
def test_policies(action, resource, allowed):
    assert parse_policy(POLICY).allows(action, resource) is allowed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"Statement": {}}',
        '{"Version": "2", "Statement": []}',
        '{"Statement": [{"Effect": "Maybe", "Action": "*"}]}',
        '{"Statement": [{"Effect": "Allow"}]}',
        '{"Statement": [{"Effect": "Allow", "Action": 1}]}',
        '{"Statement": [{"Effect": "Allow", "Action": "*", "Condition": {}}]}',
        '{"Statement": [{"Effect": "Allow", "NotAction": "*"}]}',
        '{"Statement": ["Allow"]}',
        "[" * 2000,
    ],
)
def test_policies_that_are_none(text):
    with pytest.raises(RpcError) as caught:
        parse_policy(text)
    assert caught.value.server_code == "InvalidParameter.PolicyGrammar"


@pytest.mark.parametrize(
    ("pattern", "resource", "allowed"),
    [
        ("a*b*c", "aXbXbXc", True),
        ("a*b*c", "ac", False),
        ("a*a", "a", False),
        ("*", "", True),
        ("**", "x", True),
        ("a?*?d", "axyd", True),
        ("a?*?d", "axd", False),
        ("*ab", "aab", True),
        ("*ab*ab", "abab", True),
        ("*ab*ab", "aba", False),
        ("a.c", "abc", False),
        ("a[b]", "ab", False),
    ],
)
def test_a_star_is_any_text_and_a_question_mark_one_character(pattern, resource, allowed):
    statement = {"Effect": "Allow", "Action": "*", "Resource": pattern}
    policy = parse_policy(json.dumps({"Statement": [statement]}))
    assert policy.allows("vod:X", resource) is allowed


def test_a_policy_of_many_stars_is_decided_at_once():
    """Each star tried at each place: more steps than there are atoms."""
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*a" * 500 + "*b"}
    policy = parse_policy(json.dumps({"Statement": [statement]}))
    assert not policy.allows("vod:X", "a" * 5000)


def test_a_policy_has_a_largest_size():
    with pytest.raises(RpcError) as caught:
        parse_policy('{"Statement": []}' + " " * 2048)
    assert caught.value.server_code == "InvalidParameter.PolicySize"


@given(st.text(max_size=300))
def test_any_text_is_a_policy_or_is_refused(text):
    with contextlib.suppress(RpcError):  # and nothing else
        parse_policy(text)


TOKENS = b"t" * 32
SESSION = Session(
    kind=SessionKind.ROLE,
    key_id="STS.x",
    secret="secret-of-the-session",
    expires_at=12.5,
    name="n",
    policy="{}",
    resource="r",
)


def test_a_token_carries_its_session_and_hides_it():
    text = seal_token(TOKENS, SESSION, os.urandom)
    assert open_token(TOKENS, text) == SESSION
    assert SESSION.secret not in repr(SESSION)
    assert seal_token(TOKENS, SESSION, os.urandom) != text


@pytest.mark.parametrize(
    "change",
    [lambda t: t[:-1], lambda t: "A" + t[1:], lambda t: t + "x", str.swapcase, lambda t: ""],
)
def test_altered_tokens_are_refused(change):
    text = seal_token(TOKENS, SESSION, lambda n: b"\x99" * n)
    with pytest.raises(RpcError) as caught:
        open_token(TOKENS, change(text))
    assert caught.value.server_code == "InvalidSecurityToken.Malformed"
    with pytest.raises(RpcError):
        open_token(b"u" * 32, text)


def code_of(call) -> str:
    with pytest.raises(RpcError) as caught:
        call()
    return caught.value.server_code


def test_parameters():
    values = Parameters(
        {"A": "5", "B": "True", "C": " x, ,y ", "D": "", "E": '{"a":1}', "F": "\x07", "G": "x" * 9}
    )
    assert values.integer("A", default=1, least=0, most=9) == 5
    assert values.integer("D", default=7, least=0, most=9) == 7
    assert values.boolean("B", default=False) is True
    assert values.boolean("D", default=False) is False
    assert values.names("C") == ["x", "y"]
    assert values.json_object("E") == {"a": 1}
    assert values.json_object("D") == {}
    assert code_of(lambda: values.integer("A", default=1, least=6, most=9)) == "InvalidParameter.A"
    assert code_of(lambda: values.integer("C", default=1, least=6, most=9)) == "InvalidParameter.C"
    assert code_of(lambda: values.boolean("A", default=True)) == "InvalidParameter.A"
    assert code_of(lambda: values.required("D")) == "MissingD"
    assert code_of(lambda: values.required("Z")) == "MissingZ"
    assert code_of(lambda: values.text("F")) == "IllegalCharacters"
    assert code_of(lambda: values.text("G", max_length=8)) == "LengthExceededMax"
    assert code_of(lambda: values.json_object("C")) == "InvalidParameter.C"
    assert code_of(lambda: values.octets("A", 1)) == "InvalidParameter.A"
    assert code_of(lambda: values.hexadecimal("A", 1)) == "InvalidParameter.A"
    assert (
        code_of(lambda: values.choice("A", frozenset({"6"}), default="6")) == "InvalidParameter.A"
    )


@given(st.text(max_size=30), st.integers(0, 100))
def test_any_range_header_gives_a_range_inside_the_file(header, size):
    found = parse_range(header, size)
    assert found is None or 0 <= found.start <= found.end <= size


@given(st.integers(0, 50), st.integers(0, 50), st.integers(1, 40))
def test_ranges_are_what_the_rfc_says(first, last, size):
    found = parse_range(f"bytes={first}-{last}", size)
    if last < first:
        assert found is None
    elif first >= size:
        assert found == ByteRange(0, 0)
    else:
        assert found == ByteRange(first, min(last + 1, size))


PLAYLIST = """#EXTM3U
#EXT-X-KEY:METHOD=AES-128,URI="/key?Ciphertext=A&MediaId=v",IV=0x1
#EXT-X-MAP:URI="init.mp4"
#EXTINF:1,
a.ts
#EXT-X-KEY:METHOD=AES-128,URI="https://keys.example/k"
#EXTINF:1,
https://elsewhere.example/b.ts
#EXTINF:1,
sub/c.ts?x=1
"""


def test_a_playlist_is_rewritten_uri_by_uri():
    text = rewrite_playlist(PLAYLIST, "/media/v/s/i.m3u8", "k", signed_at=5, token="t+/")
    lines = text.splitlines()
    assert lines[1] == (
        '#EXT-X-KEY:METHOD=AES-128,URI="/key?Ciphertext=A&MediaId=v&MtsHlsUriToken=t%2B%2F",IV=0x1'
    )
    assert lines[2].startswith('#EXT-X-MAP:URI="init.mp4?auth_key=5-0-0-')
    assert lines[5].endswith('URI="https://keys.example/k?MtsHlsUriToken=t%2B%2F"')
    assert lines[7] == "https://elsewhere.example/b.ts"
    assert lines[9] == "sub/c.ts?x=1"
    given_key = lines[4].partition("auth_key=")[2]
    verdict = check("/media/v/s/a.ts", given_key, ("k",), now=6, valid_seconds=2)
    assert verdict is UrlVerdict.VALID


def test_without_a_token_key_uris_stay():
    text = rewrite_playlist(PLAYLIST, "/media/v/s/i.m3u8", "k", signed_at=5, token="")
    assert 'URI="/key?Ciphertext=A&MediaId=v",IV' in text
