from __future__ import annotations

import pytest

from vodseal.container.cbor import CborValue, decode, decode_map, encode
from vodseal.errors import MalformedError, MisuseError


@pytest.mark.parametrize(
    ("value", "data"),
    [  # RFC 8949, appendix A
        (0, "00"),
        (23, "17"),
        (24, "1818"),
        (1000, "1903e8"),
        (18446744073709551615, "1bffffffffffffffff"),
        (-1, "20"),
        (-1000, "3903e7"),
        (False, "f4"),
        (True, "f5"),
        (b"", "40"),
        (b"\1\2\3\4", "4401020304"),
        ("", "60"),
        ("\u6c34", "63e6b0b4"),
        ([1, [2, 3]], "8201820203"),
        ({}, "a0"),
        ({1: 2, 3: 4}, "a201020304"),
    ],
)
def test_values_have_their_one_encoding(value: CborValue, data: str) -> None:
    assert encode(value).hex() == data
    decoded = decode(bytes.fromhex(data))
    assert decoded == value
    assert type(decoded) is type(value)


def test_keys_are_written_in_order() -> None:
    assert encode({3: 4, 1: 2}).hex() == "a201020304"


@pytest.mark.parametrize(
    "data",
    [
        "",
        "0000",  # bytes after the value
        "1801",  # a long integer
        "190001",
        "5801ff",  # a long length
        "a203040102",  # keys out of order
        "a201020103",  # a key twice
        "5f4101ff",  # indefinite bytes
        "7f6161ff",
        "9f01ff",
        "bf0102ff",
        "f6",  # null
        "f7",  # undefined
        "e0",  # a simple value
        "f90000",  # floats
        "fb3ff8000000000000",
        "c000",  # tags
        "c24101",  # a big number
        "d8641901f4",
        "a1616100",  # a text key
        "a1181800",  # key 24
        "a12000",  # key -1
        "a1f500",  # a boolean key
        "a14000",
        "61ff",  # not UTF-8
        "5affffffff00",  # shorter than it says
        "9bffffffffffffffff00",
        "ff",
        "1c",
        "818181818181818181818100",  # eleven lists in one another
    ],
)
def test_everything_else_is_refused(data: str) -> None:
    with pytest.raises(MalformedError):
        decode(bytes.fromhex(data))


def test_a_bomb_of_references_is_refused_before_it_is_built() -> None:
    """Six lists, each of 40 times the one before: 500 bytes that mean 4 billion values."""
    lists = [b"\xd8\x1c\x98\x28" + bytes(40)]
    lists += [b"\xd8\x1c\x98\x28" + (b"\xd8\x1d" + bytes([n])) * 40 for n in range(5)]
    with pytest.raises(MalformedError):
        decode(b"\x86" + b"".join(lists))


def test_what_a_tag_stands_for_is_not_looked_at() -> None:
    """A tag of email text made Python load, and run, its parser of email."""
    with pytest.raises(MalformedError, match="not CBOR, or not of the kind"):
        decode(b"\xd8\x24\x61(")


@pytest.mark.parametrize("shell", [b"\x81", b"\xa1\0"], ids=["lists", "maps"])
def test_eight_levels_are_taken_and_nine_are_not(shell: bytes) -> None:
    taken = decode(shell * 8 + b"\1")
    assert encode(taken) == shell * 8 + b"\1"
    with pytest.raises(MisuseError):
        encode([taken])
    with pytest.raises(MalformedError):
        decode(shell * 9 + b"\1")


@pytest.mark.parametrize(
    ("value", "beyond"), [((1 << 64) - 1, 1 << 64), (-1 << 64, -(1 << 64) - 1)]
)
def test_integers_have_eight_bytes(value: int, beyond: int) -> None:
    assert decode(encode(value)) == value
    with pytest.raises(MisuseError):
        encode(beyond)


def test_what_cannot_be_written_is_named() -> None:
    with pytest.raises(MisuseError, match="a float is not allowed"):
        encode(1.5)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [None, 1.5, {24: 0}, {"a": 0}, {True: 0}, 1 << 64, (1, 2)])
def test_what_the_format_does_not_know_is_not_written(value: CborValue) -> None:
    with pytest.raises(MisuseError):
        encode(value)


def test_a_field_has_its_type_and_bounds() -> None:
    def fields(value: CborValue) -> object:
        return decode_map(encode({0: value}))

    cases = [
        (fields(True), "integer", {}),
        (fields(5), "integer", {"most": 4}),
        (fields(5), "integer", {"least": 6}),
        (fields("x"), "integer", {}),
        (fields(1), "boolean", {}),
        (fields(b"ab"), "octets", {"size": 3}),
        (fields(b"ab"), "octets", {"most": 1}),
        (fields("ab"), "octets", {}),
        (fields("ab"), "text", {"most": 1}),
        (fields(b"ab"), "text", {}),
        (fields([1, 2]), "items", {"most": 1}),
        (fields(1), "items", {}),
        (fields(1), "map", {}),
    ]
    for taken, name, bounds in cases:
        with pytest.raises(MalformedError):
            getattr(taken, name)(0, **bounds)


def test_a_missing_or_unasked_field_is_refused() -> None:
    fields = decode_map(encode({0: 1, 1: 2}))
    assert fields.integer(0) == 1
    with pytest.raises(MalformedError):
        fields.finish()
    with pytest.raises(MalformedError):
        fields.integer(0)
    assert fields.has(1)
    assert fields.remaining() == [1]
    assert fields.integer(1) == 2
    fields.finish()


def test_a_map_is_expected_at_the_top() -> None:
    with pytest.raises(MalformedError):
        decode_map(b"\x80")


def test_a_field_at_its_bounds_is_taken() -> None:
    fields = decode_map(encode({0: True, 1: b"ab", 2: "ab", 3: [1, 2], 4: {5: 6}, 7: 8}))
    assert fields.boolean(0) is True
    assert fields.octets(1, size=2, most=2) == b"ab"
    assert fields.text(2, most=2) == "ab"
    assert fields.items(3, most=2) == [1, 2]
    inner = fields.map(4)
    assert inner.integer(5) == 6
    inner.finish()
    assert fields.integer(7, least=8, most=8) == 8
    fields.finish()


@pytest.mark.parametrize(
    ("taken", "value", "beyond"),
    [
        ("text", "x" * 4096, "x" * 4097),
        ("items", [0] * 65536, [0] * 65537),
    ],
)
def test_a_field_has_bounds_that_nobody_named(
    taken: str, value: CborValue, beyond: CborValue
) -> None:
    assert getattr(decode_map(encode({0: value})), taken)(0) == value
    with pytest.raises(MalformedError):
        getattr(decode_map(encode({0: beyond})), taken)(0)
