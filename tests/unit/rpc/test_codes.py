"""The one table: server code, HTTP status, client number (wire 4, client-surface 1.9)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import vodseal
from vodseal.error_codes import ErrorCode
from vodseal.rpc.codes import SERVER_ERRORS, UNKNOWN_ACTION_CODES, client_error, server_error

REQUEST_GROUP = {code for code in ErrorCode if 0x2001_0000 <= code < 0x2002_0000}

NOT_FROM_A_SERVER_CODE = {
    ErrorCode.SERVER_NO_RESPONSE: "sdk/test_transport.py: an empty answer",
    ErrorCode.SERVER_WRONG_JSON: "sdk/test_transport.py: an answer that is not JSON",
    ErrorCode.REQUEST_FAIL: "sdk/test_transport.py: no connection",
    ErrorCode.NO_PLAY_INFO: "sdk/test_transport.py: an answer without a video",
    ErrorCode.PLAYAUTH_WRONG: "rpc/test_play_auth.py: malformed",
    ErrorCode.NO_MATCH_QUALITY: "media/test_tracks.py: a forced quality that is not there",
}


def test_every_number_of_the_request_group_can_happen() -> None:
    from_table = {row.client for row in SERVER_ERRORS.values()}
    assert REQUEST_GROUP - from_table == set(NOT_FROM_A_SERVER_CODE)
    assert len(REQUEST_GROUP) == 27


@pytest.mark.parametrize(
    ("server_code", "status", "client"),
    [
        ("InvalidAccessKeyId.NotFound", 404, 0x2001_010C),
        ("SignatureDoesNotMatch", 400, 0x2001_010B),
        ("SignatureNonceUsed", 400, 0x2001_0108),
        ("InvalidTimeStamp.Expired", 400, 0x2001_0100),
        ("InvalidSecurityToken.Expired", 400, 0x2001_010D),
        ("InvalidSecurityToken.Malformed", 400, 0x2001_0109),
        ("InvalidSecurityToken.MismatchWithAccessKey", 400, 0x2001_010A),
        ("MissingSecurityToken", 400, 0x2001_0109),
        ("MissingParameter", 400, 0x2001_0101),
        ("MissingVideoId", 400, 0x2001_0101),
        ("InvalidParameter", 400, 0x2001_0102),
        ("InvalidParameter.PageSize", 400, 0x2001_0102),
        ("Forbidden", 403, 0x2001_0105),
        ("NoPermission", 403, 0x2001_0105),
        ("OperationDenied", 403, 0x2001_0103),
        ("OperationDenied.Suspended", 403, 0x2001_0104),
        ("InternalError", 500, 0x2001_0106),
        ("ServiceUnavailable", 503, 0x2001_0107),
        ("ServiceUnAvailable", 503, 0x2001_0107),
        ("Forbidden.IllegalStatus", 403, 0x2001_0201),
        ("InvalidVideo.NotFound", 404, 0x2001_0202),
        ("InvalidVideo.NoneStream", 404, 0x2001_0203),
        ("Forbidden.AliyunVoDEncryption", 403, 0x2001_0204),
        ("InvalidAuth.MediaId", 400, 0x2001_0205),
        ("InvalidAuthInfo.ExpireTime", 400, 0x2001_0206),
        ("Forbidden.RAM", 403, 0x2001_0200),
        ("Forbidden.DownloadOff", 403, 0x3001_0009),
        ("InvalidApp.NotFound", 404, 0x3001_0008),
        ("Forbidden.AppRevoked", 403, 0x3001_0008),
    ],
)
def test_rows_that_clients_rely_on(server_code: str, status: int, client: int) -> None:
    assert server_error(server_code).status == status
    assert client_error(server_code) == client


@pytest.mark.parametrize(
    ("server_code", "client"),
    [
        ("Forbidden.SomethingNew", ErrorCode.SERVER_VOD_UNKNOWN),
        ("InvalidVideo.New", ErrorCode.SERVER_VOD_UNKNOWN),
        ("Missing", ErrorCode.SERVER_VOD_UNKNOWN),
        ("Throttling.New", ErrorCode.SERVER_POP_UNKNOWN),
        ("InvalidAccessKeyId.New", ErrorCode.SERVER_POP_UNKNOWN),
        ("UnsupportedSomething", ErrorCode.SERVER_POP_UNKNOWN),
        ("", ErrorCode.SERVER_POP_UNKNOWN),
    ],
)
def test_unmapped_codes_are_of_the_gateway_or_of_the_service(
    server_code: str, client: ErrorCode
) -> None:
    assert client_error(server_code) is client
    assert server_error(server_code).status == 400
    assert server_error(server_code).message == server_code


def test_a_missing_or_invalid_parameter_is_named() -> None:
    assert server_error("MissingVideoId").message == "VideoId is mandatory for this action."
    assert server_error("InvalidParameter.Policy").message == (
        "The specified parameter Policy is not valid."
    )
    assert "parameter Tag.1.Key is" in server_error("InvalidParameter.Tag.1.Key").message


@pytest.mark.parametrize("server_code", sorted(SERVER_ERRORS))
def test_every_row_is_an_error_with_a_text(server_code: str) -> None:
    row = SERVER_ERRORS[server_code]
    assert 400 <= row.status < 600
    assert row.message.strip()
    assert row.client in REQUEST_GROUP | {
        ErrorCode.DOWNLOAD_SWITCH_OFF,
        ErrorCode.ENCRYPT_FILE_NOT_MATCH,
        ErrorCode.GET_AES_KEY_FAIL,
        ErrorCode.APP_IDENTITY_INVALID,
        ErrorCode.KEY_STORE_UNUSABLE,
        ErrorCode.LICENSE_INVALID,
        ErrorCode.LICENSE_REVOKED,
        ErrorCode.DEVICE_LIMIT,
        ErrorCode.LICENSE_ENDED,
    }


def raised_codes() -> set[str]:
    """Return every server code that the source raises by its literal name."""
    return {
        node.args[0].value
        for path in (Path(vodseal.__file__).parent).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "RpcError"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


def test_whatever_the_source_raises_is_in_the_table_or_fits_a_pattern() -> None:
    raised = raised_codes()
    assert len(raised) > 40
    patterned = {code for code in raised if code.startswith(("Missing", "InvalidParameter."))}
    assert raised - patterned - set(SERVER_ERRORS) == set()


def test_an_unknown_action_is_recognised() -> None:
    assert "InvalidAction.NotFound" in UNKNOWN_ACTION_CODES
    assert "InvalidVideo.NotFound" not in UNKNOWN_ACTION_CODES
