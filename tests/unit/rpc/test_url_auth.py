"""Media URLs, type A (wire 12)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.errors import MisuseError
from vodseal.rpc.url_auth import UrlVerdict, auth_key, check, sign

PATH = "/video/standard/1K.html"
KEY = "aliyuncdnexp1234"
AT = 1_444_435_200
PUBLISHED = "1444435200-0-0-80cd3862d699b7118eed99103f2a3a4f"


def verdict(
    given_key: str, *, path: str = PATH, keys: tuple[str, ...] = (KEY,), now: float = AT
) -> UrlVerdict:
    return check(path, given_key, keys, now=now, valid_seconds=1800)


def test_the_published_vector() -> None:
    assert auth_key(PATH, KEY, signed_at=AT) == PUBLISHED
    assert sign(PATH, KEY, signed_at=AT) == f"{PATH}?auth_key={PUBLISHED}"
    assert verdict(PUBLISHED) is UrlVerdict.VALID


def test_rand_and_uid_are_covered() -> None:
    value = auth_key(PATH, KEY, signed_at=AT, rand="ab12", uid="u_1")
    assert value.startswith("1444435200-ab12-u_1-")
    assert verdict(value) is UrlVerdict.VALID
    assert verdict(value.replace("ab12", "ab13")) is UrlVerdict.WRONG_HASH
    assert verdict(value.replace("u_1", "u_2")) is UrlVerdict.WRONG_HASH


def test_a_signed_url_carries_all_of_it() -> None:
    value = auth_key(PATH, KEY, signed_at=AT, rand="ab12", uid="u_1")
    assert sign(PATH, KEY, signed_at=AT, rand="ab12", uid="u_1") == f"{PATH}?auth_key={value}"


def test_half_a_character_in_a_path_is_a_wrong_path_and_no_more() -> None:
    assert verdict(PUBLISHED, path="/\ud800") is UrlVerdict.WRONG_HASH


def test_it_ends_after_its_time() -> None:
    assert verdict(PUBLISHED, now=AT + 1800) is UrlVerdict.VALID
    assert verdict(PUBLISHED, now=AT + 1801) is UrlVerdict.EXPIRED


def test_primary_and_secondary_key_are_both_good() -> None:
    assert verdict(PUBLISHED, keys=("new", KEY)) is UrlVerdict.VALID
    assert verdict(PUBLISHED, keys=(KEY, "new")) is UrlVerdict.VALID
    assert verdict(PUBLISHED, keys=("new",)) is UrlVerdict.WRONG_HASH
    assert verdict(PUBLISHED, keys=()) is UrlVerdict.WRONG_HASH


def test_another_path_needs_another_key() -> None:
    assert verdict(PUBLISHED, path=f"{PATH}x") is UrlVerdict.WRONG_HASH
    assert verdict(PUBLISHED, path="/video/standard/1k.html") is UrlVerdict.WRONG_HASH


def test_the_time_is_covered() -> None:
    later = PUBLISHED.replace(str(AT), str(AT + 1))
    assert verdict(later) is UrlVerdict.WRONG_HASH


@pytest.mark.parametrize(
    "value",
    [
        "x",
        "1444435200-0-0",
        f"{PUBLISHED}-",
        f" {PUBLISHED}",
        f"{PUBLISHED}\n",
        PUBLISHED.upper(),
        PUBLISHED.replace("1444435200", "-1"),
        PUBLISHED.replace("1444435200", "1e9"),
        PUBLISHED.replace("1444435200", "9" * 13),
        PUBLISHED.replace("1444435200", "\uff11444435200"),
        PUBLISHED.replace("-0-0-", "--0-"),
        PUBLISHED[:-1],
    ],
)
def test_malformed_values(value: str) -> None:
    assert verdict(value) is UrlVerdict.MALFORMED


def test_none_at_all() -> None:
    assert verdict("") is UrlVerdict.MISSING


@pytest.mark.parametrize("word", ["", "a-b", "a b", "x" * 65, "é"])
def test_what_would_break_the_form_is_a_misuse(word: str) -> None:
    with pytest.raises(MisuseError):
        auth_key(PATH, KEY, signed_at=AT, rand=word)
    with pytest.raises(MisuseError):
        auth_key(PATH, KEY, signed_at=AT, uid=word)


words = st.from_regex(r"[0-9A-Za-z_]{1,64}", fullmatch=True)


@given(st.text(max_size=50), st.text(max_size=50), st.integers(0, 10**11), words, words)
def test_what_is_signed_is_valid(path: str, key: str, at: int, rand: str, uid: str) -> None:
    value = auth_key(path, key, signed_at=at, rand=rand, uid=uid)
    assert check(path, value, [key], now=at, valid_seconds=0) is UrlVerdict.VALID


@given(st.text(max_size=200))
def test_no_text_breaks_the_gate(value: str) -> None:
    assert verdict(value) is not UrlVerdict.VALID
