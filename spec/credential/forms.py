"""A second implementation of identities, security files and manifests, right or wrong on purpose.

Written from SPEC.md alone; it imports nothing from ``src``.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from spec.kit import (
    cbor,
    envelope,
    expand,
    kem_key,
    message,
    public,
    signing_key,
    stream,
)

Fields = dict[int, object]
SERVICE, LICENSING, STRANGER = map(signing_key, ("service", "licensing", "stranger"))
ENROLLING, REVOKING = signing_key("enrolling"), signing_key("revoking")
APP_KEY = kem_key("app")
NOW = 1_767_323_045
STRING = "correctHorse2Battery"
SERIAL = stream("serial", 16)
BUNDLE = b"com.example.player"
MANIFEST = signing_key("manifest")
DEFAULT_TRUST = {1: [public(SERVICE)], 2: [public(LICENSING)]}


def fingerprint(kind: int, identifier: bytes) -> bytes:
    size = len(identifier).to_bytes(2, "big")
    return hashlib.sha256(b"vodseal1/app\0" + bytes([kind]) + size + identifier).digest()


@dataclass
class Opening:
    """Field 7, and the wrapping key that it gives."""

    fields: Fields
    key: bytes
    string: str = ""


def file_alone(secret: bytes = stream("secret", 32), **replace: object) -> Opening:
    salt = stream("salt", 16)
    fields = {0: 0, 1: salt, 2: secret} | {int(k[1:]): v for k, v in replace.items()}
    return Opening(fields, expand(secret, b"vodseal1/filealone\0" + salt))


def private_string(text: str = STRING, **replace: object) -> Opening:
    """Kind 1 with the least work that is allowed; a vector need not cost more."""
    salt = stream("salt", 16)
    kdf = Argon2id(salt=salt, length=32, iterations=1, lanes=1, memory_cost=19456)
    fields = {0: 1, 1: salt, 2: 19456, 3: 1, 4: 1} | {int(k[1:]): v for k, v in replace.items()}
    return Opening(fields, kdf.derive(text.encode()), text)


def wrapped(
    opening: Opening, *, mark: bytes, serial: bytes = SERIAL, key: bytes | None = None
) -> bytes:
    """The app's private key under the wrapping key, for the app with fingerprint ``mark``."""
    raw = APP_KEY.private_bytes_raw() if key is None else key
    return message(opening.key, b"vodseal1/appkey\0" + mark + serial, raw)


def security_file(
    *,
    kind: int = 2,
    identifier: bytes = BUNDLE,
    opening: Opening | None = None,
    edit: Callable[[Fields], object] | None = None,
    body: Callable[[bytes], bytes] | None = None,
    signer: Ed25519PrivateKey = SERVICE,
    number: int = 1,
) -> bytes:
    """A security file; every argument replaces one thing by a wrong one."""
    opening = file_alone() if opening is None else opening
    mark = fingerprint(kind, identifier)
    fields: Fields = {
        0: 1, 1: SERIAL, 2: identifier, 3: kind, 4: mark,
        5: public(APP_KEY), 6: wrapped(opening, mark=mark), 7: opening.fields,
        8: 0, 9: 0, 11: DEFAULT_TRUST,
    }  # fmt: skip
    if edit:
        edit(fields)
    encoded = cbor(fields)
    return envelope(number, public(signer) + (body(encoded) if body else encoded), signer)


def manifest(
    *,
    files: list[object] | None = None,
    edit: Callable[[Fields], object] | None = None,
    body: Callable[[bytes], bytes] | None = None,
    number: int = 8,
) -> bytes:
    listed = default_files() if files is None else files
    fields: Fields = {0: 1, 1: BUNDLE.decode(), 2: listed}
    if edit:
        edit(fields)
    encoded = cbor(fields)
    return envelope(number, public(MANIFEST) + (body(encoded) if body else encoded), MANIFEST)


def default_files() -> list[object]:
    return [entry("app/__init__.py", b""), entry("app/main.py", b"print()\n")]


def entry(path: object, content: bytes = b"x") -> list[object]:
    return [path, len(content), hashlib.sha256(content).digest()]


class Device:
    """The keys of one device: SPEC credential, 5."""

    def __init__(self, label: str) -> None:
        seed = stream("seed " + label, 32)
        self.kem = X25519PrivateKey.from_private_bytes(expand(seed, b"vodseal1/device-kem\0"))
        self.signing = Ed25519PrivateKey.from_private_bytes(expand(seed, b"vodseal1/device-sign\0"))
        named = b"vodseal1/device\0" + public(self.kem) + public(self.signing)
        self.device_id = hashlib.sha256(named).digest()[:16]


DEVICE = Device("this")


def certificate(
    *,
    drop: int = -1,
    body: Callable[[bytes], bytes] | None = None,
    signer: Ed25519PrivateKey = ENROLLING,
    number: int = 3,
    **replace: object,
) -> bytes:
    """The certificate of this device; every argument replaces one thing by a wrong one."""
    fields: Fields = {
        0: 1, 1: DEVICE.device_id, 2: public(DEVICE.kem), 3: public(DEVICE.signing),
        4: SERIAL, 5: fingerprint(2, BUNDLE), 6: 1, 7: 2, 8: NOW, 9: 0,
    }  # fmt: skip
    fields |= {int(name[1:]): value for name, value in replace.items()}
    fields.pop(drop, None)
    encoded = cbor(fields)
    return envelope(number, body(encoded) if body else encoded, signer)


def revocation_list(
    *,
    drop: int = -1,
    signer: Ed25519PrivateKey = REVOKING,
    number: int = 5,
    **replace: object,
) -> bytes:
    """A list of two apps, a device and no license."""
    fields: Fields = {
        0: 1, 1: 7, 2: NOW, 3: NOW + 86400,
        4: [[bytes(16), NOW - 1], [SERIAL, NOW]], 5: [[DEVICE.device_id, NOW + 1]], 6: [],
    }  # fmt: skip
    fields |= {int(name[1:]): value for name, value in replace.items()}
    fields.pop(drop, None)
    return envelope(number, cbor(fields), signer)
