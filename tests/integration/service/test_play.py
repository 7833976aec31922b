"""GetPlayInfo, the content gate and the key endpoint."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, quote, urlencode, urljoin, urlsplit

import pytest

from vodseal.error_codes import ErrorCode
from vodseal.errors import RequestError
from vodseal.rpc.codec import decode_answer

from .conftest import SEGMENT, publish


def play_infos(service, video_id, **parameters):
    answer = service.ok("GetPlayInfo", VideoId=video_id, **parameters)
    return answer["PlayInfoList"]["PlayInfo"]


def key_url(playlist: str) -> str:
    return playlist.partition('URI="')[2].partition('"')[0]


@pytest.mark.behaviour("B9")
def test_unknown_and_unfinished_videos_are_refused(service):
    missing = service.call("GetPlayInfo", VideoId="0" * 32)
    assert (missing.status, missing.code) == (404, "InvalidVideo.NotFound")
    upload = service.create_video()
    waiting = service.call("GetPlayInfo", VideoId=upload.video_id)
    assert (waiting.status, waiting.code) == (403, "Forbidden.IllegalStatus")
    numbers = []
    for answer in (missing, waiting):
        with pytest.raises(RequestError) as caught:
            decode_answer(answer.status, answer.body)
        numbers.append(caught.value.code)
    assert numbers == [
        ErrorCode.SERVER_VOD_INVALIDVIDEO_NOTFOUND,
        ErrorCode.SERVER_VOD_FORBIDDEN_ILLEGALSTATUS,
    ]
    auth = service.call("GetVideoPlayAuth", VideoId=upload.video_id)
    assert auth.code == "Forbidden.IllegalStatus"
    assert service.call("GetPlayInfo").code == "MissingVideoId"


def test_types_are_those_of_the_wire(service):
    [stream] = publish(service)
    answer = service.ok("GetPlayInfo", VideoId=stream.video_id)
    base = answer["VideoBase"]
    assert (base["VideoId"], base["Duration"], base["Status"]) == (
        stream.video_id,
        "20.0000",
        "Normal",
    )
    [info] = answer["PlayInfoList"]["PlayInfo"]
    assert info["JobId"] == stream.job_id
    assert (info["Encrypt"], info["EncryptType"]) == (1, "HLSEncryption")
    assert (info["Size"], info["Width"], info["Height"]) == (2 * len(SEGMENT), 1280, 720)
    assert (info["Duration"], info["Bitrate"], info["Fps"]) == ("20.0000", "512.500", "25")


def test_streams_are_listed_in_the_order_they_were_made(service):
    made = publish(
        service,
        {"definition": "FD"},
        {"definition": "LD", "encrypt_type": None, "format": "mp4"},
        {"definition": "HD"},
    )
    publish(service, {"definition": "SD"}, video_id=made[0].video_id)
    infos = play_infos(service, made[0].video_id)
    assert [info["Definition"] for info in infos] == ["FD", "LD", "HD", "SD"]
    assert [info["JobId"] for info in infos][:3] == [stream.job_id for stream in made]
    clear = infos[1]
    assert clear["Encrypt"] == 0
    assert "EncryptType" not in clear


def test_filters(service):
    made = publish(
        service,
        {"definition": "FD"},
        {"definition": "SD", "encrypt_type": None, "format": "mp4"},
        {"definition": "SQ", "encrypt_type": None, "format": "mp3", "stream_type": "audio"},
    )
    video = made[0].video_id

    def found(**parameters):
        return [info["Definition"] for info in play_infos(service, video, **parameters)]

    assert found(Formats="mp4,m3u8") == ["FD", "SD"]
    assert found(Formats="") == ["FD", "SD", "SQ"]
    assert found(Definition="sd,SQ") == ["SD", "SQ"]
    assert found(StreamType="audio") == ["SQ"]
    assert found(PlayConfig='{"EncryptType":"HLSEncryption"}') == ["FD"]
    assert found(PlayConfig='{"EncryptType":"Unencrypted"}') == ["SD", "SQ"]
    assert found(OutputType="oss") == ["SD"]
    none = service.call("GetPlayInfo", VideoId=video, Definition="4K")
    assert (none.status, none.code) == (404, "InvalidVideo.NoneStream")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Formats", "avi"),
        ("StreamType", "text"),
        ("AuthTimeout", "0"),
        ("ResultType", "All"),
        ("OutputType", "ftp"),
        ("PlayConfig", "{"),
        ("PlayConfig", "[]"),
        ("ReAuthInfo", '{"rand":"a-b"}'),
    ],
)
def test_wrong_values_are_named(service, name, value):
    [stream] = publish(service)
    answer = service.call("GetPlayInfo", VideoId=stream.video_id, **{name: value})
    assert (answer.status, answer.code) == (400, f"InvalidParameter.{name}")


def test_single_gives_the_newest_of_each_definition(service):
    first, second = publish(service, {"status": "Invisible"}, {})
    assert [info["JobId"] for info in play_infos(service, first.video_id)] == [second.job_id]
    both = play_infos(service, first.video_id, ResultType="Multiple")
    assert [info["JobId"] for info in both] == [first.job_id, second.job_id]


def test_a_playlist_opens_its_segments_and_names_its_key(service):
    [stream] = publish(service)
    token = service.ok("CreateHlsUriToken", VideoId=stream.video_id)["MtsHlsUriToken"]
    config = json.dumps({"MtsHlsUriToken": token})
    [info] = play_infos(service, stream.video_id, PlayConfig=config)
    assert parse_qs(urlsplit(info["PlayURL"]).query)["MtsHlsUriToken"] == [token]
    playlist = service.http("GET", info["PlayURL"])
    assert playlist.status == 200
    assert playlist.headers["content-type"] == "application/vnd.apple.mpegurl"
    assert playlist.headers["cache-control"] == "no-store"
    text = playlist.body.decode()
    uris = [line for line in text.splitlines() if line and not line.startswith("#")]
    bodies = [service.http("GET", urljoin(info["PlayURL"], uri)).body for uri in uris]
    assert bodies == [SEGMENT, SEGMENT[::-1]]
    key = service.http("GET", urljoin(info["PlayURL"], key_url(text)))
    assert (key.status, key.body) == (200, stream.key)
    assert key.headers["cache-control"] == "no-store"
    assert key.headers["access-control-allow-origin"] == "*"


def test_urls_end_when_the_request_said(service):
    [stream] = publish(service)
    [info] = play_infos(service, stream.video_id, AuthTimeout=60)
    playlist = service.http("GET", info["PlayURL"])
    segment = urljoin(info["PlayURL"], playlist.body.decode().splitlines()[5])
    service.clock.advance(59)
    assert service.http("GET", segment).status == 200
    service.clock.advance(2)
    for url in (info["PlayURL"], segment):
        late = service.http("GET", url)
        assert late.status == 403
        assert late.headers["x-tengine-error"] == "denied by req auth: expired timestamp"


def test_urls_without_a_stated_end_follow_the_setting(service):
    [stream] = publish(service)
    service.set("url-auth-seconds", "30")
    [info] = play_infos(service, stream.video_id)
    assert service.http("GET", info["PlayURL"]).status == 200
    service.clock.advance(31)
    assert service.http("GET", info["PlayURL"]).status == 403


def test_the_gate_opens_for_a_signature_of_this_path_alone(service):
    [stream] = publish(service)
    [info] = play_infos(service, stream.video_id)
    parts = urlsplit(info["PlayURL"])
    other = parts.path.replace("index.m3u8", "seg-00000.ts")
    for target, reason in (
        (parts.path, "no auth_key"),
        (f"{parts.path}?auth_key=x", "malformed auth_key"),
        (f"{other}?{parts.query}", "invalid md5hash"),
    ):
        answer = service.http("GET", target)
        assert answer.status == 403
        assert answer.headers["x-tengine-error"] == f"denied by req auth: {reason}"


def test_a_signed_path_outside_of_the_store_finds_nothing(service):
    from vodseal.rpc.url_auth import sign

    key = service.context.keys.urls
    now = int(service.clock.now())
    for path in ("/media/../id", "/media/../../x", "/media/none.ts", "/media/", "/media/.hidden"):
        assert service.http("GET", sign(path, key, signed_at=now)).status == 404, path


def test_rand_and_uid_travel_in_the_signature(service):
    [stream] = publish(service)
    [info] = play_infos(service, stream.video_id, ReAuthInfo='{"rand":"abc","uid":7}')
    auth = parse_qs(urlsplit(info["PlayURL"]).query)["auth_key"][0]
    assert auth.split("-")[1:3] == ["abc", "7"]
    assert service.http("GET", info["PlayURL"]).status == 200


@pytest.fixture
def mp4(service):
    body = bytes(range(256)) * 20_000
    values = {"format": "mp4", "encrypt_type": None, "body": body, "size": len(body)}
    [stream] = publish(service, values)
    [info] = play_infos(service, stream.video_id)
    return info["PlayURL"], body


def test_a_whole_file(service, mp4):
    url, body = mp4
    answer = service.http("GET", url)
    assert (answer.status, answer.body == body) == (200, True)
    assert answer.headers["content-length"] == str(len(body))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-type"] == "video/mp4"
    head = service.http("HEAD", url)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(body))
    same = service.http("GET", url, headers={"If-None-Match": answer.headers["etag"]})
    assert (same.status, same.body) == (304, b"")


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=5-", 5, None),
        ("bytes=-7", -7, None),
        ("bytes=0-", 0, None),
        ("bytes=1048570-3145735", 1048570, 3145736),
        ("bytes=10-99999999", 10, None),
        ("bytes=-99999999", 0, None),
    ],
)
def test_ranges(service, mp4, header, start, end):
    url, body = mp4
    answer = service.http("GET", url, headers={"Range": header})
    expected = body[start:end]
    first = start if start >= 0 else len(body) + start
    assert answer.status == 206
    assert answer.body == expected
    last = first + len(expected) - 1
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(body)}"


def test_ranges_that_cannot_be_had(service, mp4):
    url, body = mp4
    for header in (f"bytes={len(body)}-", "bytes=-0"):
        answer = service.http("GET", url, headers={"Range": header})
        assert answer.status == 416
        assert answer.headers["content-range"] == f"bytes */{len(body)}"
    for header in ("bytes=5-2", "bytes=-", "items=0-1", "bytes=0-1,4-5"):
        assert service.http("GET", url, headers={"Range": header}).status == 200


def test_if_range_takes_the_file_as_it_was(service, mp4):
    url, body = mp4
    etag = service.http("HEAD", url).headers["etag"]
    same = service.http("GET", url, headers={"Range": "bytes=0-3", "If-Range": etag})
    assert (same.status, same.body) == (206, body[:4])
    other = service.http("GET", url, headers={"Range": "bytes=0-3", "If-Range": '"x"'})
    assert (other.status, len(other.body)) == (200, len(body))


def test_every_refusal_of_a_key_is_the_same(service):
    [stream] = publish(service)
    [other] = publish(service)
    token = service.ok("CreateHlsUriToken", VideoId=stream.video_id, Timeout=60)["MtsHlsUriToken"]
    right = parse_qs(urlsplit(key_url(stream.playlist)).query)
    foreign = parse_qs(urlsplit(key_url(other.playlist)).query)

    def ask(**changes):
        values = {name: value[0] for name, value in right.items()} | {"MtsHlsUriToken": token}
        values |= changes
        return service.http("GET", "/key?" + urlencode({k: v for k, v in values.items() if v}))

    assert ask().body == stream.key
    assert ask(MediaId="").body == stream.key
    refused = [
        ask(MtsHlsUriToken=""),
        ask(MtsHlsUriToken=token[:-2] + "AA"),
        ask(MediaId=other.video_id),
        ask(Ciphertext=foreign["Ciphertext"][0], MediaId=other.video_id),
        ask(Ciphertext="AAAA"),
        ask(Ciphertext=""),
    ]
    service.clock.advance(61)
    refused.append(ask())
    assert {(answer.status, answer.body) for answer in refused} == {(403, b"")}


def test_a_ciphertext_may_be_spelled_in_several_ways(service):
    [stream] = publish(service)
    token = service.ok("CreateHlsUriToken", VideoId=stream.video_id)["MtsHlsUriToken"]
    text = parse_qs(urlsplit(key_url(stream.playlist)).query)["Ciphertext"][0]
    urlsafe = text.replace("+", "-").replace("/", "_").rstrip("=")
    for name, value in (
        ("Ciphertext", quote(text, safe="")),
        ("CipherText", quote(text, safe="")),
        ("Ciphertext", urlsafe),
        ("Ciphertext", text.replace("=", "%3D").replace("/", "%2F")),  # '+' arrives as a blank
    ):
        answer = service.http("GET", f"/key?{name}={value}&MtsHlsUriToken={token}")
        assert (answer.status, answer.body) == (200, stream.key), (name, value)


def test_a_key_is_gone_with_its_video(service):
    [stream] = publish(service)
    token = service.ok("CreateHlsUriToken")["MtsHlsUriToken"]
    url = f"{key_url(stream.playlist)}&MtsHlsUriToken={token}"
    assert service.http("GET", url).body == stream.key
    service.ok("DeleteVideo", VideoIds=stream.video_id)
    assert service.http("GET", url).status == 403


def test_only_the_operator_makes_a_token_for_every_video(service):
    [stream] = publish(service)
    credential = service.sts()
    assert service.call("CreateHlsUriToken", credential).code == "NoPermission"
    bound = service.ok("CreateHlsUriToken", credential, VideoId=stream.video_id)
    url = f"{key_url(stream.playlist)}&MtsHlsUriToken={bound['MtsHlsUriToken']}"
    assert service.http("GET", url).body == stream.key
    assert service.call("CreateHlsUriToken", VideoId="0" * 32).code == "InvalidVideo.NotFound"
    assert service.call("CreateHlsUriToken", Timeout=0).code == "InvalidParameter.Timeout"
