"""What the operator decides about licenses (our actions, SPEC rpc §7)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vodseal.rpc.messages.fields import Message
from vodseal.rpc.messages.requests import Request

__all__ = [
    "GetLicensePolicyAnswer",
    "GetLicensePolicyRequest",
    "LicenseInfo",
    "ListLicensesAnswer",
    "ListLicensesRequest",
    "RevokeLicensesAnswer",
    "RevokeLicensesRequest",
    "SetLicensePolicyAnswer",
    "SetLicensePolicyRequest",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class GetLicensePolicyAnswer(Message):
    """``policy``: what holds; ``own``: what was set for this very app or video."""

    request_id: str = ""
    policy: Mapping[str, object] = field(default_factory=dict)
    own: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GetLicensePolicyRequest(Request[GetLicensePolicyAnswer]):
    """Names an app by a serial, or a video."""

    serial: str | None = None
    video_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLicensePolicyAnswer(Message):
    """As ``GetLicensePolicyAnswer``, after the change."""

    request_id: str = ""
    policy: Mapping[str, object] = field(default_factory=dict)
    own: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLicensePolicyRequest(Request[SetLicensePolicyAnswer]):
    """Sets one value for an app or a video; without a value, the wider one holds again."""

    name: str
    value: str | None = None
    serial: str | None = None
    video_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseInfo(Message):
    """One license. ``status``: Active, Released or Revoked; ``expires``: empty for never."""

    download_id: str = ""
    device_id: str = ""
    video_id: str = ""
    user_name: str = ""
    app_serial: str = ""
    status: str = ""
    sequence: int = 0
    issue_time: str = ""
    expire_time: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLicensesAnswer(Message):
    """The newest first."""

    request_id: str = ""
    license_list: tuple[LicenseInfo, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLicensesRequest(Request[ListLicensesAnswer]):
    """Every filter narrows the list."""

    video_id: str | None = None
    user_name: str | None = None
    device_id: str | None = None
    download_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeLicensesAnswer(Message):
    """``count``: how many were not revoked until now."""

    request_id: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeLicensesRequest(Request[RevokeLicensesAnswer]):
    """Filters as in ``ListLicensesRequest``; at least one."""

    video_id: str | None = None
    user_name: str | None = None
    device_id: str | None = None
    download_id: str | None = None
