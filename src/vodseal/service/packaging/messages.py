"""What the service and its packaging worker say to each other: JSON, one message a line.

The service sends one ``WorkerSpec`` on the worker's stdin and keeps it open: its
end tells the worker that nobody waits any more. The worker answers on stdout
with events, the last of which is ``Finished`` or ``Failed``. Keys travel in the
spec only, never on a command line, in the environment or on a disk.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias

import msgspec

__all__ = [
    "MAX_LINE_SIZE",
    "Event",
    "Failed",
    "Finished",
    "FinishedStream",
    "Planned",
    "PlannedStream",
    "Progressed",
    "StreamSlot",
    "WorkerSpec",
    "decode_event",
    "decode_spec",
    "encode_message",
]

MAX_LINE_SIZE: Final = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSlot:
    """An id and a key for a stream; the worker uses as many as the plan has streams."""

    job_id: str
    key: bytes | None = field(default=None, repr=False)
    """16 bytes for AES-128, or None for a clear stream."""
    wrapped_key: bytes = b""
    """What a player sends to get the key: no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSpec:
    """One task."""

    video_id: str
    group_id: str
    source: str
    """The file of the original."""
    content_key: bytes | None = field(default=None, repr=False)
    """The sealed original's key, 32 bytes; None when it is stored clear."""
    folder: str
    """Each stream is written to a folder of its own below, named by its job."""
    spool: str = ""
    """A folder for progressive files on the way; empty for a group that encrypts."""
    slots: tuple[StreamSlot, ...]


class PlannedStream(msgspec.Struct, frozen=True, kw_only=True):
    """A stream that will be made."""

    job_id: str
    definition: str
    format: str


class Planned(msgspec.Struct, frozen=True, kw_only=True, tag="planned"):
    """The original was probed."""

    media_type: str
    """``video`` or ``audio``."""
    duration: float
    notes: tuple[str, ...]
    """What of the original will not be in the streams."""
    streams: tuple[PlannedStream, ...]


class Progressed(msgspec.Struct, frozen=True, kw_only=True, tag="progress"):
    """A sign of life."""

    share: float
    """How much of the original lies behind, 0 to 1."""


class FinishedStream(msgspec.Struct, frozen=True, kw_only=True):
    """A stream that is stored."""

    job_id: str
    definition: str
    format: str
    entry: str
    """The file that a player opens, in the stream's folder."""
    specification: str
    size: int
    """Bytes of all segments, or of the file."""
    duration: float
    fps: float
    width: int
    height: int
    codec_name: str
    digests: bytes
    """32 bytes for each segment or range, concatenated."""
    range_size: int
    """What a digest covers of a progressive file; 0 for segments."""


class Finished(msgspec.Struct, frozen=True, kw_only=True, tag="finished"):
    """All streams are stored."""

    duration: float
    streams: tuple[FinishedStream, ...]


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """There will be no stream."""

    code: str
    reason: str


Event: TypeAlias = Planned | Progressed | Finished | Failed

_EVENTS: Final[msgspec.json.Decoder[Event]] = msgspec.json.Decoder(Event)
_SPECS: Final = msgspec.json.Decoder(WorkerSpec)


def encode_message(message: WorkerSpec | Event) -> bytes:
    """Return one line."""
    return msgspec.json.encode(message) + b"\n"


def decode_spec(line: bytes) -> WorkerSpec:
    """Return the spec in ``line``.

    Raises:
        msgspec.MsgspecError: It is none.
    """
    return _SPECS.decode(line)


def decode_event(line: bytes) -> Event:
    """Return the event in ``line``.

    Raises:
        msgspec.MsgspecError: It is none.
    """
    return _EVENTS.decode(line)
