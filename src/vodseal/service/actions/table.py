"""Every action of the service, by its name on the wire (wire 5, 7)."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from vodseal.service.actions import (
    apps,
    devices,
    download,
    library,
    licenses,
    operator,
    play,
    revocations,
    rotation,
    transcoding,
    uploads,
)
from vodseal.service.actions.registry import STS, VERSIONS, Action

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ACTIONS", "VERSIONS"]

ACTIONS: Final[Mapping[str, Action]] = MappingProxyType(
    {
        "AssumeRole": Action(handle=operator.assume_role, product=STS),
        "GetServiceSettings": Action(handle=operator.get_service_settings),
        "SetServiceSettings": Action(handle=operator.set_service_settings),
        "RotateMasterKey": Action(handle=rotation.rotate_master_key),
        "GetKeyRotation": Action(handle=rotation.get_key_rotation),
        "CreateUploadVideo": Action(handle=uploads.create_upload_video),
        "RefreshUploadVideo": Action(handle=uploads.refresh_upload_video),
        "GetVideoInfo": Action(handle=library.get_video_info),
        "GetVideoList": Action(handle=library.get_video_list),
        "DeleteVideo": Action(handle=library.delete_video),
        "GetTranscodeTask": Action(handle=transcoding.get_transcode_task),
        "ListTranscodeTask": Action(handle=transcoding.list_transcode_task),
        "GetVideoPlayAuth": Action(handle=play.get_video_play_auth),
        "GetPlayInfo": Action(handle=play.get_play_info),
        "CreateHlsUriToken": Action(handle=play.create_hls_uri_token),
        "GetDownloadPolicy": Action(handle=download.get_download_policy),
        "AcquireDownloadLicense": Action(handle=download.acquire_download_license),
        "CheckInDevice": Action(handle=licenses.check_in_device),
        "GetLicensePolicy": Action(handle=licenses.get_license_policy),
        "SetLicensePolicy": Action(handle=licenses.set_license_policy),
        "ListLicenses": Action(handle=licenses.list_licenses),
        "RevokeLicenses": Action(handle=licenses.revoke_licenses),
        "GetSegmentDigests": Action(handle=download.get_segment_digests),
        "GenerateDownloadSecretKey": Action(handle=apps.generate_download_secret_key),
        "RegisterApp": Action(handle=apps.register_app),
        "GetEnrolmentChallenge": Action(handle=devices.get_enrolment_challenge),
        "EnrollDevice": Action(handle=devices.enroll_device),
        "ListDevices": Action(handle=devices.list_devices),
        "RevokeDevice": Action(handle=devices.revoke_device),
        "ListApps": Action(handle=apps.list_apps),
        "DescribeApp": Action(handle=apps.describe_app),
        "ReissueApp": Action(handle=apps.reissue_app),
        "RevokeApp": Action(handle=apps.revoke_app),
        "GetRevocationList": Action(handle=revocations.get_revocation_list),
    }
)
