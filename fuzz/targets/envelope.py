"""Every signed object, its bytes as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from fuzz import kit
from vodseal.credential.certificate import DeviceCertificate
from vodseal.credential.envelope import EnvelopeType, keys_by_id, open_envelope, open_self_anchored
from vodseal.credential.manifest import AppManifest
from vodseal.credential.revocation import RevocationList
from vodseal.credential.security_file import SecurityFile
from vodseal.license.digests import open_digests
from vodseal.license.open import verify_license
from vodseal.service.audit.chain import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

_OF_VECTORS = {
    key
    for spec, reader in (("credential", "envelope"), ("license", "license"))
    for head, _ in kit.vectors(spec, reader)
    for key in head.get("keys", "").split(",")
    if key
}
KEYS = keys_by_id(
    kit.SIGNER.public_key(),
    *(Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)) for key in sorted(_OF_VECTORS)),
)


def test_one(data: bytes) -> bool:
    device = kit.SIGNER.public_key()
    reads = [
        *(lambda kind=kind: open_envelope(data, kind, KEYS) for kind in EnvelopeType),
        *(lambda kind=kind: open_self_anchored(data, kind) for kind in EnvelopeType),
        lambda: SecurityFile.parse(data),
        lambda: AppManifest.parse(data),
        lambda: DeviceCertificate.open(data, KEYS),
        lambda: RevocationList.open(data, kit.TRUST),
        lambda: verify_license(data, kit.TRUST, device),
        lambda: open_digests(data, b"", KEYS, vid="", job_id=""),
        lambda: Checkpoint.open(data, device),
    ]
    taken = [kit.takes(read) for read in reads]
    return any(taken)


def seeds() -> Iterator[bytes]:
    for reader in ("anchored-envelope", "envelope", "certificate", "manifest", "security-file"):
        yield from (data for _, data in kit.vectors("credential", reader))
    yield from (data for _, data in kit.vectors("license", "license"))
