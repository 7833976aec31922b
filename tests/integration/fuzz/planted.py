"""A target with a mistake that is found at once: the fuzzer has to say so."""

from __future__ import annotations


def test_one(data: bytes) -> bool:
    if data[:1] == b"{":
        raise KeyError("planted")
    return False
