"""Devices: enrolment, list, revocation. Our own actions (SPEC rpc §7)."""

from dataclasses import dataclass, field

from vodseal.rpc.messages.fields import Message
from vodseal.rpc.messages.requests import Request

__all__ = [
    "Device",
    "EnrollDeviceAnswer",
    "EnrollDeviceRequest",
    "GetEnrolmentChallengeAnswer",
    "GetEnrolmentChallengeRequest",
    "ListDevicesAnswer",
    "ListDevicesRequest",
    "RevokeDeviceAnswer",
    "RevokeDeviceRequest",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class GetEnrolmentChallengeAnswer(Message):
    """``challenge`` is sealed to the app; both are base64."""

    request_id: str = ""
    nonce: str = ""
    challenge: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetEnrolmentChallengeRequest(Request[GetEnrolmentChallengeAnswer]):
    """Asks for a challenge. ``video_id`` is needed with the key of a PlayAuth only."""

    app_serial: str
    device_kem_key: str
    device_signing_key: str
    video_id: str | None = None
    auth_info: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrollDeviceAnswer(Message):
    """``certificate``: an envelope, base64."""

    request_id: str = ""
    certificate: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrollDeviceRequest(Request[EnrollDeviceAnswer]):
    """Asks for a certificate. It travels with the device's stamp."""

    app_serial: str
    device_kem_key: str
    device_signing_key: str
    identity_level: int
    key_store_level: int
    nonce: str
    answer: str = field(repr=False)
    video_id: str | None = None
    auth_info: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device(Message):
    """One enrolled device. Both levels are what it said of itself."""

    device_id: str = ""
    app_serial: str = ""
    identity_level: int = 0
    key_store_level: int = 0
    status: str = ""
    enrolment_time: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDevicesAnswer(Message):
    """Devices, the newest first; at most 1,000."""

    request_id: str = ""
    device_list: tuple[Device, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDevicesRequest(Request[ListDevicesAnswer]):
    """Asks for the devices of one app, or of all."""

    app_serial: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeDeviceAnswer(Message):
    """Done."""

    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeDeviceRequest(Request[RevokeDeviceAnswer]):
    """No more licenses for this device."""

    device_id: str
