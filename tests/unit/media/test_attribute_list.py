"""The values of playlist tags (RFC 8216 section 4.2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.errors import PlaylistError
from vodseal.media.attribute_list import (
    MAX_INTEGER,
    parse_attributes,
    parse_float,
    parse_integer,
    quoted,
)


def test_values_are_told_apart_by_their_quotes() -> None:
    attributes = parse_attributes("#T", 'A=x,B="y,z=1",C=7,D=0x0A,E=""')
    assert attributes.word("A") == "x"
    assert attributes.text("B") == "y,z=1"
    assert attributes.integer("C") == 7
    assert attributes.hex_bytes("D", 2) == b"\x00\x0a"
    assert attributes.text("E") == ""
    assert "A" in attributes
    assert "X" not in attributes
    assert attributes.word("X", "d") == "d"
    assert attributes.text("X", "d") == "d"
    assert attributes.integer("X", 3) == 3
    for wrong in (
        lambda: attributes.word("B"),
        lambda: attributes.text("A"),
        lambda: attributes.word("X"),
    ):
        with pytest.raises(PlaylistError, match="#T"):
            wrong()


@pytest.mark.parametrize(
    "text",
    [
        "A",
        "A=",
        "=1",
        "a=1",
        "A=1,",
        ",A=1",
        "A=1,,B=2",
        "A=1 ,B=2",
        "A=1, B=2",
        'A="x',
        'A="x"y',
        "A=1,A=2",
        "A=x y",
        'A=x"y"',
    ],
)
def test_what_is_no_attribute_list(text: str) -> None:
    with pytest.raises(PlaylistError):
        parse_attributes("#T", text)


def test_an_empty_list_has_no_attributes() -> None:
    assert "A" not in parse_attributes("#T", "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "-1",
        "+1",
        "1.0",
        "1e1",
        " 1",
        "1\n",
        "1_000",
        "\u0661",
        str(MAX_INTEGER + 1),
        "9" * 40,
    ],
)
def test_what_is_no_integer(text: str) -> None:
    with pytest.raises(PlaylistError):
        parse_integer(text)


@pytest.mark.parametrize(
    "text", ["", ".", ".5", "-1", "+1", "1e1", "nan", "inf", " 1", "1,5", "\u0661", "1" * 20]
)
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(PlaylistError):
        parse_float(text)


@given(st.integers(0, MAX_INTEGER))
def test_integers(value: int) -> None:
    assert parse_integer(str(value)) == value


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters='"'))
)
def test_a_quoted_string_reads_back(text: str) -> None:
    assert parse_attributes("#T", f"A={quoted(text)},B=1").text("A") == text


@pytest.mark.parametrize("text", ['"', "a\nb", "a\rb", "\x00", "\x7f"])
def test_what_cannot_be_quoted(text: str) -> None:
    with pytest.raises(PlaylistError):
        quoted(text)


def test_hex_numbers_have_a_size() -> None:
    assert parse_attributes("#T", "A=0xffFF").hex_bytes("A", 2) == b"\xff\xff"
    for text in ("A=0x1ffff", "A=ffff", "A=0x", "A=0xg", "A=0x-1"):
        with pytest.raises(PlaylistError):
            parse_attributes("#T", text).hex_bytes("A", 2)


def test_limits_are_those_of_a_signed_number_of_64_bits() -> None:
    assert parse_integer("9223372036854775807") == MAX_INTEGER == 9223372036854775807
    assert parse_float("9" * 19 + "." + "9" * 32) == 1e19
    with pytest.raises(PlaylistError):
        parse_float("1." + "9" * 33)


def test_quoting() -> None:
    assert quoted("a b") == '"a b"'
