"""The life of a video, as a table (wire 5.6).

No other module decides a status: they all call ``advance``. The values of
``Status`` are the vendor's, and stored.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from vodseal.errors import IllegalTransitionError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TRANSITIONS", "Event", "Status", "advance", "may"]


class Status(StrEnum):
    """Where a video stands."""

    UPLOADING = "Uploading"
    """Created; its bytes are not all here."""
    UPLOAD_FAIL = "UploadFail"
    """Its bytes cannot be used; they may be sent again."""
    UPLOAD_SUCC = "UploadSucc"
    """The original is complete and durable; a task waits."""
    TRANSCODING = "Transcoding"
    """A task runs. Streams of an earlier one are not offered meanwhile."""
    TRANSCODE_FAIL = "TranscodeFail"
    """No stream could be made; the task says why."""
    NORMAL = "Normal"
    """It can be played."""


class Event(StrEnum):
    """What can happen to a video."""

    UPLOAD = "upload"  # All bytes of the original have arrived.
    REFUSE = "refuse"  # What arrived is unusable: empty, or not what was announced.
    TRANSCODE = "transcode"  # A task began, or began again after a restart.
    FINISH = "finish"  # At least one stream is playable.
    FAIL = "fail"  # None is.


TRANSITIONS: Final[Mapping[Status, Mapping[Event, Status]]] = MappingProxyType(
    {
        Status.UPLOADING: {
            Event.UPLOAD: Status.UPLOAD_SUCC,
            Event.REFUSE: Status.UPLOAD_FAIL,
        },
        Status.UPLOAD_FAIL: {
            Event.UPLOAD: Status.UPLOAD_SUCC,
            Event.REFUSE: Status.UPLOAD_FAIL,
        },
        Status.UPLOAD_SUCC: {
            Event.TRANSCODE: Status.TRANSCODING,
            Event.FAIL: Status.TRANSCODE_FAIL,
        },
        Status.TRANSCODING: {
            Event.TRANSCODE: Status.TRANSCODING,
            Event.FINISH: Status.NORMAL,
            Event.FAIL: Status.TRANSCODE_FAIL,
        },
        Status.TRANSCODE_FAIL: {
            Event.UPLOAD: Status.UPLOAD_SUCC,
            Event.REFUSE: Status.UPLOAD_FAIL,
            Event.TRANSCODE: Status.TRANSCODING,
        },
        Status.NORMAL: {
            Event.TRANSCODE: Status.TRANSCODING,
        },
    }
)


def advance(status: str, event: Event) -> Status:
    """Return the status that follows ``event``.

    Raises:
        IllegalTransitionError: ``event`` is not allowed in ``status``. Nothing
            changed.
    """
    try:
        return TRANSITIONS[Status(status)][event]
    except KeyError:
        raise IllegalTransitionError(status, event) from None


def may(status: str, event: Event) -> bool:
    """Return whether ``event`` is allowed in ``status``."""
    return event in TRANSITIONS[Status(status)]
