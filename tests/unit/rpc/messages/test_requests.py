"""How requests are written (wire 1, 5)."""

from __future__ import annotations

from vodseal.rpc.messages.apps import GenerateDownloadSecretKeyRequest, RegisterAppRequest
from vodseal.rpc.messages.downloads import AcquireDownloadLicenseRequest
from vodseal.rpc.messages.play import GetPlayInfoAnswer, GetPlayInfoRequest
from vodseal.rpc.messages.registry import ACTIONS
from vodseal.rpc.messages.requests import to_parameters
from vodseal.rpc.messages.sts import AssumeRoleRequest


def test_action_and_version_come_from_the_class() -> None:
    assert GetPlayInfoRequest.action() == "GetPlayInfo"
    assert GetPlayInfoRequest.answer_type() is GetPlayInfoAnswer
    parameters = to_parameters(AssumeRoleRequest(role_arn="r", role_session_name="s"))
    assert parameters.query["Action"] == "AssumeRole"
    assert parameters.query["Version"] == "2015-04-01"


def test_what_is_none_is_not_sent() -> None:
    request = GetPlayInfoRequest(video_id="v", auth_timeout=60)
    assert to_parameters(request).query == {
        "Action": "GetPlayInfo",
        "Version": "2017-03-21",
        "VideoId": "v",
        "AuthTimeout": "60",
    }


def test_secrets_travel_in_the_body_and_truth_in_lower_case() -> None:
    request = RegisterAppRequest(
        kind="python", identifier="com.example", file_alone=True, app_decrypt_key="geheim"
    )
    parameters = to_parameters(request)
    assert parameters.form == {"AppDecryptKey": "geheim"}
    assert parameters.query["FileAlone"] == "true"
    assert "geheim" not in str(parameters.query)
    assert "geheim" not in repr(parameters)
    assert "geheim" not in repr(request)


def test_the_vendors_key_file_request_keeps_its_string_out_of_the_query() -> None:
    request = GenerateDownloadSecretKeyRequest(app_identification="com.x", app_decrypt_key="S1")
    parameters = to_parameters(request)
    assert parameters.query["AppIdentification"] == "com.x"
    assert parameters.form == {"AppDecryptKey": "S1"}


def test_every_action_of_the_service_is_listed() -> None:
    assert {action for _, action in ACTIONS} == {
        "AssumeRole", "CreateUploadVideo", "RefreshUploadVideo", "GetVideoInfo", "GetVideoList",
        "DeleteVideo", "GetVideoPlayAuth", "GetPlayInfo", "GenerateDownloadSecretKey",
        "GetTranscodeTask", "ListTranscodeTask", "GetDownloadPolicy", "AcquireDownloadLicense",
        "GetEnrolmentChallenge", "EnrollDevice", "ListDevices", "RevokeDevice",
        "GetSegmentDigests", "CreateHlsUriToken", "RegisterApp", "ListApps", "DescribeApp",
        "ReissueApp", "RevokeApp", "GetRevocationList", "GetServiceSettings", "SetServiceSettings",
        "RotateMasterKey", "GetKeyRotation",
        "CheckInDevice", "GetLicensePolicy", "SetLicensePolicy", "ListLicenses", "RevokeLicenses",
    }  # fmt: skip
    assert all(
        model.answer_type().__name__ == f"{action}Answer" for (_, action), model in ACTIONS.items()
    )


def test_a_license_request_has_the_agreed_names() -> None:
    request = AcquireDownloadLicenseRequest(
        video_id="v", job_id="j", track_index=3, download_id="d", app_serial="a",
        device_kem_key="k", device_signing_key="s", device_signature="g",
    )  # fmt: skip
    assert set(to_parameters(request).query) - {"Action", "Version"} == {
        "VideoId", "JobId", "TrackIndex", "DownloadId", "AppSerial",
        "DeviceKemKey", "DeviceSigningKey", "DeviceSignature",
    }  # fmt: skip
