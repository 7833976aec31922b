"""What an upload client sends, as text: part lists, numbers, dates (wire 6)."""

from __future__ import annotations

import pytest

from vodseal.errors import UploadRefusedError
from vodseal.service.multipart import _number, read_part_list
from vodseal.service.upload_request import _check_date

ONE = f'<Part><PartNumber>1</PartNumber><ETag>"{"a" * 32}"</ETag></Part>'
TWO = f"<Part>\n<ETag>&quot;{'b' * 32}&quot;</ETag><PartNumber> 2 </PartNumber></Part>"


def refusal_of(text: str) -> str:
    with pytest.raises(UploadRefusedError) as caught:
        read_part_list(text)
    return caught.value.server_code


def test_a_list_of_parts() -> None:
    assert read_part_list(f"<Complete>{ONE}{TWO}</Complete>") == [(1, "A" * 32), (2, "B" * 32)]


@pytest.mark.parametrize(
    "text",
    ["", "<Part>", "</Part>", "<Part></Part>", ONE.replace("<Part>", ""), ONE + "<Part></Part>"],
)
def test_what_is_no_list_of_parts(text: str) -> None:
    assert refusal_of(text) == "MalformedXML"


@pytest.mark.parametrize("text", [TWO + ONE, ONE + ONE])
def test_parts_are_listed_once_and_in_order(text: str) -> None:
    assert refusal_of(text) == "InvalidPartOrder"


def test_a_list_that_never_ends_a_part_is_read_in_one_pass() -> None:
    """A search for each end from each beginning would take an hour."""
    assert refusal_of("<Part>" * 700_000) == "MalformedXML"


@pytest.mark.parametrize("text", ["10001", "0" * 9 + "9" * 5000, "9" * 5000, "-1", "1.0", "\u0665"])
def test_numbers_that_are_refused(text: str) -> None:
    with pytest.raises(UploadRefusedError) as caught:
        _number(text, 0, 10_000)
    assert caught.value.server_code == "InvalidArgument"


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", f"Tue, 14 Nov 2023 22:13:{9**30} GMT", f"Tue, 14 Nov {9**30} 1:1:1 GMT"],
)
def test_dates_that_are_none(text: str) -> None:
    with pytest.raises(UploadRefusedError) as caught:
        _check_date(text, 1_700_000_000.0)
    assert caught.value.server_code == "AccessDenied"
