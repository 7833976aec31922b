"""Certificates, revocation lists, manifests, checkpoints, time tokens and receipts, signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuzz import kit
from vodseal.credential.certificate import DeviceCertificate
from vodseal.credential.envelope import EnvelopeType, keys_by_id
from vodseal.credential.manifest import AppManifest
from vodseal.credential.revocation import RevocationList, Subject
from vodseal.license.receipt import Receipt
from vodseal.license.time_token import TimeToken, open_time_token
from vodseal.service.audit.chain import ChainState, Checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

CBOR_FROM = 1
NONCE = b"N" * 16


def _certificate(payload: bytes) -> None:
    sealed = kit.signed(EnvelopeType.DEVICE_CERTIFICATE, payload)
    opened = DeviceCertificate.open(sealed, kit.TRUST.for_type(EnvelopeType.DEVICE_CERTIFICATE))
    assert opened.seal(kit.SIGNER) == sealed
    opened.holds(1_800_000_000)


def _revocation_list(payload: bytes) -> None:
    sealed = kit.signed(EnvelopeType.REVOCATION, payload)
    opened = RevocationList.open(sealed, kit.TRUST)
    assert opened.seal(kit.SIGNER) == sealed
    opened.revokes(Subject.APP, bytes(16), 1_800_000_000)
    kit.takes(lambda: opened.check_successor(opened, 1_800_000_000))


def _manifest(payload: bytes) -> None:
    AppManifest.parse(kit.anchored(EnvelopeType.APP_MANIFEST, payload))


def _checkpoint(payload: bytes) -> None:
    sealed = kit.signed(EnvelopeType.AUDIT_CHECKPOINT, payload)
    assert Checkpoint.open(sealed, kit.SIGNER.public_key()).seal(kit.SIGNER) == sealed


def _time_token(payload: bytes) -> None:
    sealed = kit.signed(EnvelopeType.TIME_TOKEN, payload)
    keys = keys_by_id(kit.SIGNER.public_key())
    assert open_time_token(sealed, keys, nonce=NONCE).seal(kit.SIGNER) == sealed


def _receipt(payload: bytes) -> None:
    sealed = kit.signed(EnvelopeType.RELEASE_RECEIPT, payload)
    assert Receipt.open(sealed, kit.SIGNER.public_key()).seal(kit.SIGNER) == sealed


_READS = (_certificate, _revocation_list, _manifest, _checkpoint, _time_token, _receipt)


def test_one(data: bytes) -> bool:
    """The first byte says which."""
    return bool(data) and kit.takes(lambda: _READS[data[0] % len(_READS)](data[1:]))


def seeds() -> Iterator[bytes]:
    yield from (b"\0" + each for each in kit.payloads("credential", "certificate"))
    yield from (b"\1" + each for each in kit.payloads("credential", "revocation-list"))
    yield from (b"\2" + each for each in kit.bodies("credential", "manifest"))
    made = Checkpoint(state=ChainState.begin(b"L" * 16), time_ms=1_800_000_000_000)
    yield b"\3" + made.seal(kit.SIGNER)[24:-64]
    token = TimeToken(time=1_800_000_000, nonce=NONCE, withdrawn=(b"L" * 16,))
    yield b"\4" + token.seal(kit.SIGNER)[24:-64]
    receipt = Receipt(
        license_id=b"L" * 16, sequence=1, device_id=b"D" * 16, released_at=1_800_000_000
    )
    yield b"\5" + receipt.seal(kit.SIGNER)[24:-64]
