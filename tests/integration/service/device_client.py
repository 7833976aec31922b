"""A device as the wire sees it: its keys, its stamps, its enrolment."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vodseal.credential.device import DeviceKeys, derive_device_keys
from vodseal.credential.enrolment import open_challenge
from vodseal.credential.stamp import PARAMETER, StampedRequest

if TYPE_CHECKING:
    from vodseal.credential.security_file import UnlockedApp


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


@dataclass
class DeviceClient:
    """One device with one app, and a service to ask."""

    service: object
    app: UnlockedApp
    keys: DeviceKeys = field(default_factory=lambda: derive_device_keys(os.urandom(32)))

    @property
    def named(self) -> dict[str, str]:
        return {
            "AppSerial": self.app.serial.hex(),
            "DeviceKemKey": text(self.keys.kem.public_key().public_bytes_raw()),
            "DeviceSigningKey": text(self.keys.signing.public_key().public_bytes_raw()),
        }

    def stamp(self, action: str, values: dict[str, str], **changes) -> str:
        request = StampedRequest(
            method=changes.get("method", "POST"),
            path="/",
            parameters={"Action": action, "Version": "2017-03-21", **values},
            serial=changes.get("serial", self.app.serial),
        )
        return request.sign(
            changes.get("key", self.keys.signing),
            nonce=changes.get("nonce") or os.urandom(16),
            now=changes.get("now", self.service.clock.now()),
        )

    def stamped(self, action: str, credential=None, *, changes=None, **values):
        values = {name: str(value) for name, value in values.items()}
        stamp = self.stamp(action, values, **(changes or {}))
        return self.service.call(action, credential, **values, **{PARAMETER: stamp})

    def answer(self, credential=None, **values) -> dict[str, str]:
        """Ask for a challenge, and return what goes back."""
        given = self.service.ok("GetEnrolmentChallenge", credential, **self.named, **values)
        nonce = base64.b64decode(given["Nonce"])
        secret = open_challenge(
            base64.b64decode(given["Challenge"]),
            app_key=self.app.app_key,
            nonce=nonce,
            device_id=self.keys.device_id,
        )
        return {"Nonce": given["Nonce"], "Answer": text(secret)}

    def enrol(self, credential=None, *, changes=None, identity=1, key_store=1, **values):
        sent = {**self.named, **self.answer(credential, **values), **values}
        return self.stamped(
            "EnrollDevice",
            credential,
            changes=changes,
            **sent,
            IdentityLevel=identity,
            KeyStoreLevel=key_store,
        )
