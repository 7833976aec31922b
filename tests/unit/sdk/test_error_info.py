"""What a listener is told says what to do, and no secret."""

from __future__ import annotations

import logging

import pytest

from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, LicenseExpiredError, RequestError
from vodseal.sdk.error_info import ErrorInfo, error_info

SIGNED_URL = "https://host/film?auth_key=secret"


@pytest.mark.behaviour("B45")
def test_an_error_of_ours_is_told_in_full() -> None:
    error = RequestError(
        ErrorCode.SERVER_POP_TOKEN_EXPIRED,
        "InvalidSecurityToken.Expired: it expired.",
        server_code="InvalidSecurityToken.Expired",
        request_id="R-1",
    )
    info = error_info(error)
    assert (int(info.code), info.name, info.request_id, info.extra) == (
        0x2001010D,
        "SERVER_POP_TOKEN_EXPIRED",
        "R-1",
        "InvalidSecurityToken.Expired",
    )
    assert info.message == "InvalidSecurityToken.Expired: it expired"
    assert "update_source" in info.remedy


@pytest.mark.behaviour("B45")
@pytest.mark.parametrize("code", [code for code in ErrorCode if code >> 16 == 0x3001])
def test_every_number_of_the_download_group_has_a_remedy(code: ErrorCode) -> None:
    info = error_info(DownloadError(code))
    assert info.code == code
    assert info.name == code.name
    assert info.message
    assert info.remedy


def test_a_license_error_tells_its_remedy() -> None:
    info = error_info(LicenseExpiredError())
    assert info.code is ErrorCode.LICENSE_INVALID
    assert info.remedy


def test_an_unforeseen_error_is_logged_and_told_without_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> None:
        raise KeyError(SIGNED_URL)

    with caplog.at_level(logging.ERROR):
        try:
            fail()
        except KeyError as error:
            info = error_info(error)
    assert info.code is ErrorCode.UNKNOWN_ERROR
    assert "KeyError" in info.message
    assert "KeyError" in caplog.text
    assert "in fail" in caplog.text
    assert SIGNED_URL not in str(info) + caplog.text


def test_it_reads_as_one_line() -> None:
    info = ErrorInfo(
        code=ErrorCode.NO_SPACE, name="NO_SPACE", message="the disk is full", remedy="Free some."
    )
    assert str(info) == "0x3001000D NO_SPACE: the disk is full. Free some."
