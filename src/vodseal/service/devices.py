"""Which device asks: its stamp, and whether it has enrolled (SPEC rpc §11, credential §10).

What is cheap comes first: form, age, signature, one row read. Only then a nonce
is written, which is what a flood would make us pay for.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vodseal.container.keys import hkdf_expand
from vodseal.credential.device import device_id
from vodseal.credential.enrolment import NONCE_SIZE
from vodseal.credential.stamp import PARAMETER, Stamp, StampedRequest
from vodseal.errors import MalformedError, RpcError, TamperedError
from vodseal.service.database.models import Device
from vodseal.service.limits import Scope
from vodseal.service.nonces import use_nonce

if TYPE_CHECKING:
    from vodseal.service.context import ServiceContext
    from vodseal.service.database.models import App
    from vodseal.service.parameters import Parameters
    from vodseal.service.runtime import Call, Service

__all__ = [
    "AskingDevice",
    "ChallengeKey",
    "asking_device",
    "check_enrolled",
    "check_stamp",
]

_ID_SIZE: Final = 16
_KEY_SIZE: Final = 32
_PATH: Final = "/"
_CHALLENGE_SECONDS: Final = 5 * 60
_TIME_SIZE: Final = 8
_CHALLENGE_KEY: Final = b"vodseal1/enrolment-key\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingDevice:
    """The device and the security file that a request names. Nothing of it is proved yet."""

    serial: bytes
    kem_key: bytes
    signing_key: bytes

    @property
    def id(self) -> bytes:
        """Return the device's id, which only its keys decide."""
        return device_id(self.kem_key, self.signing_key)


def asking_device(parameters: Parameters) -> AskingDevice:
    """Return the device that a request names.

    Raises:
        RpcError: ``Missing*``, ``InvalidParameter.*``.
    """
    return AskingDevice(
        serial=bytes.fromhex(parameters.hexadecimal("AppSerial", _ID_SIZE)),
        kem_key=parameters.octets("DeviceKemKey", _KEY_SIZE),
        signing_key=parameters.octets("DeviceSigningKey", _KEY_SIZE),
    )


def check_stamp(call: Call, device: AskingDevice) -> Stamp:
    """Return the stamp of a request, which ``device`` has made just now.

    Its nonce is not used up by this: whoever acts on the request does that.

    Raises:
        RpcError: ``MissingDeviceStamp``, ``InvalidParameter.DeviceStamp``,
            ``InvalidTimeStamp.Expired``.
    """
    request = StampedRequest(
        method=call.method, path=_PATH, parameters=call.values, serial=device.serial
    )
    try:
        stamp = Stamp.parse(call.parameters.required(PARAMETER))
        if not stamp.is_fresh(call.now):
            raise RpcError("InvalidTimeStamp.Expired")
        request.verify(stamp, device.signing_key)
    except (MalformedError, TamperedError):
        raise RpcError(f"InvalidParameter.{PARAMETER}") from None
    return stamp


async def check_enrolled(service: Service, call: Call, app: App, device: AskingDevice) -> None:
    """Return when ``device`` may ask for a license of ``app``; its nonce is then used up.

    An app whose registration asks for no certificate takes requests without a
    stamp too, but none with a wrong one.

    Raises:
        RpcError: ``Forbidden.DeviceNotEnrolled``, ``SignatureNonceUsed``,
            ``Throttling.Device``, or as ``check_stamp``.
    """
    context = service.context
    if not app.needs_certificate and not call.parameters.text(PARAMETER):
        return
    stamp = check_stamp(call, device)
    service.limits.count(Scope.DEVICE, device.id.hex(), call.action)
    if app.needs_certificate:
        async with context.reads.begin() as session:
            row = await session.get(Device, (device.id.hex(), app.serial))
        if row is None:
            raise RpcError("Forbidden.DeviceNotEnrolled")
    async with context.sessions.begin() as session:
        scope = f"device:{device.id.hex()}"
        await use_nonce(session, scope, stamp.nonce, ends_at=stamp.ends_at, now=call.now)


@dataclass(frozen=True, slots=True)
class ChallengeKey:
    """Makes the secrets of challenges. They follow from their nonce, so none is stored."""

    key: bytes

    @classmethod
    def of(cls, context: ServiceContext) -> ChallengeKey:
        """Return the service's."""
        return cls(hkdf_expand(context.keys.tokens, _CHALLENGE_KEY))

    def new_nonce(self, context: ServiceContext, now: float) -> bytes:
        """Return a fresh nonce, which carries its own end."""
        end = int(now) + _CHALLENGE_SECONDS
        return end.to_bytes(_TIME_SIZE, "big") + context.random(NONCE_SIZE - _TIME_SIZE)

    def secret(self, nonce: bytes, device: AskingDevice) -> bytes:
        """Return the secret that belongs to a nonce, a device and a security file."""
        return hmac.digest(self.key, nonce + device.id + device.serial, hashlib.sha256)

    def check(self, nonce: bytes, device: AskingDevice, answer: bytes, now: float) -> int:
        """Return when ``nonce`` ends, if ``answer`` is its secret and it has not ended.

        Raises:
            RpcError: ``InvalidParameter.Answer``, ``InvalidTimeStamp.Expired``.
        """
        if not hmac.compare_digest(self.secret(nonce, device), answer):
            raise RpcError("InvalidParameter.Answer")
        end = int.from_bytes(nonce[:_TIME_SIZE], "big")
        if now >= end:
            raise RpcError("InvalidTimeStamp.Expired")
        return end
