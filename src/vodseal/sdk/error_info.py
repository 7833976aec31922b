"""What a listener is told when a run fails (client-surface 1.8, B45).

One shape on every binding: a number, its name, a text for a person, what to do
about it, and the service's request id where one was asked.
"""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass

from vodseal.error_codes import REMEDIES, ErrorCode
from vodseal.errors import RequestError, VodsealError

__all__ = ["ErrorInfo", "error_info", "without_frames"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorInfo:
    """Why a run ended."""

    code: ErrorCode
    """The vendor's number, or one of ours from 0x5653_0000 on."""

    name: str
    message: str
    remedy: str = ""
    request_id: str = ""

    extra: str = ""
    """The service's own error code, where the service refused."""

    def __str__(self) -> str:
        """Return one line for a log or a terminal."""
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"0x{self.code:08X} {self.name}: {self.message}.{remedy}"


def error_info(error: BaseException) -> ErrorInfo:
    """Return what to tell about ``error``; what was not foreseen is logged, without its text.

    The text of an exception that is not ours may hold a signed URL or a value,
    so only its kind, and in the log its place, are handed on.
    """
    if isinstance(error, VodsealError):
        return ErrorInfo(
            code=error.code,
            name=error.code.name,
            message=error.message.rstrip("."),
            remedy=error.remedy,
            request_id=error.request_id,
            extra=error.server_code if isinstance(error, RequestError) else "",
        )
    place = "".join(traceback.format_tb(error.__traceback__))
    _log.error("A run met an unforeseen %s\n%s", type(error).__name__, place)
    return ErrorInfo(
        code=ErrorCode.UNKNOWN_ERROR,
        name=ErrorCode.UNKNOWN_ERROR.name,
        message=f"unforeseen {type(error).__name__}",
        remedy=REMEDIES.get(ErrorCode.UNKNOWN_ERROR, "Report it with the log."),
    )


def without_frames(error: BaseException) -> VodsealError:
    """Return ``error`` as an app may hold, log or raise it: typed, and with nothing behind it.

    Frames and causes go, because a reporter of crashes shows the variables of
    every frame, and those of a run hold keys. What is not ours becomes an
    ``UNKNOWN_ERROR`` that names its kind alone.
    """
    if not isinstance(error, VodsealError):
        return VodsealError(f"unforeseen {type(error).__name__}", code=ErrorCode.UNKNOWN_ERROR)
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
