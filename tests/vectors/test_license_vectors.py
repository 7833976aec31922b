"""Every vector of licenses and segment digests, through our reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from tests.vectors.cases import CLASSES, Case, load, paths

from vodseal.credential.device import device_id
from vodseal.credential.envelope import EnvelopeType, keys_by_id
from vodseal.credential.trust import VerificationKeys
from vodseal.errors import (
    FormatError,
    LicenseBindingError,
    LicenseError,
    LicenseExpiredError,
)
from vodseal.license.acquire import AcquireClaim
from vodseal.license.digests import open_digests
from vodseal.license.open import check_binding, verify_license
from vodseal.license.policy import check
from vodseal.license.wrap import unwrap_content_key, unwrap_transport_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VECTORS = paths("license")
WORDS: dict[type[BaseException] | None, str] = {kind: word for word, kind in CLASSES.items()}
Verdict = tuple[str, bytes]


def read_license(case: Case) -> Verdict:
    trust = VerificationKeys({EnvelopeType.LICENSE: tuple(case.several("keys"))})
    device_key = Ed25519PublicKey.from_public_bytes(case.octets("device-signing-key"))
    app_key, device_kem = map(
        X25519PrivateKey.from_private_bytes, (case.octets("app-key"), case.octets("device-key"))
    )
    try:
        held = verify_license(case.data, trust, device_key)
    except LicenseError as error:
        return WORDS[type(error.__cause__)], b""
    try:
        check_binding(
            held,
            download_id=case.octets("download-id"),
            fingerprint=case.octets("fingerprint"),
            device_id=case.octets("device-id"),
        )
        check(held, int(case.given["now"]))
        content_key = unwrap_content_key(held, app_key=app_key, device_key=device_kem)
        transport_key = unwrap_transport_key(held, app_key=app_key, device_key=device_kem)
    except LicenseExpiredError:
        return "not-now", b""
    except LicenseBindingError:
        return "not-bound", b""
    return "ok", content_key + (transport_key or b"")


def read_digests(case: Case) -> Verdict:
    keys = keys_by_id(*map(Ed25519PublicKey.from_public_bytes, case.several("keys")))
    video, job = case.given["video"], case.given["job"]
    try:
        listed = open_digests(case.data, case.octets("list"), keys, vid=video, job_id=job)
    except FormatError as error:
        return WORDS[type(error)], b""
    return "ok", listed.digests


def read_acquire(case: Case) -> Verdict:
    claim = AcquireClaim(
        video_id=case.given["video"],
        job_id=case.given["job"],
        download_id=case.octets("download-id"),
        app_serial=case.octets("serial"),
        kem_public_key=case.octets("device-kem-key"),
        signing_public_key=case.octets("device-signing-key"),
    )
    try:
        claim.verify(case.data)
    except FormatError as error:
        return WORDS[type(error)], b""
    return "ok", device_id(claim.kem_public_key, claim.signing_public_key)


READERS: dict[str, Callable[[Case], Verdict]] = {
    "license": read_license,
    "digests": read_digests,
    "acquire": read_acquire,
}


def test_the_vectors_are_there() -> None:
    cases = [load(path) for path in VECTORS]
    assert len(cases) >= 170
    assert {case.reader for case in cases} == set(READERS)
    words = {"ok", "not-bound", "not-now", *CLASSES}
    assert {case.expect for case in cases} == words


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_our_reader_agrees(path: Path) -> None:
    case = load(path)
    verdict, plain = READERS[case.reader](case)
    assert verdict == case.expect
    case.check(plain)
