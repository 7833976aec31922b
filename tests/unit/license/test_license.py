from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from vodseal.container.cbor import CborMap, decode, encode
from vodseal.credential.envelope import EnvelopeType, seal_envelope
from vodseal.errors import (
    LicenseBindingError,
    LicenseError,
    MalformedError,
    MisuseError,
    TamperedError,
    WrongKeyError,
)
from vodseal.license.issue import issue_license, issue_local_license
from vodseal.license.model import Issuer, License
from vodseal.license.open import check_binding, open_content_key, verify_license
from vodseal.license.wrap import unwrap_content_key, wrap_content_key

if TYPE_CHECKING:
    from .conftest import World

DOWNLOAD_ID = b"download-id-0016"


def verified(world: World, data: bytes) -> License:
    return verify_license(data, world.trust, world.device.signing.public_key())


def opened(world: World, data: bytes) -> bytes:
    return open_content_key(
        verified(world, data), download_id=DOWNLOAD_ID, app=world.app, device=world.device
    )


def rewritten(world: World, change: CborMap, *, drop: int | None = None) -> bytes:
    """A license with other fields, signed again by the service: only the rules can refuse it."""
    fields = decode(verified(world, world.license()).encode())
    assert isinstance(fields, dict)
    fields |= change
    if drop is not None:
        del fields[drop]
    return seal_envelope(EnvelopeType.LICENSE, encode(fields), world.license_key)


def test_a_license_gives_its_content_key(world: World) -> None:
    data = world.license()
    assert opened(world, data) == world.content_key
    assert verified(world, data).terms == world.terms()
    assert verified(world, data).issuer is Issuer.SERVICE
    assert len(data) < 500


def test_every_term_is_carried(world: World) -> None:
    terms = world.terms(
        sequence=3,
        not_before=1,
        expires_at=2,
        play_window=3,
        max_offline=4,
        renewable=False,
        releasable=True,
    )
    assert verified(world, world.license(terms)).terms == terms


def test_a_renewal_keeps_the_content_key(world: World) -> None:
    first, second = (world.license(world.terms(sequence=n)) for n in (0, 1))
    assert opened(world, first) == opened(world, second)
    assert verified(world, second).terms.sequence == 1


def test_no_flipped_bit_survives(world: World) -> None:
    data = world.license()
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(LicenseError):
            opened(world, bytes(changed))


def test_no_cut_or_addition_survives(world: World) -> None:
    data = world.license()
    for size in range(len(data)):
        with pytest.raises(LicenseError):
            opened(world, data[:size])
    with pytest.raises(LicenseError):
        opened(world, data + b"\0")


@pytest.mark.behaviour("B19")
def test_another_app_opens_nothing(world: World) -> None:
    """Neither by asking, nor with the right name and its own key."""
    held = verified(world, world.license())
    with pytest.raises(LicenseBindingError):
        open_content_key(held, download_id=DOWNLOAD_ID, app=world.other_app, device=world.device)
    posing = dataclasses.replace(world.other_app, fingerprint=world.app.fingerprint)
    with pytest.raises(LicenseBindingError):
        open_content_key(held, download_id=DOWNLOAD_ID, app=posing, device=world.device)


@pytest.mark.behaviour("B47")
def test_an_app_with_the_same_string_opens_nothing(world: World) -> None:
    """What the string unlocks is another key, whatever the string."""
    assert world.app.serial == world.other_app.serial
    held = verified(world, world.license())
    with pytest.raises(LicenseBindingError):
        unwrap_content_key(held, app_key=world.other_app.app_key, device_key=world.device.kem)


def test_another_device_opens_nothing(world: World) -> None:
    held = verified(world, world.license())
    with pytest.raises(LicenseBindingError):
        open_content_key(held, download_id=DOWNLOAD_ID, app=world.app, device=world.other_device)
    posing = dataclasses.replace(world.other_device, device_id=world.device.device_id)
    with pytest.raises(LicenseBindingError):
        open_content_key(held, download_id=DOWNLOAD_ID, app=world.app, device=posing)


@pytest.mark.parametrize("wrong", ["download_id", "fingerprint", "device_id"])
def test_a_license_is_bound_to_file_app_and_device(world: World, wrong: str) -> None:
    held = verified(world, world.license())
    right = {
        "download_id": DOWNLOAD_ID,
        "fingerprint": world.app.fingerprint,
        "device_id": world.device.device_id,
    }
    check_binding(held, **right)
    with pytest.raises(LicenseBindingError):
        check_binding(held, **(right | {wrong: right[wrong][::-1]}))


def test_the_license_of_another_file_gives_no_key(world: World) -> None:
    """Its locks would open: app and device are the right ones."""
    held = verified(world, world.license())
    with pytest.raises(LicenseBindingError):
        open_content_key(held, download_id=DOWNLOAD_ID[::-1], app=world.app, device=world.device)


def test_the_payload_is_the_specification_s(world: World) -> None:
    terms = world.terms(
        sequence=3, not_before=4, expires_at=5, play_window=6, max_offline=7, releasable=False
    )
    held = verified(world, world.license(terms))
    fields = {
        0: 1,
        1: DOWNLOAD_ID,
        2: 3,
        3: b"serial-of-16-byt",
        4: world.app.fingerprint,
        5: world.device.device_id,
        6: "8a1f",
        7: "job-1",
        8: 1_700_000_000,
        9: 4,
        10: 5,
        11: 6,
        12: 7,
        13: {0: True, 1: False},
        14: hashlib.sha256(b"vodseal1/ck\0" + world.content_key).digest(),
    }
    assert held.policy_digest() == hashlib.sha256(encode({**fields})).digest()
    assert decode(held.encode()) == fields | {15: held.wrapped_key, 16: 1}
    assert len(held.wrapped_key) == 128


