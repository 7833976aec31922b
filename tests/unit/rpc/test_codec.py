"""Answers: JSON, XML, and what is made of bad ones (wire 1, 4)."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.error_codes import ErrorCode
from vodseal.errors import RequestError
from vodseal.rpc.codec import decode_answer, decode_json, encode_answer, encode_error, encode_json

ANSWER = {
    "VideoBase": {"VideoId": "v", "Title": 'a <b> & "c" é'},
    "PlayInfoList": {"PlayInfo": [{"Size": 1, "Encrypt": 0}, {"Size": 2, "Remove": False}]},
    "NonExistVideoIds": ["x", "y"],
    "Nothing": None,
}


def test_json_answers() -> None:
    encoded = encode_answer("GetPlayInfo", ANSWER, request_id="R")
    assert encoded.content_type == "application/json;charset=utf-8"
    assert json.loads(encoded.body) == {**ANSWER, "RequestId": "R"}


@pytest.mark.parametrize("name", ["", "json", "JSON", "yaml"])
def test_only_xml_gets_xml(name: str) -> None:
    encoded = encode_answer("X", {}, request_id="R", format_name=name)
    assert encoded.body == b'{"RequestId":"R"}'


@pytest.mark.parametrize("name", ["XML", "xml"])
def test_xml_answers_repeat_the_elements_of_a_list(name: str) -> None:
    encoded = encode_answer("GetPlayInfo", ANSWER, request_id="R", format_name=name)
    assert encoded.content_type == "text/xml;charset=utf-8"
    root = ET.fromstring(encoded.body)  # noqa: S314 - our own output
    assert root.tag == "GetPlayInfoResponse"
    assert [item.text for item in root.findall("PlayInfoList/PlayInfo/Size")] == ["1", "2"]
    assert [item.text for item in root.findall("NonExistVideoIds")] == ["x", "y"]
    assert root.findtext("VideoBase/Title") == 'a <b> & "c" é'
    assert root.findtext("PlayInfoList/PlayInfo/Remove") == "false"
    assert root.find("Nothing") is None
    assert root.findtext("RequestId") == "R"


def test_xml_to_the_byte() -> None:
    answer = {"A": {"B": [1, 2.5]}, "C": [], "D": True, "E": None, "F": '<\x01&"'}
    encoded = encode_answer("X", answer, request_id="R", format_name="XML")
    assert encoded.body.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?><XResponse><A><B>1</B><B>2.5</B></A><D>true</D>'
        '<F>&lt;\ufffd&amp;"</F><RequestId>R</RequestId></XResponse>'
    )


def test_json_to_the_byte() -> None:
    body = encode_answer("X", {"A": ["é", 1.5, None]}, request_id="R").body
    assert body.decode() == '{"A":["é",1.5,null],"RequestId":"R"}'


@given(st.text())
def test_any_text_makes_well_formed_xml(text: str) -> None:
    encoded = encode_answer("X", {"Title": text}, request_id="R", format_name="XML")
    root = ET.fromstring(encoded.body)  # noqa: S314 - our own output
    assert root.findtext("RequestId") == "R"


@given(st.text())
def test_any_text_makes_json(text: str) -> None:
    body = encode_answer("X", {"Title": text}, request_id="R").body
    assert json.loads(body)["RequestId"] == "R"


def test_half_a_character_is_answered_by_a_question_mark() -> None:
    assert encode_answer("X", {"Title": "\ud800"}, request_id="R").body.startswith(b'{"Title":"?"')


def test_text_with_half_a_character_is_no_json() -> None:
    with pytest.raises(ValueError):
        decode_json('{"a":"\ud800"}')


def test_a_refusal_has_five_members() -> None:
    encoded = encode_error("InvalidVideo.NotFound", "", request_id="R", host_id="vod.x")
    assert json.loads(encoded.body) == {
        "RequestId": "R",
        "HostId": "vod.x",
        "Code": "InvalidVideo.NotFound",
        "Message": "The video does not exist.",
        "Recommend": "https://help.aliyun.com/zh/vod/developer-reference/error-codes?code=InvalidVideo.NotFound",
    }


def test_a_refusal_keeps_its_own_words() -> None:
    body = encode_error("NoPermission", "Not yours.", request_id="R", host_id="h").body
    assert json.loads(body)["Message"] == "Not yours."
    same = encode_error("MissingVideoId", "MissingVideoId", request_id="R", host_id="h").body
    assert json.loads(same)["Message"] == "VideoId is mandatory for this action."


def test_a_refusal_in_xml_has_its_own_root() -> None:
    encoded = encode_error("NoPermission", "", request_id="R", host_id="h", format_name="XML")
    assert ET.fromstring(encoded.body).tag == "Error"  # noqa: S314 - our own output


def refused(status: int, body: bytes) -> RequestError:
    with pytest.raises(RequestError) as caught:
        decode_answer(status, body)
    return caught.value


def test_a_good_answer_is_returned() -> None:
    assert decode_answer(200, b'{"RequestId":"R","A":{"B":1}}') == {"RequestId": "R", "A": {"B": 1}}


@pytest.mark.parametrize("body", [b"", b" \r\n"])
@pytest.mark.parametrize("status", [200, 502])
def test_an_empty_answer(status: int, body: bytes) -> None:
    error = refused(status, body)
    assert error.code is ErrorCode.SERVER_NO_RESPONSE
    assert f"HTTP {status}" in error.message


@pytest.mark.parametrize(
    "body",
    [
        b"<html>502</html>",
        b"[]",
        b'"x"',
        b"null",
        b"{",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b"\xff\xfe\x00",
        b'{"a":' + b"[" * 100_000,
        b'{"a":' + b"9" * 10_000 + b"}",
        b'{"a":"\xed\xb3\x8f"}',
        b'{"a":["\\udccf"]}',
    ],
    ids=lambda body: repr(body[:12]),
)
def test_an_answer_that_is_no_json_object(body: bytes) -> None:
    error = refused(200, body)
    assert error.code is ErrorCode.SERVER_WRONG_JSON
    assert "HTTP 200" in error.message


def test_a_refusal_carries_code_text_and_request_id() -> None:
    error = refused(403, b'{"Code":"Forbidden.RAM","Message":"no","RequestId":"R"}')
    assert error.code is ErrorCode.SERVER_VOD_UNKNOWN
    assert error.server_code == "Forbidden.RAM"
    assert error.request_id == "R"
    assert "Forbidden.RAM" in error.message
    assert "no" in error.message


def test_a_refusal_in_lower_case_is_read_as_well() -> None:
    error = refused(400, b'{"code":"NoPermission","message":"no","requestId":"R"}')
    assert (error.message, error.request_id) == ("NoPermission: no", "R")


def test_a_refusal_without_words_has_at_least_its_status() -> None:
    error = refused(500, b"{}")
    assert (error.message, error.request_id, error.server_code) == ("HTTP 500", "", "")


@pytest.mark.parametrize(
    ("status", "body", "client"),
    [
        (
            404,
            b'{"code":"InvalidVideo.NotFound","message":"m"}',
            ErrorCode.SERVER_VOD_INVALIDVIDEO_NOTFOUND,
        ),
        (200, b'{"Code":"SignatureNonceUsed"}', ErrorCode.SERVER_POP_SIGNATUREANONCE_USED),
        (500, b"{}", ErrorCode.SERVER_POP_UNKNOWN),
        (300, b"{}", ErrorCode.SERVER_POP_UNKNOWN),
        (199, b"{}", ErrorCode.SERVER_POP_UNKNOWN),
        (400, b'{"Code":7,"Message":["x"],"RequestId":{}}', ErrorCode.SERVER_VOD_UNKNOWN),
    ],
)
def test_odd_refusals(status: int, body: bytes, client: ErrorCode) -> None:
    assert refused(status, body).code is client


@given(st.binary(max_size=200), st.sampled_from([200, 400, 503]))
def test_nothing_but_a_request_error_comes_out(body: bytes, status: int) -> None:
    try:
        decode_answer(status, body)
    except RequestError:
        return


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(st.dictionaries(st.text(), json_values, max_size=5))
def test_an_object_reads_back(value: dict[str, object]) -> None:
    assert decode_json(encode_json(value)) == value


def test_a_number_that_is_none_is_refused_when_writing() -> None:
    with pytest.raises(ValueError):
        encode_json({"a": float("nan")})
