"""Many byte strings at once, and the forms in which a secret shows."""

from __future__ import annotations

import base64
import json
import random
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.errors import MisuseError
from vodseal.testing.needles import SHORTEST_NEEDLE, Needles, encodings


@given(
    lengths=st.lists(st.integers(SHORTEST_NEEDLE, 70), min_size=1, max_size=6),
    places=st.lists(st.integers(0, 300), min_size=6, max_size=6),
    seed=st.integers(0, 2**32),
)
def test_every_needle_is_found_wherever_it_lies(
    lengths: list[int], places: list[int], seed: int
) -> None:
    noise = random.Random(seed)
    planted = {f"n{i}": noise.randbytes(length) for i, length in enumerate(lengths)}
    needles = Needles(planted)
    for (name, value), place in zip(planted.items(), places, strict=False):
        text = bytearray(noise.randbytes(400))
        text[place : place + len(value)] = value
        assert dict(needles.find(text, len(text))) == {name: place}
        # What lies behind ``size`` is what the buffer held before.
        assert not dict(needles.find(text, place + len(value) - 1))


def test_the_first_of_several_is_reported() -> None:
    needle = random.Random(1).randbytes(32)
    text = bytes(100) + needle + bytes(50) + needle
    assert list(Needles({"n": needle}).find(text, len(text))) == [("n", 100)]


def test_a_needle_like_its_surroundings_is_found_and_nothing_else() -> None:
    # All its windows are windows of the text as well: slower, not wrong.
    needle = bytes(24) + b"end of zeros"
    text = bytes(1000)
    assert not list(Needles({"n": needle}).find(text, len(text)))
    assert list(Needles({"n": needle}).find(text + needle, 1036)) == [("n", 1000)]


def test_a_needle_found_by_chance_is_refused() -> None:
    with pytest.raises(MisuseError):
        Needles({"short": bytes(SHORTEST_NEEDLE - 1)})


def test_no_needles_find_nothing() -> None:
    assert not list(Needles({}).find(b"anything", 8))


SECRET = random.Random(7).randbytes(16)
TEXT_SECRET = b"Qh7uKx0PzR+c/4eVnT9wLm2B"


@pytest.mark.parametrize("secret", [SECRET, TEXT_SECRET], ids=["binary", "text"])
@pytest.mark.parametrize("before", [b"", b"a", b"ab", b"abc", b"abcd"])
@pytest.mark.parametrize(
    "written",
    [
        lambda b: b,
        lambda b: b.hex().encode(),
        lambda b: b.hex().upper().encode(),
        lambda b: repr(b).encode(),
        lambda b: json.dumps({"k": base64.b64encode(b).decode()}).encode(),
        base64.urlsafe_b64encode,
        lambda b: quote(base64.b64encode(b).decode(), safe="").encode(),
        lambda b: quote(b, safe="").encode(),
        lambda b: b.decode("latin-1").encode("utf-16-le"),
    ],
    ids=["raw", "hex", "HEX", "repr", "json", "base64url", "url", "percent", "utf-16"],
)
def test_a_secret_is_found_in_every_form(secret: bytes, before: bytes, written: object) -> None:
    text = written(before + secret + b"behind")  # type: ignore[operator]  # each writes what it takes
    assert dict(Needles(encodings(secret)).find(text, len(text)))


def test_forms_are_listed_once() -> None:
    forms = encodings(b"0123456789abcdef")
    assert len(set(forms.values())) == len(forms)
    assert all(len(form) >= SHORTEST_NEEDLE for form in forms.values())
