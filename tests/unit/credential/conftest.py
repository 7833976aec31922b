"""A service with its keys, and what it issues to an app."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from vodseal.credential.envelope import EnvelopeType
from vodseal.credential.fingerprint import AppIdentity
from vodseal.credential.opening import Argon2Opening, FileAloneOpening
from vodseal.credential.security_file import issue_security_file
from vodseal.credential.trust import VerificationKeys

CREDENTIAL_KEY = Ed25519PrivateKey.from_private_bytes(b"c" * 32)
LICENSE_KEY = Ed25519PrivateKey.from_private_bytes(b"l" * 32)
STRING = "PrivateString123"
QUICK = Argon2Opening(salt=b"salt" * 4, memory_kib=19 * 1024, passes=1)
ALONE = FileAloneOpening(salt=b"salt" * 4, secret=b"s" * 32)


class Service:
    """Issues security files; every argument has a value that fits."""

    def __init__(self) -> None:
        self.trust = VerificationKeys(
            {
                EnvelopeType.SECURITY_FILE: (CREDENTIAL_KEY.public_key().public_bytes_raw(),),
                EnvelopeType.LICENSE: (LICENSE_KEY.public_key().public_bytes_raw(),),
            }
        )

    def issue(self, identity: AppIdentity, **changes: object) -> bytes:
        what: dict[str, object] = {
            "identity": identity,
            "app_private_key": X25519PrivateKey.generate(),
            "opening": QUICK,
            "private_string": STRING,
            "serial": b"serial-of-16-byt",
            "trust": self.trust,
            "signing_key": CREDENTIAL_KEY,
        }
        return issue_security_file(**(what | changes))  # type: ignore[arg-type]  # keywords from a table


@pytest.fixture(scope="session")
def service() -> Service:
    return Service()


@pytest.fixture(scope="session")
def player() -> AppIdentity:
    return AppIdentity.ios_bundle("com.example.player")
