from __future__ import annotations

from itertools import permutations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vodseal.credential.envelope import (
    EnvelopeType,
    key_id,
    keys_by_id,
    open_envelope,
    open_self_anchored,
    seal_envelope,
    seal_self_anchored,
)
from vodseal.errors import (
    FormatError,
    MalformedError,
    MisuseError,
    NotSealedError,
    TamperedError,
    TruncatedError,
    UnsupportedVersionError,
    WrongKeyError,
)

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
KEYS = keys_by_id(KEY.public_key())
LICENSE = EnvelopeType.LICENSE


def test_the_frame_is_the_specification_s() -> None:
    data = seal_envelope(LICENSE, b"payload", KEY)
    assert data[:8] == bytes.fromhex("8956 5345 0D0A 1A0A")
    assert data[8:12] == b"\1\2\0\1"
    assert data[12:20] == key_id(KEY.public_key())
    assert data[20:31] == b"\0\0\0\7payload"
    KEY.public_key().verify(data[31:], b"vodseal1/env\0" + data[:31])


def test_the_stored_numbers_of_types() -> None:
    assert [int(kind) for kind in EnvelopeType] == list(range(1, 11))
    assert EnvelopeType(8) is EnvelopeType.APP_MANIFEST


def test_what_was_sealed_is_opened() -> None:
    assert open_envelope(seal_envelope(LICENSE, b"", KEY), LICENSE, KEYS) == b""
    keys = keys_by_id(OTHER.public_key(), KEY.public_key())
    assert open_envelope(seal_envelope(LICENSE, b"p" * 65536, KEY), LICENSE, keys) == b"p" * 65536


def test_no_type_passes_for_another() -> None:
    for made, expected in permutations(EnvelopeType, 2):
        with pytest.raises(MalformedError):
            open_envelope(seal_envelope(made, b"payload", KEY), expected, KEYS)
        with pytest.raises(MalformedError):
            open_self_anchored(seal_self_anchored(made, b"payload", KEY), expected)


def test_a_type_cannot_be_relabelled() -> None:
    data = bytearray(seal_envelope(LICENSE, b"payload", KEY))
    data[9] = EnvelopeType.TIME_TOKEN
    with pytest.raises(TamperedError):
        open_envelope(bytes(data), EnvelopeType.TIME_TOKEN, KEYS)


def test_a_key_that_is_not_trusted_is_refused() -> None:
    data = seal_envelope(LICENSE, b"payload", OTHER)
    with pytest.raises(WrongKeyError):
        open_envelope(data, LICENSE, KEYS)
    with pytest.raises(WrongKeyError):
        open_envelope(data, LICENSE, {})
    forged = data[:12] + key_id(KEY.public_key()) + data[20:]
    with pytest.raises(TamperedError):
        open_envelope(forged, LICENSE, KEYS)


@pytest.mark.parametrize("anchored", [False, True])
def test_no_flipped_bit_cut_or_addition_survives(*, anchored: bool) -> None:
    kind = EnvelopeType.SECURITY_FILE

    def opened(data: bytes) -> object:
        return open_self_anchored(data, kind) if anchored else open_envelope(data, kind, KEYS)

    data = (seal_self_anchored if anchored else seal_envelope)(kind, b"payload", KEY)
    assert opened(data)
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(FormatError):
            opened(bytes(changed))
    for size in range(len(data)):
        with pytest.raises(NotSealedError if size < 8 else TruncatedError):
            opened(data[:size])
    with pytest.raises(TruncatedError):
        opened(data + b"\0")


@pytest.mark.parametrize(("at", "value"), [(8, 2), (11, 2), (10, 1)])
def test_a_later_version_or_scheme_is_told(at: int, value: int) -> None:
    data = bytearray(seal_envelope(LICENSE, b"payload", KEY))
    data[at] = value
    with pytest.raises(UnsupportedVersionError):
        open_envelope(bytes(data), LICENSE, KEYS)


def test_payloads_have_their_bounds() -> None:
    with pytest.raises(MisuseError):
        seal_envelope(LICENSE, bytes(65537), KEY)
    huge = bytearray(seal_envelope(LICENSE, b"", KEY))
    huge[20:24] = b"\0\1\0\1"
    with pytest.raises(MalformedError):
        open_envelope(bytes(huge), LICENSE, KEYS)
    manifest = seal_envelope(EnvelopeType.APP_MANIFEST, bytes(70_000), KEY)
    assert len(open_envelope(manifest, EnvelopeType.APP_MANIFEST, KEYS)) == 70_000


def test_a_self_anchored_envelope_is_signed_by_the_key_it_brings() -> None:
    kind = EnvelopeType.APP_MANIFEST
    anchor, body = open_self_anchored(seal_self_anchored(kind, b"body", KEY), kind)
    assert (anchor, body) == (KEY.public_key().public_bytes_raw(), b"body")
    stranger = seal_envelope(kind, anchor + b"body", OTHER)
    with pytest.raises(TamperedError):
        open_self_anchored(stranger, kind)
    with pytest.raises(MalformedError):
        open_self_anchored(seal_envelope(kind, anchor[:31], KEY), kind)
