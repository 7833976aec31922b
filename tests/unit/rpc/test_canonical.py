"""The form that both sides sign (wire 1, 2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.errors import RpcError
from vodseal.rpc.canonical import (
    MAX_PARAMETER_COUNT,
    canonical_query,
    parse_parameters,
    percent_encode,
)

names = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda name: name != "Signature")
values = st.text(st.characters(codec="utf-8"))


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("", ""),
        ("AZaz09-_.~", "AZaz09-_.~"),
        (" ", "%20"),
        ("*", "%2A"),
        ("+", "%2B"),
        ("/", "%2F"),
        ("%7E", "%257E"),
        ("é", "%C3%A9"),
        ("视", "%E8%A7%86"),
        ("😀", "%F0%9F%98%80"),
        ("a\x00b\n", "a%00b%0A"),
        ("\ud800", "%3F"),
    ],
)
def test_encoding_is_rfc_3986(text: str, encoded: str) -> None:
    assert percent_encode(text) == encoded


def test_names_are_sorted_by_bytes_and_the_signature_is_left_out() -> None:
    parameters = {"b": "2", "a": "1", "B": "3", "Signature": "x", "é": "4", "Formats": ""}
    assert canonical_query(parameters) == "B=3&Formats=&a=1&b=2&%C3%A9=4"


@pytest.mark.parametrize("space", ["+", "%20"])
def test_both_ways_to_write_a_space_are_read(space: str) -> None:
    assert parse_parameters(f"Title=a{space}b") == {"Title": "a b"}


def test_form_parameters_count_like_those_of_the_query() -> None:
    assert parse_parameters("A=1&Formats=", "B=%2F2") == {"A": "1", "Formats": "", "B": "/2"}


@pytest.mark.parametrize(("query", "form"), [("A=1&A=1", ""), ("A=1", "A=2"), ("", "A=&A=")])
def test_a_name_given_twice_is_refused(query: str, form: str) -> None:
    with pytest.raises(RpcError) as caught:
        parse_parameters(query, form)
    assert caught.value.server_code == "InvalidParameter"
    assert caught.value.message == "The parameter 'A' is given twice."


def test_the_number_of_parameters_is_limited() -> None:
    fits = "&".join(f"p{number}=1" for number in range(MAX_PARAMETER_COUNT))
    assert len(parse_parameters(fits)) == MAX_PARAMETER_COUNT
    with pytest.raises(RpcError) as caught:
        parse_parameters(f"{fits}&one=more")
    assert caught.value.server_code == "InvalidParameter"
    assert caught.value.message == "The request has too many parameters."


def test_a_long_name_is_not_repeated_in_full() -> None:
    name = "x" * 65
    with pytest.raises(RpcError, match=f"parameter '{name[:64]}' is"):
        parse_parameters(f"{name}=1&{name}=1")


@given(st.dictionaries(names, values, max_size=20))
def test_what_is_written_reads_back(parameters: dict[str, str]) -> None:
    assert parse_parameters(canonical_query(parameters)) == parameters


@given(st.dictionaries(names, values, max_size=8), st.dictionaries(names, values, max_size=8))
def test_two_sets_have_one_form_only_when_they_are_equal(
    left: dict[str, str], right: dict[str, str]
) -> None:
    assert (canonical_query(left) == canonical_query(right)) == (left == right)
