"""A license that was moved says what the service said, under other locks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vodseal.container.cbor import CborMap, decode, encode
from vodseal.credential.envelope import EnvelopeType, seal_envelope
from vodseal.errors import LicenseBindingError, LicenseError
from vodseal.license.issue import issue_license, issue_local_license
from vodseal.license.model import Issuer, LicenseTerms
from vodseal.license.move import move_license
from vodseal.license.open import open_content_key, verify_license
from vodseal.license.wrap import unwrap_transport_key

if TYPE_CHECKING:
    from .conftest import World

TIMED = {"expires_at": 1_800_000_000, "play_window": 3_600, "max_offline": 86_400, "sequence": 3}
NEW_SERIAL = b"serial-2-of-16-b"


def moved(world: World, envelope: bytes | None = None) -> bytes:
    """The world's license, moved to the other app and the other device."""
    envelope = envelope or world.license(world.terms(**TIMED))
    opened = verify_license(envelope, world.trust, world.device.signing.public_key())
    return move_license(
        opened,
        envelope,
        world.content_key,
        app=replace(world.other_app, serial=NEW_SERIAL),
        device=world.other_device,
    )


def opened_there(world: World, envelope: bytes) -> object:
    return verify_license(envelope, world.trust, world.other_device.signing.public_key())


def test_it_is_still_the_service_s_and_says_the_same(world: World) -> None:
    found = verify_license(moved(world), world.trust, world.other_device.signing.public_key())
    assert found.issuer is Issuer.SERVICE
    assert found.terms == world.terms(
        **TIMED,
        serial=NEW_SERIAL,
        fingerprint=world.other_app.fingerprint,
        device_id=world.other_device.device_id,
    )


def test_it_opens_under_the_new_locks_and_not_under_the_old(world: World) -> None:
    found = verify_license(moved(world), world.trust, world.other_device.signing.public_key())
    name = found.terms.license_id
    there = {"app": world.other_app, "device": world.other_device}
    assert open_content_key(found, download_id=name, **there) == world.content_key
    for here in ({"app": world.app}, {"device": world.device}):
        with pytest.raises(LicenseBindingError):
            open_content_key(found, download_id=name, **(there | here))


def test_the_key_of_a_privately_encrypted_stream_goes_along(world: World) -> None:
    envelope = issue_license(
        world.terms(),
        world.content_key,
        app_public_key=world.app.app_key.public_key(),
        device_public_key=world.device.kem.public_key(),
        signing_key=world.license_key,
        transport_key=b"stream-key-of-16",
    )
    data = move_license(
        verify_license(envelope, world.trust, world.device.signing.public_key()),
        envelope,
        world.content_key,
        app=world.other_app,
        device=world.other_device,
        transport_key=b"stream-key-of-16",
    )
    found = verify_license(data, world.trust, world.other_device.signing.public_key())
    locks = {"app_key": world.other_app.app_key, "device_key": world.other_device.kem}
    assert unwrap_transport_key(found, **locks) == b"stream-key-of-16"


def test_it_can_be_moved_again_and_grows_no_longer(world: World) -> None:
    once = moved(world)
    found = verify_license(once, world.trust, world.other_device.signing.public_key())
    twice = move_license(found, once, world.content_key, app=world.app, device=world.device)
    back = verify_license(twice, world.trust, world.device.signing.public_key())
    assert back.issuer is Issuer.SERVICE
    assert back.terms == world.terms(**TIMED)
    assert len(twice) == len(once)


def test_a_local_license_stays_one(world: World) -> None:
    local = issue_local_license(
        world.terms(),
        world.content_key,
        app_public_key=world.app.app_key.public_key(),
        device=world.device,
    )
    found = verify_license(
        moved(world, local), world.trust, world.other_device.signing.public_key()
    )
    assert (found.issuer, found.origin) == (Issuer.DEVICE, b"")
    assert found.terms.serial == NEW_SERIAL


def test_only_the_device_itself_moves(world: World) -> None:
    with pytest.raises(LicenseError):
        verify_license(moved(world), world.trust, world.device.signing.public_key())
    envelope = world.license()
    found = verify_license(envelope, world.trust, world.device.signing.public_key())
    signed_by_service = issue_license(
        found.terms,
        world.content_key,
        app_public_key=world.app.app_key.public_key(),
        device_public_key=world.device.kem.public_key(),
        signing_key=world.license_key,
        origin=envelope,
    )
    with pytest.raises(LicenseError):
        verify_license(signed_by_service, world.trust, world.device.signing.public_key())


MORE: list[dict[str, object]] = [
    {"expires_at": 0},
    {"expires_at": 1_800_000_001},
    {"play_window": 0},
    {"max_offline": 0},
    {"not_before": 1},
    {"sequence": 4},
    {"issued_at": 1_700_000_001},
    {"renewable": False},
    {"releasable": False},
    {"license_id": b"another-id-of-16"},
    {"vid": "other"},
    {"track": "other"},
]


@pytest.mark.parametrize("change", MORE, ids=lambda change: next(iter(change)))
def test_no_term_can_be_altered_on_the_way(world: World, change: dict[str, object]) -> None:
    """The device signs it, so only the service's license inside can tell."""
    origin = world.license(world.terms(**TIMED))
    terms: LicenseTerms = world.terms(
        **(TIMED | {"device_id": world.other_device.device_id} | change)
    )
    forged = issue_license(
        terms,
        world.content_key,
        app_public_key=world.app.app_key.public_key(),
        device_public_key=world.other_device.kem.public_key(),
        signing_key=world.other_device.signing,
        origin=origin,
    )
    with pytest.raises(LicenseError):
        opened_there(world, forged)


def test_another_content_key_is_refused(world: World) -> None:
    origin = world.license(world.terms(**TIMED))
    forged = issue_license(
        world.terms(**TIMED, device_id=world.other_device.device_id),
        bytes(32),
        app_public_key=world.app.app_key.public_key(),
        device_public_key=world.other_device.kem.public_key(),
        signing_key=world.other_device.signing,
        origin=origin,
    )
    with pytest.raises(LicenseError):
        opened_there(world, forged)


@pytest.mark.parametrize("what", ["stranger", "local", "moved", "garbage", "cut"])
def test_only_a_license_of_the_service_goes_along(world: World, what: str) -> None:
    good = world.license(world.terms(**TIMED))
    local = issue_local_license(
        world.terms(**TIMED),
        world.content_key,
        app_public_key=world.app.app_key.public_key(),
        device=world.device,
    )
    stranger = Ed25519PrivateKey.from_private_bytes(b"x" * 32)
    origin = {
        "stranger": seal_envelope(EnvelopeType.LICENSE, good[24:-64], stranger),
        "local": local,
        "moved": moved(world),
        "garbage": b"garbage",
        "cut": good[:-1],
    }[what]
    forged = issue_license(
        world.terms(**TIMED, device_id=world.other_device.device_id),
        world.content_key,
        app_public_key=world.app.app_key.public_key(),
        device_public_key=world.other_device.kem.public_key(),
        signing_key=world.other_device.signing,
        origin=origin,
    )
    with pytest.raises(LicenseError):
        opened_there(world, forged)


def test_an_empty_origin_is_left_out(world: World) -> None:
    fields = decode(moved(world)[24:-64])
    assert isinstance(fields, dict)
    changed: CborMap = fields | {18: b""}
    data = seal_envelope(EnvelopeType.LICENSE, encode(changed), world.other_device.signing)
    with pytest.raises(LicenseError):
        opened_there(world, data)
