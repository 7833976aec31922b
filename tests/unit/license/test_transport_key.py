"""The key of a privately encrypted stream travels in a license, and in nothing else."""

from __future__ import annotations

import dataclasses
import secrets
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from vodseal.container.cbor import decode, encode
from vodseal.credential.envelope import EnvelopeType, seal_envelope
from vodseal.errors import LicenseBindingError, LicenseError, MisuseError
from vodseal.license.issue import issue_license
from vodseal.license.open import open_content_key, open_transport_key, verify_license
from vodseal.license.wrap import unwrap_transport_key

if TYPE_CHECKING:
    from vodseal.license.model import License

    from .conftest import World

DOWNLOAD_ID = b"download-id-0016"
TRANSPORT_KEY = b"stream-key-of-16"


def held(world: World, transport_key: bytes | None = TRANSPORT_KEY, **changes: object) -> License:
    data = issue_license(
        world.terms(**changes),
        world.content_key,
        app_public_key=world.app.app_key.public_key(),
        device_public_key=world.device.kem.public_key(),
        signing_key=world.license_key,
        transport_key=transport_key,
    )
    return verify_license(data, world.trust, world.device.signing.public_key())


def test_a_license_gives_both_keys(world: World) -> None:
    license_ = held(world)
    where = {"download_id": DOWNLOAD_ID, "app": world.app, "device": world.device}
    assert open_transport_key(license_, job_id="job-1", **where) == TRANSPORT_KEY
    assert open_content_key(license_, **where) == world.content_key


def test_other_licenses_are_as_they_were(world: World) -> None:
    license_ = held(world, None)
    assert 17 not in decode(license_.encode())  # type: ignore[operator]  # a map
    assert (
        unwrap_transport_key(license_, app_key=world.app.app_key, device_key=world.device.kem)
        is None
    )


def test_the_wrap_is_the_specification_s(world: World) -> None:
    license_ = held(world)
    wrapped = decode(license_.encode())[17]  # type: ignore[index, call-overload]
    assert len(wrapped) == 112
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    info = b"vodseal1/lic\0" + license_.policy_digest()
    inner = suite.decrypt(wrapped, world.app.app_key, info=info + b"app-stream")
    assert suite.decrypt(inner, world.device.kem, info=info + b"dev-stream") == TRANSPORT_KEY


@pytest.mark.parametrize("who", ["app", "device", "download_id", "job_id"])
def test_nobody_else_opens_it(world: World, who: str) -> None:
    right = {
        "download_id": DOWNLOAD_ID,
        "job_id": "job-1",
        "app": world.app,
        "device": world.device,
    }
    wrong = {
        "download_id": DOWNLOAD_ID[::-1],
        "job_id": "job-2",
        "app": world.other_app,
        "device": world.other_device,
    }
    with pytest.raises(LicenseBindingError):
        open_transport_key(held(world), **(right | {who: wrong[who]}))  # type: ignore[arg-type]  # keywords from a table


def test_a_name_without_its_key_opens_nothing(world: World) -> None:
    license_ = held(world)
    for app, device in ((world.other_app, world.device), (world.app, world.other_device)):
        with pytest.raises(LicenseBindingError):
            unwrap_transport_key(license_, app_key=app.app_key, device_key=device.kem)


def test_it_stays_with_its_terms_and_its_place(world: World) -> None:
    license_, other = held(world), held(world, sequence=1)
    keys = {"app_key": world.app.app_key, "device_key": world.device.kem}
    moved = dataclasses.replace(other, wrapped_transport_key=license_.wrapped_transport_key)
    with pytest.raises(LicenseBindingError):
        unwrap_transport_key(moved, **keys)
    content_key_in_its_place = dataclasses.replace(
        license_, wrapped_transport_key=license_.wrapped_key
    )
    with pytest.raises(LicenseBindingError):
        unwrap_transport_key(content_key_in_its_place, **keys)


@pytest.mark.parametrize("value", [b"", bytes(111), bytes(128), "text", 0])
def test_what_has_another_form_is_no_license(world: World, value: bytes | str | int) -> None:
    fields = decode(held(world).encode())
    assert isinstance(fields, dict)
    data = seal_envelope(EnvelopeType.LICENSE, encode({**fields, 17: value}), world.license_key)
    with pytest.raises(LicenseError):
        verify_license(data, world.trust, world.device.signing.public_key())


@pytest.mark.parametrize("size", [15, 17, 32])
def test_a_transport_key_has_sixteen_bytes(world: World, size: int) -> None:
    with pytest.raises(MisuseError):
        held(world, secrets.token_bytes(size))


def test_no_key_is_shown(world: World) -> None:
    assert world.license_key is not None
    assert held(world).wrapped_transport_key.hex()[:16] not in repr(held(world))
    assert "wrapped" not in repr(held(world))
