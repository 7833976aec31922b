"""The token of the key endpoint (wire 10)."""

from __future__ import annotations

import base64
import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.errors import MisuseError, RpcError
from vodseal.rpc.hls_token import HlsToken, check_token, make_token

KEY = b"k" * 32
NOW = 1_767_323_045
TOKEN = HlsToken(expires_at=NOW + 60, nonce=b"12345678", video_id="a" * 32)
VECTOR = "AQAAAABpVzXhMTIzNDU2Nzh2aWQN-8jdpE3-92iLhCQx3ghS8o05lo81Wxer-QGIlvMtVQ"


def refusal(text: str, *, key: bytes = KEY, video_id: str = "a" * 32, now: float = NOW) -> str:
    with pytest.raises(RpcError) as caught:
        check_token(key, text, video_id=video_id, now=now)
    return caught.value.server_code


def test_it_is_checked() -> None:
    assert check_token(KEY, make_token(KEY, TOKEN), video_id="a" * 32, now=NOW) == TOKEN


def test_its_form_is_pinned() -> None:
    token = HlsToken(expires_at=NOW + 60, nonce=b"12345678", video_id="vid")
    assert make_token(KEY, token) == VECTOR


def test_it_can_stand_in_a_query_as_it_is() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]+", make_token(b"\xff" * 32, TOKEN))


@pytest.mark.parametrize("video_id", ["a" * 32, "", "anything"])
def test_a_token_without_a_video_is_good_for_all(video_id: str) -> None:
    token = HlsToken(expires_at=NOW + 60, nonce=b"12345678")
    assert check_token(KEY, make_token(KEY, token), video_id=video_id, now=NOW) == token


def test_another_video() -> None:
    assert refusal(make_token(KEY, TOKEN), video_id="b" * 32) == "InvalidHlsUriToken.MediaId"
    assert refusal(make_token(KEY, TOKEN), video_id="") == "InvalidHlsUriToken.MediaId"


def test_expiry() -> None:
    text = make_token(KEY, TOKEN)
    check_token(KEY, text, video_id="a" * 32, now=NOW + 59.9)
    assert refusal(text, now=NOW + 60) == "InvalidHlsUriToken.Expired"


def test_another_key() -> None:
    assert refusal(make_token(b"x" * 32, TOKEN)) == "InvalidHlsUriToken"


def test_no_bit_can_be_flipped() -> None:
    text = make_token(KEY, TOKEN)
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    for position in range(len(data)):
        flipped = bytearray(data)
        flipped[position] ^= 1
        changed = base64.urlsafe_b64encode(flipped).rstrip(b"=").decode()
        assert refusal(changed) == "InvalidHlsUriToken"


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "é", "A" * 257, "A" * 64, "+/+/", " "),
        *(VECTOR[:-1], f"{VECTOR}AA", f"!!!!{VECTOR}", f"{VECTOR[:8]}\r\n\r\n{VECTOR[8:]}"),
    ],
)
def test_what_is_no_token(text: str) -> None:
    assert refusal(text, video_id="vid") == "InvalidHlsUriToken"


@pytest.mark.parametrize(
    ("nonce", "video_id"), [(b"", "v"), (b"123456789", "v"), (b"12345678", "v" * 65)]
)
def test_a_token_that_would_not_read_back_is_a_misuse(nonce: bytes, video_id: str) -> None:
    with pytest.raises(MisuseError):
        make_token(KEY, HlsToken(expires_at=NOW, nonce=nonce, video_id=video_id))


@given(
    st.text(st.characters(codec="utf-8"), max_size=16),
    st.integers(1, 1 << 63),
    st.binary(min_size=8, max_size=8),
)
def test_every_token_reads_back(video_id: str, expires_at: int, nonce: bytes) -> None:
    token = HlsToken(expires_at=expires_at, nonce=nonce, video_id=video_id)
    assert check_token(KEY, make_token(KEY, token), video_id=video_id, now=0) == token


def test_tokens_read_back_whatever_letter_they_end_with() -> None:
    for expires_at in (*range(NOW + 1, NOW + 300), (1 << 64) - 1):
        token = HlsToken(expires_at=expires_at, nonce=b"12345678", video_id="12")
        assert check_token(KEY, make_token(KEY, token), video_id="12", now=NOW) == token


def test_an_authentic_token_for_no_text_is_for_no_video() -> None:
    body = b"\1" + (NOW + 60).to_bytes(8, "big") + b"12345678" + b"\xff"
    mac = hmac.digest(KEY, b"vodseal1/hls-uri-token\0" + body, "sha256")
    assert refusal(base64.urlsafe_b64encode(body + mac).decode()) == "InvalidHlsUriToken.MediaId"


def test_the_longest_video_id() -> None:
    token = HlsToken(expires_at=NOW + 60, nonce=b"12345678", video_id="v" * 64)
    assert check_token(KEY, make_token(KEY, token), video_id="v" * 64, now=NOW) == token
