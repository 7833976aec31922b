from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.service.packaging.access_units import is_one_picture, nal_length_size

AUD, SEI, SPS, PPS, END = b"\x09\xf0", b"\x06\x05\x01", b"\x67\x42", b"\x68\xce", b"\x0a"
HEAD = b"\x65\x88\x84"
"""A slice from macroblock 0 on: its header begins with a 1 bit."""
SECOND, THIRD = b"\x65\x50\x84", b"\x65\x1c\x84"
"""Slices from macroblocks 1 and 6 on."""
FAR = b"\x41\x00\x00\x80\x00\x80\x00"
"""From macroblock 65536 on."""


def sample(*units: bytes, length_size: int = 4) -> memoryview:
    return memoryview(b"".join(len(unit).to_bytes(length_size) + unit for unit in units))


@pytest.mark.parametrize(
    "units",
    [
        (HEAD,),
        (AUD, SPS, PPS, SEI, HEAD),
        (HEAD, SECOND, THIRD),
        (HEAD, THIRD, FAR),
        (HEAD, END),
        (SEI,),
        (b"\x41\x9a", b"\x0c\xff"),
    ],
)
@pytest.mark.parametrize("length_size", [1, 2, 4])
def test_slices_that_go_on_are_one_picture(units, length_size):
    assert is_one_picture(sample(*units, length_size=length_size), length_size)


@pytest.mark.parametrize(
    "units",
    [
        (b"\x05\xff\xff", HEAD),
        (HEAD, HEAD),
        (HEAD, THIRD, SECOND),
        (HEAD, FAR, THIRD),
        (HEAD, AUD),
        (HEAD, SEI, SECOND),
        (HEAD, SPS),
        (HEAD, PPS, SECOND),
    ],
)
def test_a_beginning_after_a_slice_is_another_picture(units):
    assert not is_one_picture(sample(*units), 4)


def test_a_slice_without_a_number_is_refused():
    assert not is_one_picture(sample(b"\x65" + bytes(9)), 4)


@given(st.binary(max_size=64), st.sampled_from([1, 2, 4]))
def test_whatever_a_sample_holds_there_is_an_answer(data, length_size):
    assert is_one_picture(memoryview(data), length_size) in {True, False}


@pytest.mark.parametrize("left", [b"\0", b"\0\0\0\x09\x41", b"\0\0\0", bytes(4), bytes(9)])
def test_lengths_that_do_not_fit_are_refused(left):
    assert not is_one_picture(memoryview(bytes(sample(HEAD)) + left), 4)


@pytest.mark.parametrize(
    ("extradata", "size"),
    [
        (bytes.fromhex("0164001fffe10004"), 4),
        (bytes.fromhex("0164001ffce10004"), 1),
        (bytes.fromhex("0000000167640028"), 0),
        (b"\x01\x64", 0),
        (b"", 0),
        (None, 0),
    ],
)
def test_the_size_of_a_length_stands_in_the_configuration(extradata, size):
    assert nal_length_size(extradata) == size
