"""Every vector of what the credential document knows, through our reader."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from tests.vectors.cases import CLASSES, Case, load, paths

from vodseal.credential.certificate import DeviceCertificate
from vodseal.credential.enrolment import open_challenge
from vodseal.credential.envelope import (
    EnvelopeType,
    keys_by_id,
    open_envelope,
    open_self_anchored,
)
from vodseal.credential.fingerprint import AppIdentity, AppKind
from vodseal.credential.manifest import AppManifest
from vodseal.credential.requirements import IdentityLevel
from vodseal.credential.revocation import RevocationList
from vodseal.credential.security_file import SecurityFile
from vodseal.credential.stamp import Stamp, StampedRequest
from vodseal.credential.trust import VerificationKeys
from vodseal.errors import (
    AppIdentityError,
    CredentialError,
    FormatError,
    SecurityFileError,
    VodsealError,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VECTORS = paths("credential")
WORDS = {kind: word for word, kind in CLASSES.items()}
Verdict = tuple[str, bytes]


def word_for(error: VodsealError) -> str:
    """The spec's word for what a refusal came from."""
    cause = error.__cause__
    assert isinstance(cause, FormatError | CredentialError)
    return WORDS[type(cause)] if isinstance(cause, FormatError) else "malformed"


def read_envelope(case: Case) -> Verdict:
    keys = keys_by_id(*map(Ed25519PublicKey.from_public_bytes, case.several("keys")))
    try:
        return "ok", open_envelope(case.data, EnvelopeType(int(case.given["type"])), keys)
    except FormatError as error:
        return WORDS[type(error)], b""


def read_anchored(case: Case) -> Verdict:
    try:
        return "ok", open_self_anchored(case.data, EnvelopeType(int(case.given["type"])))[1]
    except FormatError as error:
        return WORDS[type(error)], b""


def read_security_file(case: Case) -> Verdict:
    try:
        file = SecurityFile.parse(case.data)
    except SecurityFileError as error:
        return word_for(error), b""
    try:
        file.check_validity(int(case.given["now"]))
    except SecurityFileError:
        return "not-now", b""
    identity = AppIdentity(
        kind=AppKind(int(case.given["kind"])), identifier=case.octets("identifier")
    )
    string, level = case.given["private-string"] or None, int(case.given["level"])
    try:
        app = file.open(identity, string, level=IdentityLevel(level))
    except (SecurityFileError, AppIdentityError):
        return "not-bound", b""
    if file.opening.needs_private_string:
        assert file.opening.derive(string) == case.octets("wrapping-key")
    return "ok", app.app_key.private_bytes_raw()


def read_manifest(case: Case) -> Verdict:
    try:
        return "ok", AppManifest.parse(case.data).identity.identifier
    except AppIdentityError as error:
        return word_for(error), b""


def read_certificate(case: Case) -> Verdict:
    keys = keys_by_id(*map(Ed25519PublicKey.from_public_bytes, case.several("keys")))
    try:
        return "ok", DeviceCertificate.open(case.data, keys).device_id
    except FormatError as error:
        return WORDS[type(error)], b""


def read_challenge(case: Case) -> Verdict:
    app_key = X25519PrivateKey.from_private_bytes(case.octets("app-key"))
    nonce, device_id = case.octets("nonce"), case.octets("device-id")
    try:
        opened = open_challenge(case.data, app_key=app_key, nonce=nonce, device_id=device_id)
    except FormatError as error:
        return WORDS[type(error)], b""
    return "ok", opened


def read_revocation_list(case: Case) -> Verdict:
    trust = VerificationKeys({EnvelopeType.REVOCATION: tuple(case.several("keys"))})
    now = int(case.given["now"])
    try:
        listed = RevocationList.open(case.data, trust)
    except FormatError as error:
        return WORDS[type(error)], b""
    found = [
        bytes([subject]) + name
        for subject, names in listed.revoked.items()
        for name in names
        if listed.revokes(subject, name, now)
    ]
    return "ok", b"".join(found)


def read_stamp(case: Case) -> Verdict:
    request = StampedRequest(
        method=case.given["method"],
        path=case.given["path"],
        parameters=json.loads(case.given["parameters"]),
        serial=case.octets("serial"),
    )
    try:
        stamp = Stamp.parse(case.data.decode("ascii"))
        if not stamp.is_fresh(int(case.given["now"])):
            return "not-now", b""
        request.verify(stamp, case.octets("device-signing-key"))
    except FormatError as error:
        return WORDS[type(error)], b""
    return "ok", stamp.nonce


READERS: dict[str, Callable[[Case], Verdict]] = {
    "envelope": read_envelope,
    "anchored-envelope": read_anchored,
    "security-file": read_security_file,
    "manifest": read_manifest,
    "certificate": read_certificate,
    "challenge": read_challenge,
    "revocation-list": read_revocation_list,
    "stamp": read_stamp,
}


def test_the_vectors_are_there() -> None:
    cases = [load(path) for path in VECTORS]
    assert len(cases) >= 310
    assert {case.reader for case in cases} == set(READERS)
    assert {case.expect for case in cases} == {"ok", "not-bound", "not-now", *CLASSES}


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_our_reader_agrees(path: Path) -> None:
    case = load(path)
    verdict, plain = READERS[case.reader](case)
    assert verdict == case.expect
    case.check(plain)
