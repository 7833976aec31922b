"""What is revoked is told by one signed list, which never goes back."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vodseal.container.cbor import CborMap, CborValue, decode, encode
from vodseal.credential.envelope import EnvelopeType, open_envelope, seal_envelope
from vodseal.credential.revocation import RevocationList, Subject
from vodseal.credential.trust import VerificationKeys
from vodseal.errors import (
    ErrorCode,
    FormatError,
    MalformedError,
    MisuseError,
    RevocationListError,
    TamperedError,
    UnsupportedVersionError,
    WrongKeyError,
)

KEY = Ed25519PrivateKey.from_private_bytes(b"r" * 32)
TRUST = VerificationKeys({EnvelopeType.REVOCATION: (KEY.public_key().public_bytes_raw(),)})
ONE, TWO = b"1" * 16, b"2" * 16
LIST = RevocationList(
    number=7,
    issued_at=1_000,
    expires_at=2_000,
    revoked={Subject.APP: {TWO: 900, ONE: 1_500}, Subject.LICENSE: {ONE: 0}},
)


def signed(change: CborMap, *, drop: int | None = None) -> bytes:
    """The list with other fields, rightly signed: only the rules can refuse it."""
    fields = decode(
        open_envelope(
            LIST.seal(KEY), EnvelopeType.REVOCATION, TRUST.for_type(EnvelopeType.REVOCATION)
        )
    )
    assert isinstance(fields, dict)
    fields |= change
    if drop is not None:
        del fields[drop]
    return seal_envelope(EnvelopeType.REVOCATION, encode(fields), KEY)


def test_a_list_comes_back_as_it_was_sealed() -> None:
    found = RevocationList.open(LIST.seal(KEY), TRUST)
    assert found == LIST
    assert found.revoked[Subject.DEVICE] == {}


def test_the_payload_is_the_specification_s() -> None:
    payload = open_envelope(
        LIST.seal(KEY), EnvelopeType.REVOCATION, TRUST.for_type(EnvelopeType.REVOCATION)
    )
    assert decode(payload) == {
        0: 1,
        1: 7,
        2: 1_000,
        3: 2_000,
        4: [[ONE, 1_500], [TWO, 900]],
        5: [],
        6: [[ONE, 0]],
    }


def test_an_entry_holds_from_its_instant_on() -> None:
    assert not LIST.revokes(Subject.APP, ONE, 1_499.9)
    assert LIST.revokes(Subject.APP, ONE, 1_500)
    assert LIST.revokes(Subject.APP, ONE, 1e12)
    assert not LIST.revokes(Subject.DEVICE, ONE, 1e12)
    assert not LIST.revokes(Subject.APP, b"3" * 16, 1e12)


def test_the_list_s_end_does_not_end_a_revocation() -> None:
    assert LIST.revokes(Subject.LICENSE, ONE, LIST.expires_at + 1)


def test_no_flipped_bit_and_no_cut_survives() -> None:
    data = LIST.seal(KEY)
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(FormatError):
            RevocationList.open(bytes(changed), TRUST)
    for size in range(len(data)):
        with pytest.raises(FormatError):
            RevocationList.open(data[:size], TRUST)
    with pytest.raises(FormatError):
        RevocationList.open(data + b"\0", TRUST)


def test_only_a_revocation_key_signs_one() -> None:
    stranger = Ed25519PrivateKey.from_private_bytes(b"x" * 32)
    with pytest.raises(WrongKeyError):
        RevocationList.open(LIST.seal(stranger), TRUST)
    public = KEY.public_key().public_bytes_raw()
    for_licenses = VerificationKeys({EnvelopeType.LICENSE: (public,)})
    with pytest.raises(WrongKeyError):
        RevocationList.open(LIST.seal(KEY), for_licenses)
    forged = bytearray(LIST.seal(KEY))
    forged[-1] ^= 1
    with pytest.raises(TamperedError):
        RevocationList.open(bytes(forged), TRUST)


BAD: list[CborMap] = [
    {1: -1},
    {1: True},
    {1: (1 << 53) + 1},
    {3: 1_000},
    {4: [[TWO, 0], [ONE, 0]]},
    {4: [[ONE, 0], [ONE, 1]]},
    {4: [[ONE[:15], 0]]},
    {4: [[ONE, -1]]},
    {4: [[ONE, True]]},
    {4: [[ONE]]},
    {4: [[ONE, 0, 0]]},
    {4: [ONE]},
    {4: [["text", 0]]},
    {4: ONE},
    {7: []},
]


@pytest.mark.parametrize("change", BAD)
def test_a_signed_list_that_breaks_a_rule_is_refused(change: CborMap) -> None:
    with pytest.raises(MalformedError):
        RevocationList.open(signed(change), TRUST)


def test_a_signed_list_of_a_later_version_is_refused_as_such() -> None:
    with pytest.raises(UnsupportedVersionError):
        RevocationList.open(signed({0: 2}), TRUST)


@pytest.mark.parametrize("key", range(7))
def test_a_signed_list_without_a_field_is_refused(key: int) -> None:
    with pytest.raises(MalformedError):
        RevocationList.open(signed({}, drop=key), TRUST)


def test_a_list_has_bounds() -> None:
    many = {number.to_bytes(16, "big"): 0 for number in range(100_001)}
    with pytest.raises(MisuseError):
        RevocationList(number=1, issued_at=1, expires_at=2, revoked={Subject.DEVICE: many})
    many.popitem()
    full = RevocationList(number=1, issued_at=1, expires_at=2, revoked=dict.fromkeys(Subject, many))
    assert RevocationList.open(full.seal(KEY), TRUST) == full
    entries: list[CborValue] = [[name, 0] for name in [*many, b"\xff" * 16]]
    with pytest.raises(MalformedError):
        RevocationList.open(signed({5: entries}), TRUST)


def test_numbers_go_to_two_to_the_53() -> None:
    made = RevocationList(number=1 << 53, issued_at=0, expires_at=1 << 53)
    assert RevocationList.open(made.seal(KEY), TRUST) == made
    with pytest.raises(MisuseError):
        RevocationList(number=(1 << 53) + 1, issued_at=0, expires_at=1)


def later(**changes: int) -> RevocationList:
    fields = {"number": 7, "issued_at": 1_000, "expires_at": 2_000} | changes
    return RevocationList(**fields)


@pytest.mark.parametrize(
    ("fresh", "now"),
    [
        (later(), 1_999.9),
        (later(issued_at=1_001), 1_500),
        (later(number=8, issued_at=900), 1_500),
        (later(number=8), 1_500),
    ],
)
def test_the_same_or_a_later_list_is_taken_in(fresh: RevocationList, now: float) -> None:
    fresh.check_successor(LIST, now)
    fresh.check_successor(None, now)


@pytest.mark.parametrize(
    ("fresh", "now"),
    [
        (later(number=6), 1_500),
        (later(number=6, issued_at=1_400), 1_500),
        (later(issued_at=999), 1_500),
        (later(number=8), 2_000),
        (later(), 2_000),
    ],
    ids=["older", "older but issued later", "issued earlier", "ended", "the same, ended"],
)
def test_an_older_or_an_ended_list_is_refused(fresh: RevocationList, now: float) -> None:
    with pytest.raises(RevocationListError) as caught:
        fresh.check_successor(LIST, now)
    assert caught.value.code is ErrorCode.REVOCATION_LIST_INVALID
    assert caught.value.remedy
