"""Which bytes of a film a player asks for (RFC 9110, 14.1.2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.player.byte_range import parse_range


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, None),
        ("bytes=0-4", range(5)),
        ("bytes= 5-", range(5, 10)),
        ("bytes=-3", range(7, 10)),
        ("bytes=10-", range(0)),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("bytes= -", None),
        ("bytes=\x0b-\t", None),
    ],
)
def test_ranges(header: str | None, found: range | None) -> None:
    assert parse_range(header, 10) == found


@given(st.from_regex(r"bytes=\s*[0-9]*-[0-9]*\s*", fullmatch=True), st.integers(0, 100))
def test_any_header_gives_bytes_of_the_film(header: str, size: int) -> None:
    found = parse_range(header, size)
    assert found is None or not found or range(size)[found.start : found.stop] == found
