"""Every action, by its version and name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from vodseal.rpc.messages import (
    apps,
    devices,
    downloads,
    licenses,
    play,
    rotation,
    settings,
    sts,
    transcode,
    videos,
)
from vodseal.rpc.messages.requests import Request

__all__ = ["ACTIONS"]

_REQUESTS: Final[tuple[type[Request[Any]], ...]] = (
    sts.AssumeRoleRequest,
    videos.CreateUploadVideoRequest,
    videos.RefreshUploadVideoRequest,
    videos.GetVideoInfoRequest,
    videos.GetVideoListRequest,
    videos.DeleteVideoRequest,
    play.GetVideoPlayAuthRequest,
    play.GetPlayInfoRequest,
    transcode.GetTranscodeTaskRequest,
    transcode.ListTranscodeTaskRequest,
    apps.GenerateDownloadSecretKeyRequest,
    apps.RegisterAppRequest,
    apps.ListAppsRequest,
    apps.DescribeAppRequest,
    apps.ReissueAppRequest,
    apps.RevokeAppRequest,
    downloads.GetDownloadPolicyRequest,
    downloads.AcquireDownloadLicenseRequest,
    downloads.CheckInDeviceRequest,
    downloads.GetSegmentDigestsRequest,
    downloads.CreateHlsUriTokenRequest,
    devices.GetEnrolmentChallengeRequest,
    devices.EnrollDeviceRequest,
    devices.ListDevicesRequest,
    devices.RevokeDeviceRequest,
    downloads.GetRevocationListRequest,
    licenses.GetLicensePolicyRequest,
    licenses.SetLicensePolicyRequest,
    licenses.ListLicensesRequest,
    licenses.RevokeLicensesRequest,
    settings.GetServiceSettingsRequest,
    settings.SetServiceSettingsRequest,
    rotation.RotateMasterKeyRequest,
    rotation.GetKeyRotationRequest,
)

ACTIONS: Final[Mapping[tuple[str, str], type[Request[Any]]]] = MappingProxyType(
    {(request.version, request.action()): request for request in _REQUESTS}
)
"""What a service answers. The key is (version, action)."""
