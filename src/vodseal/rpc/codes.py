"""Every word the service uses for a refusal: status, text, and the client's number.

The one table in which a server code, its HTTP status and the number of the SDK
that we match meet (wire 4, client-surface 1.9). Two families are patterns:
``Missing{Param}`` and ``InvalidParameter.{Param}``.

The vendor's table of client numbers knows INVALIDAUTH_MEDIAID, but no document
gives its server code. By the way the neighbouring names are made it is
``InvalidAuth.MediaId``; we send that, and understand ``InvalidAuthInfo.MediaId``.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from vodseal.error_codes import ErrorCode as C

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SERVER_ERRORS", "UNKNOWN_ACTION_CODES", "ServerError", "client_error", "server_error"]


@dataclass(frozen=True, slots=True)
class ServerError:
    """What a server code means."""

    status: int
    message: str
    client: C


_NOT_AUTHORIZED: Final = "User not authorized to operate on the specified resource."
_FLOW: Final = "Request was denied due to user flow control."
_TOKEN: Final = "Specified SecurityToken is malformed."  # noqa: S105 - a message

_GATEWAY: Final = {
    "InvalidAccessKeyId.NotFound": ServerError(
        404, "Specified access key is not found.", C.SERVER_POP_ACCESSKEYID_NOT_FOUND
    ),
    "InvalidAccessKeyId.Inactive": ServerError(
        403, "Specified access key is disabled.", C.SERVER_POP_ACCESSKEYID_NOT_FOUND
    ),
    "SignatureDoesNotMatch": ServerError(  # without a colon, an old client fails (wire 14)
        400,
        "Specified signature is not matched with our calculation. server string to sign is:",
        C.SERVER_POP_SIGNATURE_NOT_MATCH,
    ),
    "IncompleteSignature": ServerError(
        400,
        "The request signature does not conform to Aliyun standards.",
        C.SERVER_POP_SIGNATURE_NOT_MATCH,
    ),
    "SignatureNonceUsed": ServerError(
        400, "Specified signature nonce was used already.", C.SERVER_POP_SIGNATUREANONCE_USED
    ),
    "InvalidTimeStamp.Expired": ServerError(
        400, "Specified time stamp or date value is expired.", C.SERVER_POP_UNKNOWN
    ),
    "InvalidTimeStamp.Format": ServerError(
        400, "Specified time stamp or date value is not well formatted.", C.SERVER_POP_UNKNOWN
    ),
    "IllegalTimestamp": ServerError(
        400, "The input parameter Timestamp is not valid.", C.SERVER_POP_UNKNOWN
    ),
    "InvalidSecurityToken.Expired": ServerError(
        400, "Specified SecurityToken is expired.", C.SERVER_POP_TOKEN_EXPIRED
    ),
    "InvalidSecurityToken.Malformed": ServerError(
        400, _TOKEN, C.SERVER_POP_SECURITYTOKEN_MAILFORMED
    ),
    "InvalidSecurityToken.MismatchWithAccessKey": ServerError(
        400,
        "Specified SecurityToken mismatch with the AccessKey.",
        C.SERVER_POP_SECURITYTOKEN_MISMATCH_ACCESSKEY,
    ),
    "MissingSecurityToken": ServerError(
        400,
        "SecurityToken is mandatory for this action.",
        C.SERVER_POP_SECURITYTOKEN_MAILFORMED,
    ),
    "MissingParameter": ServerError(
        400, "A mandatory parameter is missing.", C.SERVER_POP_MISSING_PARAMETER
    ),
    "InvalidParameter": ServerError(
        400, "The specified parameter is not valid.", C.SERVER_POP_INVALID_PARAMETER
    ),
    "Forbidden": ServerError(403, _NOT_AUTHORIZED, C.SERVER_POP_FORBIDDEN),
    "NoPermission": ServerError(403, _NOT_AUTHORIZED, C.SERVER_POP_FORBIDDEN),
    "OperationDenied": ServerError(
        403, "Your account does not open VOD service yet.", C.SERVER_POP_OPERATION_DENIED
    ),
    "OperationDenied.Suspended": ServerError(
        403, "Your VOD service is suspended.", C.SERVER_POP_OPERATION_SUSPENED
    ),
    "Throttling": ServerError(429, _FLOW, C.SERVER_POP_UNKNOWN),
    "Throttling.User": ServerError(429, _FLOW, C.SERVER_POP_UNKNOWN),
    "Throttling.Api": ServerError(429, _FLOW, C.SERVER_POP_UNKNOWN),
    "Throttling.Device": ServerError(429, _FLOW, C.SERVER_POP_UNKNOWN),
    "InvalidAction.NotFound": ServerError(
        404, "Specified api is not found, please check your url and method.", C.SERVER_POP_UNKNOWN
    ),
    "InvalidVersion": ServerError(
        400, "Specified parameter Version is not valid.", C.SERVER_POP_UNKNOWN
    ),
    "UnsupportedOperation": ServerError(
        400, "The specified action is not supported.", C.SERVER_POP_UNKNOWN
    ),
    "UnsupportedHTTPMethod": ServerError(
        405, "This http method is not supported.", C.SERVER_POP_UNKNOWN
    ),
    "InternalError": ServerError(
        500,
        "The request processing has failed due to some unknown error.",
        C.SERVER_POP_INTERNAL_ERROR,
    ),
    "ServiceUnavailable": ServerError(
        503,
        "The request has failed due to a temporary failure of the server.",
        C.SERVER_POP_SERVICE_UNAVALIABLE,
    ),
    "ServiceUnAvailable": ServerError(  # spelled so in the VOD table
        503,
        "The request has failed due to a temporary failure of the server.",
        C.SERVER_POP_SERVICE_UNAVALIABLE,
    ),
    "EntityNotExist.Role": ServerError(404, "The role not exists.", C.SERVER_POP_UNKNOWN),
}

_PLAY: Final = {
    "Forbidden.IllegalStatus": ServerError(
        403, "Status of the video is illegal.", C.SERVER_VOD_FORBIDDEN_ILLEGALSTATUS
    ),
    "InvalidVideo.NotFound": ServerError(
        404, "The video does not exist.", C.SERVER_VOD_INVALIDVIDEO_NOTFOUND
    ),
    "InvalidVideo.NoneStream": ServerError(
        404,
        "The play stream for video does not exist according to your request conditions.",
        C.SERVER_VOD_INVALIDVIDEO_NOSTREAM,
    ),
    "Forbidden.AliyunVoDEncryption": ServerError(
        403,
        "Only the AliyunVoDEncryption stream exists, you must set the ResultType to Multiple.",
        C.SERVER_VOD_FORBIDDEN_ALIYUNVODENCRYPTION,
    ),
    "Forbidden.VodsealEncryption": ServerError(
        403,
        "Only VodsealEncryption streams exist, you must set the ResultType to Multiple.",
        C.SERVER_VOD_FORBIDDEN_ALIYUNVODENCRYPTION,
    ),
    "InvalidAuth.MediaId": ServerError(
        400,
        "The specified parameter AuthInfo was issued for another video.",
        C.SERVER_VOD_INVALIDAUTH_MEDIAID,
    ),
    "InvalidAuthInfo.MediaId": ServerError(
        400,
        "The specified parameter AuthInfo was issued for another video.",
        C.SERVER_VOD_INVALIDAUTH_MEDIAID,
    ),
    "InvalidAuthInfo.ExpireTime": ServerError(
        400,
        "The specified parameter AuthInfo has expired.",
        C.SERVER_VOD_INVALIDAUTHINFO_EXPIRETIME,
    ),
}

_VOD: Final = {
    "Forbidden.RAM": (403, _NOT_AUTHORIZED),
    "InvalidAuthInfo": (400, "The specified parameter AuthInfo is not valid."),
    "InvalidVideo.Damaged": (400, "The video has been damaged."),
    "InvalidFileName.Extension": (400, "The specified FileName has no valid extension."),
    "IllegalCharacters": (400, "A specified parameter contains illegal characters."),
    "LengthExceededMax": (400, "A specified parameter exceeds its maximum length."),
    "TagsExceededMax": (400, "The specified Tags exceed the maximum count or length."),
    "InvalidTemplateGroupId.NotFound": (404, "The template group does not exist."),
    "InvalidStorage.NotFound": (404, "The storage location does not exist."),
    "NoSuchResource": (404, "The specified resource does not exist."),
    "InvalidTranscodeTemplateGroup.NotFound": (404, "The template group does not exist."),
    "InvalidFile.NotFound": (404, "The file does not exist."),
    "VideoIdsExceededMax": (400, "More than 20 video ids are specified."),
    "VideoListExceededMax": (400, "More than 5000 videos are asked for."),
    "TranscodeTemplateExceededMax": (400, "More than 20 templates are specified."),
    "TrasncodeTemplateGroupExceededMax": (400, "There are more than 20 template groups."),
    "WatermarkExceededMax": (400, "More than 4 watermarks are specified."),
    "Forbidden.LockedTemplateGroup": (403, "The template group is locked."),
    "Forbidden.SpecialTemplateGroup": (403, "The template group cannot be changed."),
    "Forbidden.InitFailed": (403, "The account could not be initialised."),
    "AddVideoFailed": (503, "Creating the video has failed due to some unknown error."),
    "DeleteVideoFailed": (503, "Deleting the video has failed due to some unknown error."),
}

# Our own actions. The vendor's download switch and key file check live in its
# closed client; ours are the service's to refuse, under numbers that exist.
_OURS: Final = {
    "Forbidden.DownloadOff": ServerError(
        403, "Download is switched off for this service.", C.DOWNLOAD_SWITCH_OFF
    ),
    "Forbidden.NotSecureMode": ServerError(
        403, "The service is not in secure download mode.", C.DOWNLOAD_SWITCH_OFF
    ),
    "InvalidApp.NotFound": ServerError(
        404, "The app is not registered with this service.", C.ENCRYPT_FILE_NOT_MATCH
    ),
    "Forbidden.AppRevoked": ServerError(
        403, "The app's registration was revoked.", C.ENCRYPT_FILE_NOT_MATCH
    ),
    "Forbidden.DeviceNotEnrolled": ServerError(
        403, "The device has no certificate for this app.", C.LICENSE_INVALID
    ),
    "Forbidden.IdentityLevel": ServerError(
        403, "The app asks for a higher identity level.", C.APP_IDENTITY_INVALID
    ),
    "Forbidden.KeyStoreLevel": ServerError(
        403, "The app asks for a device key in a key store, not in a file.", C.KEY_STORE_UNUSABLE
    ),
    "Forbidden.DeviceRevoked": ServerError(403, "The device was revoked.", C.LICENSE_REVOKED),
    "Forbidden.LicenseRevoked": ServerError(403, "The license was revoked.", C.LICENSE_REVOKED),
    "InvalidApp.Incomplete": ServerError(
        400,
        "The app's manifest key was not kept: register the app again.",
        C.SERVER_POP_INVALID_PARAMETER,
    ),
    "Forbidden.DeviceLimit": ServerError(
        403, "This user holds licenses on as many devices as the policy allows.", C.DEVICE_LIMIT
    ),
    "Forbidden.LicenseEnded": ServerError(
        403, "The license has ended and is not renewed.", C.LICENSE_ENDED
    ),
    "InvalidHlsUriToken": ServerError(
        403, "The MtsHlsUriToken is not one of this service.", C.GET_AES_KEY_FAIL
    ),
    "InvalidHlsUriToken.Expired": ServerError(
        403, "The MtsHlsUriToken has expired.", C.GET_AES_KEY_FAIL
    ),
    "InvalidHlsUriToken.MediaId": ServerError(
        403, "The MtsHlsUriToken was issued for another video.", C.GET_AES_KEY_FAIL
    ),
}

SERVER_ERRORS: Final[Mapping[str, ServerError]] = MappingProxyType(
    {
        **_GATEWAY,
        **_PLAY,
        **{code: ServerError(*row, C.SERVER_VOD_UNKNOWN) for code, row in _VOD.items()},
        **_OURS,
    }
)
"""Every server code that we know, but for the two patterns."""

UNKNOWN_ACTION_CODES: Final = frozenset(
    {"InvalidAction.NotFound", "InvalidApi.NotFound", "UnsupportedOperation"}
)
"""How a service says that it has no such action."""

_GATEWAY_FAMILIES: Final = (
    "InvalidAccessKeyId",
    "InvalidAction",
    "InvalidApi",
    "InvalidFormat",
    "InvalidProtocol",
    "InvalidSecurityToken",
    "InvalidTimeStamp",
    "InvalidVersion",
    "Signature",
    "Throttling",
    "Unsupported",
)


def server_error(server_code: str) -> ServerError:
    """Return the row of ``server_code``; an unmapped one gets status 400 and its own name.

    The message of ``MissingX`` and ``InvalidParameter.X`` names the parameter.
    """
    known = SERVER_ERRORS.get(server_code)
    if known is not None:
        return known
    family, _, name = server_code.partition(".")
    if family == "InvalidParameter" and name:
        return ServerError(
            400, f"The specified parameter {name} is not valid.", C.SERVER_POP_INVALID_PARAMETER
        )
    parameter = server_code.removeprefix("Missing")
    if parameter != server_code and parameter:
        return ServerError(
            400, f"{parameter} is mandatory for this action.", C.SERVER_POP_MISSING_PARAMETER
        )
    if not server_code or server_code.startswith(_GATEWAY_FAMILIES):
        return ServerError(400, server_code, C.SERVER_POP_UNKNOWN)
    return ServerError(400, server_code, C.SERVER_VOD_UNKNOWN)


def client_error(server_code: str) -> C:
    """Return the number that a client reports for ``server_code``."""
    return server_error(server_code).client
