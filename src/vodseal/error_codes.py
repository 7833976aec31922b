"""Every error number there is, and what to do about each.

The numbers of the download, request and playback groups are those of the SDK
that we match (client-surface 1.9); names lose their prefix. Numbers from
``0x5653_0000`` ("VS") are our own, for what the vendor's surface cannot say:
errors of an operator's commands. A number is never reused.
"""

from __future__ import annotations

from enum import IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["REMEDIES", "ErrorCode"]


class ErrorCode(IntEnum):
    """A number that an app can act on."""

    NOT_SELECT_ITEM = 0x3001_0000
    NO_DOWNLOAD_ITEM = 0x3001_0001
    STS_SOURCE_NULL = 0x3001_0002
    AUTH_SOURCE_NULL = 0x3001_0003
    AUTH_SOURCE_WRONG = 0x3001_0004
    INVALID_ITEM = 0x3001_0005
    URL_CANNOT_REACH = 0x3001_0006
    NOT_SUPPORT_FORMAT = 0x3001_0007
    ENCRYPT_FILE_NOT_MATCH = 0x3001_0008
    DOWNLOAD_SWITCH_OFF = 0x3001_0009
    NET_ERROR = 0x3001_000A
    NOT_SET_SAVE_DIR = 0x3001_000B
    CANNOT_CREATE_SAVE_DIR = 0x3001_000C
    NO_SPACE = 0x3001_000D
    WRITE_ERROR = 0x3001_000E
    ENCRYPT_ERROR = 0x3001_000F
    FILE_NOT_EXIST = 0x3001_0010
    CLEAN_INVALID_PARAM = 0x3001_0011
    CLEAN_WRONG_STATUS = 0x3001_0012
    GET_AES_KEY_FAIL = 0x3001_0013
    ENCRYPTION_NOT_SUPPORT = 0x3001_0014

    SERVER_NO_RESPONSE = 0x2001_0001
    SERVER_WRONG_JSON = 0x2001_0002
    NO_MATCH_QUALITY = 0x2001_0003
    PLAYAUTH_WRONG = 0x2001_0004
    REQUEST_FAIL = 0x2001_0005
    NO_PLAY_INFO = 0x2001_0006
    SERVER_POP_UNKNOWN = 0x2001_0100
    SERVER_POP_MISSING_PARAMETER = 0x2001_0101
    SERVER_POP_INVALID_PARAMETER = 0x2001_0102
    SERVER_POP_OPERATION_DENIED = 0x2001_0103
    SERVER_POP_OPERATION_SUSPENED = 0x2001_0104
    SERVER_POP_FORBIDDEN = 0x2001_0105
    SERVER_POP_INTERNAL_ERROR = 0x2001_0106
    SERVER_POP_SERVICE_UNAVALIABLE = 0x2001_0107
    SERVER_POP_SIGNATUREANONCE_USED = 0x2001_0108
    SERVER_POP_SECURITYTOKEN_MAILFORMED = 0x2001_0109
    SERVER_POP_SECURITYTOKEN_MISMATCH_ACCESSKEY = 0x2001_010A
    SERVER_POP_SIGNATURE_NOT_MATCH = 0x2001_010B
    SERVER_POP_ACCESSKEYID_NOT_FOUND = 0x2001_010C
    SERVER_POP_TOKEN_EXPIRED = 0x2001_010D
    SERVER_VOD_UNKNOWN = 0x2001_0200
    SERVER_VOD_FORBIDDEN_ILLEGALSTATUS = 0x2001_0201
    SERVER_VOD_INVALIDVIDEO_NOTFOUND = 0x2001_0202
    SERVER_VOD_INVALIDVIDEO_NOSTREAM = 0x2001_0203
    SERVER_VOD_FORBIDDEN_ALIYUNVODENCRYPTION = 0x2001_0204
    SERVER_VOD_INVALIDAUTH_MEDIAID = 0x2001_0205
    SERVER_VOD_INVALIDAUTHINFO_EXPIRETIME = 0x2001_0206

    DEMUXER_OPENURL = 0x2003_0001
    DEMUXER_NO_VALID_STREAM = 0x2003_0002
    DEMUXER_OPENSTREAM = 0x2003_0003
    DATASOURCE_EMPTYURL = 0x2003_0005
    UNKNOWN_ERROR = 0x2FFF_FFFF

    PORT_IN_USE = 0x5653_0001
    DATA_FOLDER_IN_USE = 0x5653_0002
    DATA_FOLDER_NEWER = 0x5653_0003
    DATA_FOLDER_UNUSABLE = 0x5653_0004
    MASTER_KEY_UNUSABLE = 0x5653_0005
    TRANSCODE_FAILED = 0x5653_0006
    NO_PROFILE = 0x5653_0007
    INPUT_FILE_UNUSABLE = 0x5653_0008
    OUTPUT_FILE_UNUSABLE = 0x5653_0009
    APP_IDENTITY_INVALID = 0x5653_000A
    PLAYER_NOT_FOUND = 0x5653_000B
    TOOL_NOT_FOUND = 0x5653_0060
    INTERRUPTED = 0x5653_000C
    CHECK_FAILED = 0x5653_000D
    MISUSE = 0x5653_000E
    FORMAT_INVALID = 0x5653_000F
    LICENSE_INVALID = 0x5653_0010
    SERVICE_NOT_INSTALLED = 0x5653_0011
    LICENSE_REVOKED = 0x5653_0012
    REVOCATION_LIST_INVALID = 0x5653_0013
    KEY_STORE_UNUSABLE = 0x5653_0030
    KEY_SERVICE_UNUSABLE = 0x5653_0020
    AUDIT_LOG_UNUSABLE = 0x5653_0021

    CONTACT_NEEDED = 0x5653_0040
    CLOCK_SET_BACK = 0x5653_0041
    VAULT_RESTORED = 0x5653_0042
    DEVICE_LIMIT = 0x5653_0043
    LICENSE_ENDED = 0x5653_0044

    ALREADY_QUEUED = 0x5653_0050
    QUEUE_IN_USE = 0x5653_0051
    NOT_IN_QUEUE = 0x5653_0052


