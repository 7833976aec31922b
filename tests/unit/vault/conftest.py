"""An app, its security file and a service's keys, for the vault's tests."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from vodseal.credential.envelope import EnvelopeType
from vodseal.credential.fingerprint import AppIdentity
from vodseal.credential.opening import Argon2Opening, FileAloneOpening
from vodseal.credential.security_file import issue_security_file
from vodseal.credential.trust import VerificationKeys
from vodseal.license.issue import issue_license
from vodseal.license.model import LicenseTerms

if TYPE_CHECKING:
    from vodseal.credential.requirements import AppRequirements
    from vodseal.vault.store import Vault

PRIVATE_STRING = "Abcdefgh12345678"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """A service, as far as it signs."""

    key: Ed25519PrivateKey
    app_keys: dict[bytes, X25519PrivateKey]

    @property
    def trust(self) -> VerificationKeys:
        public = self.key.public_key().public_bytes_raw()
        return VerificationKeys(
            {
                EnvelopeType.SECURITY_FILE: (public,),
                EnvelopeType.LICENSE: (public,),
                EnvelopeType.REVOCATION: (public,),
            }
        )

    def security_file(
        self,
        identity: AppIdentity,
        *,
        private_string: str | None = None,
        not_after: int = 0,
        serial: bytes | None = None,
        requirements: AppRequirements | None = None,
    ) -> bytes:
        self.app_keys[identity.fingerprint] = app_key = X25519PrivateKey.generate()
        return issue_security_file(
            identity=identity,
            app_private_key=app_key,
            opening=FileAloneOpening(salt=os.urandom(16), secret=os.urandom(32))
            if private_string is None
            else Argon2Opening(salt=os.urandom(16), memory_kib=19 * 1024, passes=1),
            private_string=private_string,
            serial=serial or identity.fingerprint[:16],
            trust=self.trust,
            signing_key=self.key,
            not_after=not_after,
            requirements=requirements,
        )

    def license(
        self,
        identity: AppIdentity,
        vault: Vault,
        download_id: bytes,
        content_key: bytes,
        *,
        expires_at: int = 0,
        serial: bytes | None = None,
    ) -> bytes:
        terms = LicenseTerms(
            license_id=download_id,
            serial=serial or identity.fingerprint[:16],
            fingerprint=identity.fingerprint,
            device_id=vault.device.device_id,
            vid="v1",
            track="job1",
            issued_at=1,
            expires_at=expires_at,
        )
        return issue_license(
            terms,
            content_key,
            app_public_key=self.app_keys[identity.fingerprint].public_key(),
            device_public_key=vault.device.kem.public_key(),
            signing_key=self.key,
        )


@pytest.fixture
def issuer() -> Issuer:
    return Issuer(key=Ed25519PrivateKey.generate(), app_keys={})


@pytest.fixture
def identity() -> AppIdentity:
    return AppIdentity.ios_bundle("com.example.player")


@pytest.fixture
def private_string() -> str:
    return PRIVATE_STRING
