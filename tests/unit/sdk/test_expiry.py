"""When a credential or a URL says that it ends."""

from __future__ import annotations

import pytest

from vodseal import VidAuth, VidSts
from vodseal.rpc.play_auth import AuthInfo, PlayAuth, encode, make_auth_info
from vodseal.rpc.signing_v1 import Credential
from vodseal.sdk.expiry import credential_end, first_end, url_end

CREDENTIAL = Credential(access_key_id="i", access_key_secret="s", security_token="t")


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2026-01-02T03:04:05Z", 1767323045.0),
        ("2026-01-02T04:04:05+01:00", 1767323045.0),
        ("2026-01-02T03:04:05", None),
        ("soon", None),
        ("", None),
    ],
)
def test_the_end_of_a_temporary_key(text: str, end: float | None) -> None:
    assert credential_end(VidSts(vid="v", expiration=text)) == end


def test_the_end_of_a_play_credential() -> None:
    info = make_auth_info(b"k", AuthInfo(media_id="v", caller="c", expires_at=1767323045.0))
    play_auth = encode(PlayAuth(credential=CREDENTIAL, auth_info=info))
    assert credential_end(VidAuth(vid="v", play_auth=play_auth)) == 1767323045.0


@pytest.mark.parametrize("info", ["opaque", "[]", "{}", '{"ExpireTime": 5}'])
def test_a_play_credential_that_does_not_say(info: str) -> None:
    play_auth = encode(PlayAuth(credential=CREDENTIAL, auth_info=info))
    assert credential_end(VidAuth(vid="v", play_auth=play_auth)) is None


@pytest.mark.parametrize("source", [VidAuth(vid="v"), VidAuth(vid="v", play_auth="no")])
def test_what_is_no_play_credential_does_not_say(source: VidAuth) -> None:
    assert credential_end(source) is None


@pytest.mark.parametrize(
    ("url", "end"),
    [
        ("http://h/a.ts?auth_key=1000-0-0-abc", 2800.0),
        ("http://h/a.ts?x=1&auth_key=1000-0-0-abc", 2800.0),
        ("http://h/a.ts?Expires=5000&OSSAccessKeyId=x", 5000.0),
        ("http://h/a.ts?auth_key=abc-0-0-abc", None),
        ("http://h/a.ts", None),
    ],
)
def test_the_end_of_a_url(url: str, end: float | None) -> None:
    assert url_end(url) == end


def test_the_first_end_of_several() -> None:
    assert first_end(["http://h/a?Expires=9", "http://h/b", "http://h/c?Expires=7"]) == 7.0
    assert first_end(["http://h/b"]) is None