_FRESH: Final = "Ask the app server for a fresh credential, then call update_source() and start()."

REMEDIES: Final[Mapping[ErrorCode, str]] = MappingProxyType(
    {
        ErrorCode.NOT_SELECT_ITEM: "Call select_item() with an index from on_prepared.",
        ErrorCode.NO_DOWNLOAD_ITEM: "Check the video's streams and the source's filters.",
        ErrorCode.STS_SOURCE_NULL: "Give a VidSts with vid, key id, key secret and token.",
        ErrorCode.AUTH_SOURCE_NULL: "Give a VidAuth with vid and play_auth.",
        ErrorCode.AUTH_SOURCE_WRONG: "Pass the PlayAuth text on exactly as the service issued it.",
        ErrorCode.INVALID_ITEM: "Select an index that on_prepared listed for this video.",
        ErrorCode.URL_CANNOT_REACH: "Call update_source() and start(): fresh URLs are asked for.",
        ErrorCode.NOT_SUPPORT_FORMAT: "Ask for mp4, m3u8 or mp3.",
        ErrorCode.ENCRYPT_FILE_NOT_MATCH: "Load the security file that was issued for this app.",
        ErrorCode.DOWNLOAD_SWITCH_OFF: "The operator turns it on: settings set download-mode.",
        ErrorCode.NET_ERROR: "Check the network, then call start(): the download goes on.",
        ErrorCode.NOT_SET_SAVE_DIR: "Call set_save_dir() before start().",
        ErrorCode.CANNOT_CREATE_SAVE_DIR: "Choose a folder that this user may create and write.",
        ErrorCode.NO_SPACE: "Free some disk space, then call start(): the download goes on.",
        ErrorCode.WRITE_ERROR: "Check the disk, then call start(): the download goes on.",
        ErrorCode.ENCRYPT_ERROR: "Delete the download and start it again.",
        ErrorCode.FILE_NOT_EXIST: "Nothing is stored under this identity; check its four values.",
        ErrorCode.CLEAN_INVALID_PARAM: "Give save dir, vid, format and an index of 0 or more.",
        ErrorCode.CLEAN_WRONG_STATUS: "Stop the running download of this file first.",
        ErrorCode.GET_AES_KEY_FAIL: "Put a valid MtsHlsUriToken into the source's play config.",
        ErrorCode.ENCRYPTION_NOT_SUPPORT: "Choose a stream that is clear or HLS-encrypted.",
        ErrorCode.SERVER_NO_RESPONSE: "Check that the endpoint is a VOD service, and try again.",
        ErrorCode.SERVER_WRONG_JSON: "Check that the endpoint is a VOD service.",
        ErrorCode.NO_MATCH_QUALITY: "Ask for a definition that the video has.",
        ErrorCode.PLAYAUTH_WRONG: "Pass the PlayAuth text on exactly as the service issued it.",
        ErrorCode.REQUEST_FAIL: "Check endpoint and network, then try again.",
        ErrorCode.SERVER_POP_TOKEN_EXPIRED: _FRESH,
        ErrorCode.SERVER_VOD_INVALIDAUTHINFO_EXPIRETIME: _FRESH,
        ErrorCode.SERVER_VOD_INVALIDAUTH_MEDIAID: "Use a PlayAuth that was issued for this video.",
        ErrorCode.SERVER_VOD_INVALIDVIDEO_NOTFOUND: "Check the video's id.",
        ErrorCode.SERVER_VOD_FORBIDDEN_ILLEGALSTATUS: "Wait until the video's status is Normal.",
        ErrorCode.SERVER_POP_FORBIDDEN: "Use a credential that is allowed to do this.",
        ErrorCode.DEMUXER_OPENURL: "Check the path, and that this user may read the file.",
        ErrorCode.DEMUXER_OPENSTREAM: "Play it in the app and on the device that downloaded it.",
        ErrorCode.DATASOURCE_EMPTYURL: "Give the path of a downloaded file.",
        ErrorCode.PORT_IN_USE: "Choose another --port, or stop the program that listens there.",
        ErrorCode.DATA_FOLDER_IN_USE: "Stop the other service, or choose another --data folder.",
        ErrorCode.DATA_FOLDER_NEWER: "Run the version that wrote this folder, or a later one.",
        ErrorCode.DATA_FOLDER_UNUSABLE: "Choose a --data folder that this user may write.",
        ErrorCode.MASTER_KEY_UNUSABLE: "Put the master key file of this data folder back in place.",
        ErrorCode.KEY_SERVICE_UNUSABLE: "Check --key-service, and that its provider answers.",
        ErrorCode.AUDIT_LOG_UNUSABLE: "Free disk space, or see what `audit verify` finds.",
        ErrorCode.NO_PROFILE: "Run serve on this machine, or set the VODSEAL_* variables.",
        ErrorCode.TOOL_NOT_FOUND: "Install the program that is named, and run it again.",
        ErrorCode.PLAYER_NOT_FOUND: "Install mpv, or use --with browser.",
        ErrorCode.INTERRUPTED: "Run the same command again: it goes on from where it was.",
        ErrorCode.SERVICE_NOT_INSTALLED: "Install it: pip install 'vodseal[service]'.",
        ErrorCode.KEY_STORE_UNUSABLE: "Unlock this user's key store, then try again.",
        ErrorCode.INPUT_FILE_UNUSABLE: "Name a file that this user may read.",
        ErrorCode.OUTPUT_FILE_UNUSABLE: "Name a file in a folder that this user may write.",
        ErrorCode.LICENSE_INVALID: "Connect and start the download again to get a new license.",
        ErrorCode.LICENSE_REVOKED: "Update the app, or ask the operator why it was revoked.",
        ErrorCode.REVOCATION_LIST_INVALID: "Check the endpoint and the device's clock.",
        ErrorCode.NO_PLAY_INFO: "Loosen the source's filters, or check the video's streams.",
        ErrorCode.SERVER_POP_UNKNOWN: "Read the message; keep the request id for the operator.",
        ErrorCode.SERVER_POP_MISSING_PARAMETER: "Send the parameter that the message names.",
        ErrorCode.SERVER_POP_INVALID_PARAMETER: "Correct the parameter that the message names.",
        ErrorCode.SERVER_POP_OPERATION_DENIED: "Open the VOD service for this account.",
        ErrorCode.SERVER_POP_OPERATION_SUSPENED: "Settle what the account owes.",
        ErrorCode.SERVER_POP_INTERNAL_ERROR: "Try again; keep the request id for the operator.",
        ErrorCode.SERVER_POP_SERVICE_UNAVALIABLE: "Try again in a while.",
        ErrorCode.SERVER_POP_SIGNATUREANONCE_USED: "Sign each request anew.",
        ErrorCode.SERVER_POP_SECURITYTOKEN_MAILFORMED: "Pass the token on as STS issued it.",
        ErrorCode.SERVER_POP_SECURITYTOKEN_MISMATCH_ACCESSKEY: "Use the parts of one credential.",
        ErrorCode.SERVER_POP_SIGNATURE_NOT_MATCH: "Check the key secret.",
        ErrorCode.SERVER_POP_ACCESSKEYID_NOT_FOUND: "Check the key id, and whose it is.",
        ErrorCode.SERVER_VOD_UNKNOWN: "Read the message; keep the request id for the operator.",
        ErrorCode.SERVER_VOD_INVALIDVIDEO_NOSTREAM: "Loosen the source's filters.",
        ErrorCode.SERVER_VOD_FORBIDDEN_ALIYUNVODENCRYPTION: "Leave the source's result_type out, "
        "or transcode the video under another template.",
        ErrorCode.DEMUXER_NO_VALID_STREAM: "Transcode it in another way.",
        ErrorCode.UNKNOWN_ERROR: "Report it with the log.",
        ErrorCode.TRANSCODE_FAILED: "Upload a film that plays from start to end.",
        ErrorCode.APP_IDENTITY_INVALID: "Have the app's developer sign its folder: app sign.",
        ErrorCode.CONTACT_NEEDED: "Go online and call OfflineLicense.check_in().",
        ErrorCode.CLOCK_SET_BACK: "Set the clock right, or call OfflineLicense.check_in() online.",
        ErrorCode.VAULT_RESTORED: "Go online and call OfflineLicense.check_in().",
        ErrorCode.DEVICE_LIMIT: "Release a license on another device of this user first.",
        ErrorCode.LICENSE_ENDED: "It is not renewed; ask the operator, or delete the download.",
        ErrorCode.ALREADY_QUEUED: "Resume the download that is in the queue, or remove it first.",
        ErrorCode.QUEUE_IN_USE: "Close the one that runs it; QueueEditor edits it meanwhile.",
        ErrorCode.NOT_IN_QUEUE: "Use an id that the queue lists.",
        ErrorCode.CHECK_FAILED: "Read which check failed.",
        ErrorCode.MISUSE: "Correct the call.",
        ErrorCode.FORMAT_INVALID: "Download it again, or use a whole copy.",
    }
)
