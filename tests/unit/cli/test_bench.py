"""Sizes on the command line of ``vodseal bench``."""

from __future__ import annotations

import pytest

from vodseal.cli.bench import parse_size
from vodseal.errors import MisuseError


@pytest.mark.parametrize(
    ("text", "size"),
    [("4GB", 4_000_000_000), ("50 mb", 50_000_000), ("1.5GB", 1_500_000_000), ("4096", 4096)],
)
def test_a_size(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "GB", "4GiB", "-1MB", "0", "0.1", "many"])
def test_no_size(text: str) -> None:
    with pytest.raises(MisuseError):
        parse_size(text)
