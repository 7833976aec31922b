"""A service, an app and a device, and the licenses between them."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from vodseal.credential.device import DeviceKeys, derive_device_keys
from vodseal.credential.envelope import EnvelopeType
from vodseal.credential.fingerprint import AppIdentity
from vodseal.credential.security_file import UnlockedApp
from vodseal.credential.trust import VerificationKeys
from vodseal.license.issue import issue_license
from vodseal.license.model import LicenseTerms

DOWNLOAD_ID = b"download-id-0016"


@dataclass
class World:
    """Two apps and two devices; licenses are for the first of each."""

    license_key: Ed25519PrivateKey = field(
        default_factory=lambda: Ed25519PrivateKey.from_private_bytes(b"l" * 32)
    )
    content_key: bytes = bytes(range(32))

    def __post_init__(self) -> None:
        public = self.license_key.public_key().public_bytes_raw()
        stranger = Ed25519PrivateKey.from_private_bytes(b"c" * 32).public_key().public_bytes_raw()
        self.trust = VerificationKeys(
            {
                EnvelopeType.LICENSE: (public,),
                EnvelopeType.SEGMENT_DIGESTS: (public,),
                EnvelopeType.SECURITY_FILE: (stranger,),
            }
        )
        self.app, self.other_app = self._app("com.example.one"), self._app("com.example.two")
        self.device: DeviceKeys = derive_device_keys(b"d" * 32)
        self.other_device: DeviceKeys = derive_device_keys(b"e" * 32)

    def _app(self, bundle_id: str) -> UnlockedApp:
        return UnlockedApp(
            serial=b"serial-of-16-byt",
            fingerprint=AppIdentity.ios_bundle(bundle_id).fingerprint,
            app_key=X25519PrivateKey.generate(),
            trust=self.trust,
        )

    def terms(self, **changes: object) -> LicenseTerms:
        fields: dict[str, object] = {
            "license_id": DOWNLOAD_ID,
            "serial": self.app.serial,
            "fingerprint": self.app.fingerprint,
            "device_id": self.device.device_id,
            "vid": "8a1f",
            "track": "job-1",
            "issued_at": 1_700_000_000,
        }
        return LicenseTerms(**(fields | changes))  # type: ignore[arg-type]  # keywords from a table

    def license(self, terms: LicenseTerms | None = None) -> bytes:
        return issue_license(
            terms or self.terms(),
            self.content_key,
            app_public_key=self.app.app_key.public_key(),
            device_public_key=self.device.kem.public_key(),
            signing_key=self.license_key,
        )


@pytest.fixture(scope="session")
def world() -> World:
    return World()