def test_a_wrapped_key_cannot_move_to_other_terms(world: World) -> None:
    """Even the service's own signature does not help: the wrap names its terms."""
    held = verified(world, world.license())
    for change in ({10: 9}, {1: b"another-download"}, {2: 5}, {13: {0: False, 1: True}}):
        moved = verified(world, rewritten(world, change | {15: held.wrapped_key}))
        with pytest.raises(LicenseBindingError):
            unwrap_content_key(moved, app_key=world.app.app_key, device_key=world.device.kem)


def test_a_wrapped_key_is_the_one_that_the_license_says(world: World) -> None:
    other_key = bytes(32)
    held = verified(world, world.license())
    wrapped = wrap_content_key(
        other_key,
        held.policy_digest(),
        app_public_key=world.app.app_key.public_key(),
        device_public_key=world.device.kem.public_key(),
    )
    swapped = dataclasses.replace(held, wrapped_key=wrapped)
    with pytest.raises(LicenseBindingError):
        unwrap_content_key(swapped, app_key=world.app.app_key, device_key=world.device.kem)


def test_the_wrap_is_the_specification_s(world: World) -> None:
    """Opened by hand with HPKE, outside in."""
    held = verified(world, world.license())
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    info = b"vodseal1/lic\0" + held.policy_digest()
    inner = suite.decrypt(held.wrapped_key, world.app.app_key, info=info + b"app")
    assert suite.decrypt(inner, world.device.kem, info=info + b"dev") == world.content_key


@pytest.mark.parametrize(
    "kind", sorted(set(EnvelopeType) - {EnvelopeType.LICENSE}), ids=lambda kind: kind.name
)
def test_another_type_of_envelope_is_no_license(world: World, kind: EnvelopeType) -> None:
    payload = verified(world, world.license()).encode()
    with pytest.raises(LicenseError) as caught:
        verified(world, seal_envelope(kind, payload, world.license_key))
    assert isinstance(caught.value.__cause__, MalformedError)


@pytest.mark.parametrize("seed", [b"c" * 32, b"x" * 32], ids=["the credential key", "a stranger"])
def test_only_the_license_key_signs_licenses(world: World, seed: bytes) -> None:
    payload = verified(world, world.license()).encode()
    stranger = Ed25519PrivateKey.from_private_bytes(seed)
    with pytest.raises(LicenseError) as caught:
        verified(world, seal_envelope(EnvelopeType.LICENSE, payload, stranger))
    assert isinstance(caught.value.__cause__, WrongKeyError)


def test_the_precise_cause_is_kept(world: World) -> None:
    data = bytearray(world.license())
    data[-1] ^= 1
    with pytest.raises(LicenseError) as caught:
        verified(world, bytes(data))
    assert isinstance(caught.value.__cause__, TamperedError)


@pytest.mark.parametrize(
    "change",
    [
        {0: 2},
        {1: b"short"},
        {2: -1},
        {2: 1 << 60},
        {3: bytes(15)},
        {4: bytes(31)},
        {5: bytes(17)},
        {6: b"bytes"},
        *({key: "x" * 1025} for key in (6, 7)),
        {8: "text"},
        *({key: (1 << 53) + 1} for key in (2, 8, 9, 10, 11, 12)),
        {10: True},
        {13: {0: True}},
        {13: {0: 1, 1: 0}},
        {13: {0: True, 1: True, 2: True}},
        {14: bytes(31)},
        {15: bytes(127)},
        {16: 2},
        {17: 0},
    ],
)
def test_a_signed_license_that_breaks_a_rule_is_refused(world: World, change: CborMap) -> None:
    with pytest.raises(LicenseError):
        verified(world, rewritten(world, change))


@pytest.mark.parametrize("key", range(17))
def test_a_signed_license_without_a_field_is_refused(world: World, key: int) -> None:
    with pytest.raises(LicenseError):
        verified(world, rewritten(world, {}, drop=key))


def test_a_local_license_opens_on_its_own_device(world: World) -> None:
    data = issue_local_license(
        world.terms(),
        world.content_key,
        app_public_key=world.app.app_key.public_key(),
        device=world.device,
    )
    assert verified(world, data).issuer is Issuer.DEVICE
    assert opened(world, data) == world.content_key
    with pytest.raises(LicenseError):
        verify_license(data, world.trust, world.other_device.signing.public_key())


def test_a_device_issues_for_itself_alone(world: World) -> None:
    with pytest.raises(MisuseError):
        issue_local_license(
            world.terms(),
            world.content_key,
            app_public_key=world.app.app_key.public_key(),
            device=world.other_device,
        )


@pytest.mark.parametrize(
    "changes",
    [
        {"license_id": b"short"},
        {"fingerprint": bytes(16)},
        {"sequence": -1},
        {"expires_at": (1 << 53) + 1},
        {"vid": "x" * 1025},
    ],
)
def test_terms_that_do_not_fit_are_not_issued(world: World, changes: dict[str, object]) -> None:
    with pytest.raises(MisuseError):
        world.terms(**changes)


def test_terms_at_their_bounds_come_back(world: World) -> None:
    most = 1 << 53
    terms = world.terms(
        sequence=most,
        vid="x" * 1024,
        track="y" * 1024,
        issued_at=most,
        not_before=most,
        expires_at=most,
        play_window=most,
        max_offline=most,
    )
    assert verified(world, world.license(terms)).terms == terms


def test_a_content_key_has_32_bytes(world: World) -> None:
    with pytest.raises(MisuseError):
        issue_license(
            world.terms(),
            bytes(16),
            app_public_key=world.app.app_key.public_key(),
            device_public_key=world.device.kem.public_key(),
            signing_key=world.license_key,
        )
