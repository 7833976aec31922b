"""A receipt says which license a device gave up, in the device's own hand (SPEC license 10.1)."""

from __future__ import annotations

import pytest

from vodseal.container.cbor import CborMap, decode, encode
from vodseal.credential.device import derive_device_keys
from vodseal.credential.envelope import EnvelopeType, keys_by_id, open_envelope, seal_envelope
from vodseal.errors import MalformedError, UnsupportedVersionError, WrongKeyError
from vodseal.license.receipt import Receipt

DEVICE = derive_device_keys(b"d" * 32)
PUBLIC = DEVICE.signing.public_key()
RECEIPT = Receipt(
    license_id=b"download-id-0016",
    sequence=3,
    device_id=DEVICE.device_id,
    released_at=1_700_000_000,
)


def rewritten(change: CborMap, *, drop: int | None = None) -> bytes:
    """The receipt with other fields, signed again: only the rules can refuse it."""
    payload = open_envelope(
        RECEIPT.seal(DEVICE.signing), EnvelopeType.RELEASE_RECEIPT, keys_by_id(PUBLIC)
    )
    fields = decode(payload)
    assert isinstance(fields, dict)
    fields |= change
    if drop is not None:
        del fields[drop]
    return seal_envelope(EnvelopeType.RELEASE_RECEIPT, encode(fields), DEVICE.signing)


def test_a_receipt_comes_back_as_it_was_sealed() -> None:
    data = RECEIPT.seal(DEVICE.signing)
    assert Receipt.open(data, PUBLIC) == RECEIPT
    payload = open_envelope(data, EnvelopeType.RELEASE_RECEIPT, keys_by_id(PUBLIC))
    assert decode(payload) == {
        0: 1,
        1: b"download-id-0016",
        2: 3,
        3: DEVICE.device_id,
        4: 1_700_000_000,
    }


def test_numbers_go_to_two_to_the_53() -> None:
    made = Receipt.open(rewritten({2: 1 << 53, 4: 1 << 53}), PUBLIC)
    assert (made.sequence, made.released_at) == (1 << 53, 1 << 53)


@pytest.mark.parametrize(
    "change",
    [
        *({key: bytes(size)} for key in (1, 3) for size in (15, 17)),
        *({key: number} for key in (2, 4) for number in (-1, (1 << 53) + 1)),
        {5: 0},
    ],
)
def test_a_signed_receipt_that_breaks_a_rule_is_refused(change: CborMap) -> None:
    with pytest.raises(MalformedError):
        Receipt.open(rewritten(change), PUBLIC)


@pytest.mark.parametrize("key", range(5))
def test_a_signed_receipt_without_a_field_is_refused(key: int) -> None:
    with pytest.raises(MalformedError):
        Receipt.open(rewritten({}, drop=key), PUBLIC)


def test_a_later_version_is_told() -> None:
    with pytest.raises(UnsupportedVersionError):
        Receipt.open(rewritten({0: 2}), PUBLIC)


def test_no_other_device_gives_a_license_up() -> None:
    other = derive_device_keys(b"e" * 32)
    with pytest.raises(WrongKeyError):
        Receipt.open(RECEIPT.seal(other.signing), PUBLIC)
