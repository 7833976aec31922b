"""Signature version 1.0, against the published and the captured vector (wire 2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.errors import RpcError
from vodseal.rpc.signing_v1 import Credential, sign, signed_parameters, string_to_sign, verify

SECRET = "testAccessKeySecret"
PUBLISHED = {
    "Format": "JSON",
    "AccessKeyId": "testAccessKeyId",
    "Action": "GetVideoPlayAuth",
    "SignatureMethod": "HMAC-SHA1",
    "SignatureNonce": "8f8a035d-6496-4268-afd4-67c22837e38d",
    "Version": "2017-03-21",
    "SignatureVersion": "1.0",
    "VideoId": "5aed81b74ba84920be578cdfe004af4b",
    "Timestamp": "2017-10-10T12:02:54Z",
}
CAPTURED = {
    "Action": "GetPlayInfo",
    "Format": "json",
    "Version": "2017-03-21",
    "Timestamp": "2026-01-02T03:04:05Z",
    "SignatureNonce": "0123456789abcdef0123456789abcdef",
    "VideoId": "0123456789abcdef0123456789abcdef",
    "SecurityToken": "testToken",
    "AccessKeyId": "testAccessKeyId",
    "SignatureMethod": "HMAC-SHA1",
    "SignatureVersion": "1.0",
}
VECTORS = [
    ("GET", PUBLISHED, "Ibgh7y8Vp47LBuAsf5Xhi1SvDss="),
    ("POST", CAPTURED, "hI3reMp2/z5HAe2RbmwFWRoOIhg="),
]


@pytest.mark.parametrize(("method", "parameters", "signature"), VECTORS)
def test_vectors(method: str, parameters: dict[str, str], signature: str) -> None:
    assert sign(method, parameters, SECRET) == signature
    verify(method, {**parameters, "Signature": signature}, SECRET)


def test_the_published_string_to_sign() -> None:
    assert string_to_sign("get", PUBLISHED) == (
        "GET&%2F&AccessKeyId%3DtestAccessKeyId%26Action%3DGetVideoPlayAuth%26Format%3DJSON"
        "%26SignatureMethod%3DHMAC-SHA1%26SignatureNonce%3D8f8a035d-6496-4268-afd4-67c22837e38d"
        "%26SignatureVersion%3D1.0%26Timestamp%3D2017-10-10T12%253A02%253A54Z"
        "%26Version%3D2017-03-21%26VideoId%3D5aed81b74ba84920be578cdfe004af4b"
    )


@pytest.mark.parametrize(("method", "parameters", "signature"), VECTORS)
@pytest.mark.parametrize("change", ["drop", "alter", "add empty", "method", "secret", "signature"])
def test_any_change_breaks_it(
    method: str, parameters: dict[str, str], signature: str, change: str
) -> None:
    signed = {**parameters, "Signature": signature}
    secret = SECRET
    if change == "drop":
        del signed["SignatureNonce"]
    elif change == "alter":
        signed["VideoId"] += "0"
    elif change == "add empty":
        signed["Formats"] = ""
    elif change == "method":
        method = {"GET": "POST", "POST": "GET"}[method]
    elif change == "secret":
        secret += "&"
    else:
        signed["Signature"] = signature.swapcase()
    with pytest.raises(RpcError) as caught:
        verify(method, signed, secret)
    assert caught.value.server_code == "SignatureDoesNotMatch"


def test_the_refusal_gives_clients_the_string_after_the_only_colon() -> None:
    """The old SDK reads ``message.split(':')[1]`` and compares it with its own (wire 14)."""
    with pytest.raises(RpcError) as caught:
        verify("POST", {**CAPTURED, "Signature": "wrong"}, SECRET)
    assert caught.value.message.count(":") == 1
    assert "server string to sign is:" in caught.value.message
    assert caught.value.message.split(":")[1] == string_to_sign("POST", CAPTURED)
    assert SECRET not in caught.value.message


@pytest.mark.parametrize("given_signature", [None, ""])
def test_no_signature(given_signature: str | None) -> None:
    signed = dict(PUBLISHED)
    if given_signature is not None:
        signed["Signature"] = given_signature
    with pytest.raises(RpcError) as caught:
        verify("GET", signed, SECRET)
    assert caught.value.server_code == "MissingSignature"


@pytest.mark.parametrize(
    ("name", "value"), [("SignatureMethod", "HMAC-SHA256"), ("SignatureVersion", "2.0")]
)
def test_another_method_or_version_is_refused_even_when_signed(name: str, value: str) -> None:
    parameters = {**PUBLISHED, name: value}
    parameters["Signature"] = sign("GET", parameters, SECRET)
    with pytest.raises(RpcError) as caught:
        verify("GET", parameters, SECRET)
    assert caught.value.server_code == f"InvalidParameter.{name}"


@pytest.mark.parametrize("garbage", ["\ud800", "é", "a" * 10_000])
def test_a_signature_that_is_no_base64_is_a_mismatch(garbage: str) -> None:
    with pytest.raises(RpcError) as caught:
        verify("GET", {**PUBLISHED, "Signature": garbage}, SECRET)
    assert caught.value.server_code == "SignatureDoesNotMatch"


@pytest.mark.parametrize("token", ["", "token"])
def test_what_we_sign_we_accept(token: str) -> None:
    credential = Credential(access_key_id="id", access_key_secret=SECRET, security_token=token)
    signed = signed_parameters(
        "POST", {"Action": "X", "Title": "a b*~é"}, credential, nonce="n", timestamp="t"
    )
    verify("POST", signed, SECRET)
    assert signed.pop("Signature")
    assert signed.pop("SecurityToken", "") == token
    assert signed == {
        "Action": "X",
        "Title": "a b*~é",
        "AccessKeyId": "id",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": "n",
        "Timestamp": "t",
    }


def test_a_credential_without_a_token_has_none() -> None:
    assert Credential(access_key_id="id", access_key_secret="s").security_token == ""


def test_a_credential_shows_no_secret() -> None:
    text = repr(Credential(access_key_id="id", access_key_secret="geheim", security_token="tok3n"))
    assert "geheim" not in text
    assert "tok3n" not in text


texts = st.text(st.characters(codec="utf-8"))


@given(st.dictionaries(texts, texts, max_size=8), texts, st.sampled_from(["GET", "POST"]))
def test_every_set_of_parameters_verifies(
    parameters: dict[str, str], secret: str, method: str
) -> None:
    parameters = {k: v for k, v in parameters.items() if not k.startswith("Signature")}
    verify(method, {**parameters, "Signature": sign(method, parameters, secret)}, secret)


def test_a_secret_that_no_one_can_send_signs_nothing_else_than_a_question_mark() -> None:
    assert sign("GET", {"A": "1"}, "\ud800") == sign("GET", {"A": "1"}, "?")
