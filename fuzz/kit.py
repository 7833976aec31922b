"""What the targets share: whom they trust, how a payload gets behind its signature, seeds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from spec.vector import parse

from vodseal.credential.envelope import EnvelopeType, seal_envelope, seal_self_anchored
from vodseal.credential.trust import VerificationKeys
from vodseal.errors import VodsealError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SPEC: Final = Path(__file__).resolve().parents[1] / "spec"
SIGNER: Final = Ed25519PrivateKey.from_private_bytes(b"f" * 32)
TRUSTED: Final = (SIGNER.public_key().public_bytes_raw(),)
_KINDS = (
    EnvelopeType.SECURITY_FILE,
    EnvelopeType.LICENSE,
    EnvelopeType.DEVICE_CERTIFICATE,
    EnvelopeType.REVOCATION,
    EnvelopeType.SEGMENT_DIGESTS,
)
TRUST: Final = VerificationKeys(dict.fromkeys(_KINDS, TRUSTED))
MAX_PAYLOAD: Final = 64 * 1024
_HEAD, _ANCHOR, _SIGNATURE = 24, 32, 64


def takes(read: Callable[[], object]) -> bool:
    """Whether ``read`` took its input. It may refuse it, with an error of ours and no other."""
    try:
        read()
    except VodsealError:
        return False
    return True


def signed(kind: EnvelopeType, payload: bytes) -> bytes:
    """``payload`` in an envelope that is trusted."""
    return seal_envelope(kind, payload[:MAX_PAYLOAD], SIGNER)


def anchored(kind: EnvelopeType, body: bytes) -> bytes:
    """``body`` in an envelope that brings the key it is signed with."""
    return seal_self_anchored(kind, body[: MAX_PAYLOAD - _ANCHOR], SIGNER)


def vectors(spec: str, reader: str) -> Iterator[tuple[dict[str, str], bytes]]:
    """Head and bytes of each vector of a specification that is for ``reader``."""
    for path in sorted((SPEC / spec / "vectors").glob("*.vec")):
        head, data = parse(path.read_bytes())
        if head["reader"] == reader:
            yield head, data


def json_vectors(form: str) -> Iterator[dict[str, Any]]:
    """Each vector of SPEC rpc that is of ``form``."""
    for path in sorted((SPEC / "rpc" / "vectors").glob(f"{form}.*.json")):
        yield json.loads(path.read_text(encoding="utf-8"))


def payloads(spec: str, reader: str) -> Iterator[bytes]:
    """What the envelopes of these vectors hold."""
    for _, data in vectors(spec, reader):
        yield data[_HEAD:-_SIGNATURE]


def bodies(spec: str, reader: str) -> Iterator[bytes]:
    """What those envelopes hold that bring their key, behind it."""
    for payload in payloads(spec, reader):
        yield payload[_ANCHOR:]
