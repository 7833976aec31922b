"""VidSts and VidAuth, and the file that keeps one (client-surface 1.5, design 5)."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, OperatorError, RequestError
from vodseal.media.tracks import TrackFilter
from vodseal.rpc.play_auth import PlayAuth, encode
from vodseal.rpc.signing_v1 import Credential
from vodseal.sdk.sources import Source, VidAuth, VidSts, source_from_json, source_to_json

CREDENTIAL = Credential(access_key_id="STS.id", access_key_secret="geheim", security_token="tok3n")
STS = VidSts(
    vid="v", access_key_id="STS.id", access_key_secret="geheim", security_token="tok3n",
    endpoint="http://127.0.0.1:8800",
)  # fmt: skip


def play_auth(region: str = "cn-beijing") -> str:
    return encode(PlayAuth(credential=CREDENTIAL, auth_info="opaque", region=region))


AUTH = VidAuth(vid="v", play_auth=play_auth())


def test_both_kinds_give_a_credential() -> None:
    assert STS.credential() == AUTH.credential() == CREDENTIAL
    assert STS.auth_info() == ""
    assert AUTH.auth_info() == "opaque"


def test_an_endpoint_of_ones_own_comes_first() -> None:
    assert STS.endpoint_url() == "http://127.0.0.1:8800"
    assert VidAuth(vid="v", play_auth=play_auth(), endpoint="http://h").endpoint_url() == "http://h"


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("cn-shanghai", "vod.cn-shanghai.aliyuncs.com"),
        ("cn-hangzhou", "vod.cn-shanghai.aliyuncs.com"),
        ("ap-southeast-1", "vod.ap-southeast-1.aliyuncs.com"),
    ],
)
def test_the_region_chooses_a_host(region: str, host: str) -> None:
    source = VidSts(vid="v", access_key_id="a", access_key_secret="s", region=region)
    assert source.endpoint_url() == f"https://{host}"


def test_the_region_is_shanghai_when_nothing_is_said() -> None:
    assert VidSts().endpoint_url() == "https://vod.cn-shanghai.aliyuncs.com"


def test_the_region_inside_a_play_auth_wins() -> None:
    assert AUTH.endpoint_url() == "https://vod.cn-beijing.aliyuncs.com"
    without = VidAuth(vid="v", play_auth=play_auth(""), region="eu-central-1")
    assert without.endpoint_url() == "https://vod.eu-central-1.aliyuncs.com"


@pytest.mark.parametrize(
    "region", ["evil.example/", "a@b", "x#", "", "a..b", "A", "é", "a-", "x\n"]
)
def test_a_region_cannot_lead_elsewhere(region: str) -> None:
    sources: list[Source] = [VidSts(region=region)]
    if region:
        sources.append(VidAuth(vid="v", play_auth=play_auth(region)))
    for source in sources:
        with pytest.raises(RequestError) as caught:
            source.endpoint_url()
        assert caught.value.code is ErrorCode.REQUEST_FAIL


@pytest.mark.behaviour("B4")
@pytest.mark.parametrize("missing", ["vid", "access_key_id", "access_key_secret"])
def test_an_empty_sts_source(missing: str) -> None:
    with pytest.raises(DownloadError) as caught:
        dataclasses.replace(STS, **{missing: ""}).credential()
    assert caught.value.code is ErrorCode.STS_SOURCE_NULL


@pytest.mark.behaviour("B4")
@pytest.mark.parametrize("missing", ["vid", "play_auth"])
def test_an_empty_auth_source(missing: str) -> None:
    with pytest.raises(DownloadError) as caught:
        dataclasses.replace(AUTH, **{missing: ""}).credential()
    assert caught.value.code is ErrorCode.AUTH_SOURCE_NULL


@pytest.mark.behaviour("B5")
def test_a_play_auth_that_is_none() -> None:
    source = VidAuth(vid="v", play_auth="bm90aGluZw==")
    for ask in (source.credential, source.auth_info, source.endpoint_url):
        with pytest.raises(DownloadError) as caught:
            ask()
        assert caught.value.code is ErrorCode.AUTH_SOURCE_WRONG
        assert "bm90" not in str(caught.value)


def test_comma_lists_become_a_filter() -> None:
    source = dataclasses.replace(
        STS,
        format="mp4,m3u8",
        definitions="HD",
        stream_type="video",
        quality="SD",
        force_quality=True,
    )
    assert source.track_filter() == TrackFilter(
        formats=("mp4", "m3u8"), definitions=("HD",), stream_types=("video",), quality="SD", force_quality=True
    )  # fmt: skip


@pytest.mark.behaviour("B53")
@pytest.mark.parametrize(
    ("config", "preview"),
    [
        ("", False),
        ("{}", False),
        ('{"PreviewTime":"20"}', True),
        ('{"PreviewTime":""}', False),
        ("not json", False),
        ("[1]", False),
    ],
)
def test_a_preview_is_recognised(config: str, *, preview: bool) -> None:
    assert dataclasses.replace(STS, play_config=config).is_preview() is preview


@pytest.mark.parametrize(
    ("config", "token"),
    [("", ""), ('{"MtsHlsUriToken":"t"}', "t"), ('{"MtsHlsUriToken":7}', ""), ("x", "")],
)
def test_the_token_for_the_key_server(config: str, token: str) -> None:
    assert dataclasses.replace(STS, play_config=config).hls_uri_token() == token


def test_no_secret_shows() -> None:
    source = dataclasses.replace(
        STS, play_config='{"MtsHlsUriToken":"t0ken"}', re_auth_info="r3auth"
    )
    for text in (repr(source), repr(AUTH), str(AUTH)):
        assert not {s for s in ("geheim", "tok3n", "t0ken", "r3auth", AUTH.play_auth) if s in text}


def test_the_source_file_of_the_design() -> None:
    text = json.dumps(
        {
            "kind": "sts", "vid": "v", "region": "cn-shanghai", "endpoint": "http://127.0.0.1:8800",
            "access_key_id": "STS.id", "access_key_secret": "geheim", "security_token": "tok3n",
            "play_config": {"MtsHlsUriToken": "t"},
        }
    )  # fmt: skip
    source = source_from_json(text)
    assert source == dataclasses.replace(STS, play_config='{"MtsHlsUriToken":"t"}')
    assert json.loads(source_to_json(source)) == json.loads(text)
    auth = source_from_json(json.dumps({"kind": "auth", "vid": "v", "play_auth": AUTH.play_auth}))
    assert auth == AUTH
    assert json.loads(source_to_json(auth)) == {
        "kind": "auth", "vid": "v", "region": "cn-shanghai", "play_auth": AUTH.play_auth,
    }  # fmt: skip


texts = st.text(st.characters(codec="utf-8"), max_size=10)


@given(
    st.builds(
        VidSts, vid=texts, region=texts, endpoint=st.none() | texts, play_config=st.sampled_from(["", "x", "{}", '{"a":1}']),
        format=texts, force_quality=st.booleans(), auth_timeout=st.none() | st.integers(), access_key_secret=texts,
    )
    | st.builds(VidAuth, vid=texts, play_auth=texts, title=texts)
)  # fmt: skip
def test_every_source_reads_back(source: Source) -> None:
    assert source_from_json(source_to_json(source)) == source


@pytest.mark.behaviour("B42")
@pytest.mark.parametrize("kind", ["url", "mps", "", None, 7, ["sts"]])
def test_no_other_kind_is_accepted(kind: object) -> None:
    with pytest.raises(OperatorError) as caught:
        source_from_json(json.dumps({"kind": kind, "vid": "v", "url": "https://h/x.mp4"}))
    assert caught.value.code is ErrorCode.INPUT_FILE_UNUSABLE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"kind":"sts","play_auth":"geheim"}',
        '{"kind":"auth","access_key_id":"geheim"}',
        '{"kind":"sts","vid":7}',
        '{"kind":"sts","vid":null}',
        '{"kind":"sts","force_quality":"yes"}',
        '{"kind":"sts","auth_timeout":"60"}',
        '{"kind":"sts","auth_timeout":true}',
        '{"kind":"sts","play_config":[]}',
        '{"kind":"sts","new_field":"geheim"}',
    ],
)
def test_a_source_file_that_is_wrong(text: str) -> None:
    with pytest.raises(OperatorError) as caught:
        source_from_json(text)
    assert caught.value.code is ErrorCode.INPUT_FILE_UNUSABLE
    assert caught.value.remedy
    assert "geheim" not in str(caught.value)
