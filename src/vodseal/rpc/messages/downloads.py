"""Secure download: our own actions, under the VOD version (SPEC rpc §7).

A service without them answers ``InvalidAction.NotFound``.
"""

from dataclasses import dataclass, field
from typing import Annotated

from vodseal.rpc.messages.fields import Form, Message
from vodseal.rpc.messages.requests import Request

__all__ = [
    "AcquireDownloadLicenseAnswer",
    "AcquireDownloadLicenseRequest",
    "CheckInDeviceAnswer",
    "CheckInDeviceRequest",
    "CreateHlsUriTokenAnswer",
    "CreateHlsUriTokenRequest",
    "GetDownloadPolicyAnswer",
    "GetDownloadPolicyRequest",
    "GetRevocationListAnswer",
    "GetRevocationListRequest",
    "GetSegmentDigestsAnswer",
    "GetSegmentDigestsRequest",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class GetDownloadPolicyAnswer(Message):
    """``download_mode``: off, normal or secure."""

    request_id: str = ""
    download_mode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetDownloadPolicyRequest(Request[GetDownloadPolicyAnswer]):
    """How this video may be saved, now."""

    video_id: str
    auth_info: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcquireDownloadLicenseAnswer(Message):
    """``license``: an envelope, base64. The content key in it is wrapped.

    ``time_token``: an envelope, base64, when there was a nonce (SPEC license §9.3).
    """

    request_id: str = ""
    license: str = field(default="", repr=False)
    time_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcquireDownloadLicenseRequest(Request[AcquireDownloadLicenseAnswer]):
    """A license for one download on one device.

    ``download_id`` (32 hex) makes it idempotent: asked again by the same device,
    the answer holds the same content key. The device signs the canonical CBOR
    list of the other values (SPEC license §8).
    """

    video_id: str
    job_id: str
    track_index: int
    download_id: str
    app_serial: str
    device_kem_key: str
    device_signing_key: str
    device_signature: str
    nonce: str | None = None
    auth_info: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInDeviceAnswer(Message):
    """``time_token``: an envelope, base64; it names the licenses that are withdrawn."""

    request_id: str = ""
    time_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInDeviceRequest(Request[CheckInDeviceAnswer]):
    """What a device tells and asks when it can (SPEC license §10.2).

    ``license_ids``: 32 hex digits each, with commas; those that the device holds.
    ``receipts``: base64 each, with commas; of the licenses that it gave up.
    """

    video_id: str
    device_kem_key: str
    device_signing_key: str
    nonce: str
    license_ids: Annotated[str | None, Form()] = None
    receipts: Annotated[str | None, Form()] = None
    auth_info: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GetSegmentDigestsAnswer(Message):
    """``manifest``: an envelope; ``digests``: concatenated, 32 bytes each. Both base64."""

    request_id: str = ""
    manifest: str = field(default="", repr=False)
    digests: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GetSegmentDigestsRequest(Request[GetSegmentDigestsAnswer]):
    """The signed list of segment digests of one stream."""

    video_id: str
    job_id: str
    auth_info: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateHlsUriTokenAnswer(Message):
    """A token for the key endpoint."""

    request_id: str = ""
    mts_hls_uri_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateHlsUriTokenRequest(Request[CreateHlsUriTokenAnswer]):
    """Without a video, the token is good for all. ``timeout``: seconds."""

    video_id: str | None = None
    timeout: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GetRevocationListAnswer(Message):
    """``revocation_list``: an envelope, base64 (SPEC credential §8)."""

    request_id: str = ""
    revocation_list: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetRevocationListRequest(Request[GetRevocationListAnswer]):
    """Everything that is revoked, as of now. Every session may ask."""
