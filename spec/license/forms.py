"""A second implementation of licenses and segment digests, right or wrong on purpose.

Written from SPEC.md alone; it imports nothing from ``src``.
"""

import hashlib
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from spec.credential.forms import DEVICE, NOW, Device
from spec.kit import (
    cbor,
    envelope,
    hpke,
    kem_key,
    public,
    signing_key,
    stream,
)

Fields = dict[int, object]
OTHER_DEVICE = Device("other")
KEY = stream("content key", 32)
LICENSE_ID, SERIAL, FINGERPRINT = stream("license", 16), stream("serial", 16), stream("app", 32)
SERVICE, STRANGER, APP = signing_key("licensing"), signing_key("stranger"), kem_key("app")
OTHER_APP = kem_key("other app")


def key_digest(content_key: bytes) -> bytes:
    return hashlib.sha256(b"vodseal1/ck\0" + content_key).digest()


def terms(**replace: object) -> Fields:
    fields: Fields = {
        0: 1, 1: LICENSE_ID, 2: 0, 3: SERIAL, 4: FINGERPRINT, 5: DEVICE.device_id,
        6: "a video", 7: "a job", 8: NOW, 9: 0, 10: 0, 11: 0, 12: 0,
        13: {0: True, 1: True}, 14: key_digest(KEY),
    }  # fmt: skip
    return fields | {int(name[1:]): value for name, value in replace.items()}


def wrap(
    fields: Fields,
    *,
    key: bytes = KEY,
    app: X25519PrivateKey = APP,
    device: X25519PrivateKey = DEVICE.kem,
    labels: tuple[bytes, bytes] = (b"dev", b"app"),
    low: tuple[bytes, bytes] = (b"", b""),
) -> bytes:
    """Field 15 for the terms in ``fields``; device first, app around it."""
    info = b"vodseal1/lic\0" + hashlib.sha256(cbor(fields)).digest()
    inner = hpke(public(device), info + labels[0], key, label="inner", low=low[0])
    return hpke(public(app), info + labels[1], inner, label="outer", low=low[1])


def license_of(
    fields: Fields | None = None,
    *,
    wrapped: bytes | None = None,
    edit: Callable[[Fields], object] | None = None,
    body: Callable[[bytes], bytes] | None = None,
    signer: Ed25519PrivateKey = SERVICE,
    number: int = 2,
) -> bytes:
    """A license; every argument replaces one thing by a wrong one."""
    fields = terms() if fields is None else fields
    whole = fields | {15: wrap(fields) if wrapped is None else wrapped, 16: 1}
    if edit:
        edit(whole)
    encoded = cbor(whole)
    return envelope(number, body(encoded) if body else encoded, signer)
