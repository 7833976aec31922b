"""A license and a list of segment digests, behind their signatures."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from fuzz import kit
from vodseal.container.cbor import decode, encode
from vodseal.credential.device import derive_device_keys
from vodseal.credential.envelope import EnvelopeType, keys_by_id, seal_envelope
from vodseal.errors import MalformedError
from vodseal.license.digests import open_digests
from vodseal.license.open import verify_license
from vodseal.license.policy import check
from vodseal.license.wrap import unwrap_content_key, unwrap_transport_key

if TYPE_CHECKING:
    from collections.abc import Iterator

CBOR_FROM = 1
DEVICE = derive_device_keys(b"d" * 32)
APP_KEY = X25519PrivateKey.from_private_bytes(b"a" * 32)
KEYS = keys_by_id(kit.SIGNER.public_key())


def test_one(data: bytes) -> bool:
    """The first byte says which: odd are digests, with the list of them by its upper bits.

    Two is a license that was moved, with the service's own in field 18 not yet signed.
    """
    if not data:
        return False
    payload = data[1:]
    if data[0] & 1:
        sealed = kit.signed(EnvelopeType.SEGMENT_DIGESTS, payload)
        listed = bytes(32) * (data[0] >> 1)
        return kit.takes(
            lambda: open_digests(sealed, listed, KEYS, vid="a video", job_id="a job").check(0, b"")
        )
    sealed = moved(payload) if data[0] & 2 else kit.signed(EnvelopeType.LICENSE, payload)

    def read() -> None:
        held = verify_license(sealed, kit.TRUST, DEVICE.signing.public_key())
        kit.takes(lambda: check(held, 1_800_000_000))
        keys = {"app_key": APP_KEY, "device_key": DEVICE.kem}
        kit.takes(lambda: unwrap_content_key(held, **keys))
        kit.takes(lambda: unwrap_transport_key(held, **keys))

    return kit.takes(read)


def moved(payload: bytes) -> bytes:
    """``payload`` signed by the device; what is in field 18 is first signed by the service."""
    try:
        fields = decode(payload)
    except MalformedError:
        fields = {}
    if isinstance(fields, dict) and isinstance(origin := fields.get(18), dict | bytes):
        inner = origin if isinstance(origin, bytes) else encode(origin)
        payload = encode({**fields, 18: kit.signed(EnvelopeType.LICENSE, inner)})
    return seal_envelope(EnvelopeType.LICENSE, payload[: kit.MAX_PAYLOAD], DEVICE.signing)


def moved_seeds() -> Iterator[bytes]:
    """What a license that was moved holds, with the map of the service's own in it."""
    for payload in kit.payloads("license", "license"):
        with suppress(MalformedError):  # Vectors that hold no such map: the other seeds have them.
            fields = decode(payload)
            if isinstance(fields, dict) and isinstance(origin := fields.get(18), bytes):
                yield encode({**fields, 18: decode(origin[24:-64])})


def seeds() -> Iterator[bytes]:
    yield from (b"\2" + payload for payload in moved_seeds())
    yield from (b"\0" + payload for payload in kit.payloads("license", "license"))
    yield from (b"\7" + payload for payload in kit.payloads("license", "digests"))
