from __future__ import annotations

import dataclasses

import pytest

from vodseal.container.cbor import encode
from vodseal.credential.device import derive_device_keys
from vodseal.errors import TamperedError
from vodseal.license.acquire import AcquireClaim

DEVICE = derive_device_keys(b"d" * 32)
CLAIM = AcquireClaim(
    video_id="vid",
    job_id="job",
    download_id=b"download-id-0016",
    app_serial=b"serial-of-16-byt",
    kem_public_key=DEVICE.kem.public_key().public_bytes_raw(),
    signing_public_key=DEVICE.signing.public_key().public_bytes_raw(),
)


def test_a_device_shows_that_its_keys_are_its_own() -> None:
    CLAIM.verify(CLAIM.sign(DEVICE.signing))


def test_what_is_signed_is_the_specification_s() -> None:
    listed = [
        "vid",
        "job",
        b"download-id-0016",
        b"serial-of-16-byt",
        CLAIM.kem_public_key,
        CLAIM.signing_public_key,
    ]
    signed = b"vodseal1/acquire\0" + encode([*listed])
    DEVICE.signing.public_key().verify(CLAIM.sign(DEVICE.signing), signed)


@pytest.mark.parametrize(
    "changes",
    [
        {"video_id": "other"},
        {"job_id": "other"},
        {"video_id": "vidj", "job_id": "ob"},
        {"download_id": b"another-download"},
        {"app_serial": bytes(16)},
        {"kem_public_key": bytes(32)},
        {
            "signing_public_key": derive_device_keys(b"e" * 32)
            .signing.public_key()
            .public_bytes_raw()
        },
        {"signing_public_key": b"not a key"},
    ],
)
def test_a_signature_is_good_for_one_claim(changes: dict[str, object]) -> None:
    signature = CLAIM.sign(DEVICE.signing)
    with pytest.raises(TamperedError):
        dataclasses.replace(CLAIM, **changes).verify(signature)  # type: ignore[arg-type]  # keywords from a table


@pytest.mark.parametrize("signature", [b"", bytes(64), bytes(63)])
def test_no_signature_is_no_proof(signature: bytes) -> None:
    with pytest.raises(TamperedError):
        CLAIM.verify(signature)
