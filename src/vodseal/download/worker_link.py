"""What a run and its worker process tell each other, over pipes.

To the worker, on its stdin, go frames: four bytes of length, then canonical
CBOR. The first is the order, with the keys in it; each later one is the number
of pieces that are ready, counted from the first. From the worker, on its
stdout, come lines of JSON. No key is ever in an argument, a file or the
environment.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from vodseal.container.cbor import decode_map, encode
from vodseal.download.record import decode_job, encode_job
from vodseal.error_codes import ErrorCode
from vodseal.errors import MalformedError
from vodseal.rpc.codec import decode_json

if TYPE_CHECKING:
    from vodseal.download.job import JobSpec

__all__ = [
    "FRAME_HEADER_SIZE",
    "BadPiece",
    "Done",
    "Failed",
    "Percent",
    "WorkOrder",
    "WorkerEvent",
    "decode_event",
    "decode_order",
    "decode_ready",
    "encode_event",
    "encode_order",
    "encode_ready",
    "frame",
    "frame_size",
]

FRAME_HEADER_SIZE: Final = 4

_KEY_SIZE: Final = 32
_MAX_PATH: Final = 1 << 15


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrder:
    """What the worker is to make, and of what."""

    job: JobSpec
    content_key: bytes = field(repr=False)
    stage: str
    """Path of the stage folder."""
    save_dir: str
    part_name: str
    """Name of the file to make in it; whatever has the name is replaced."""
    total_size: int
    """Bytes of the one file of a ranges job; 0 for a playlist."""
    created_at: int
    """UTC seconds, for the sealed file's meta."""
    sdk_version: str
    parent: int
    """Process id of whoever gave the order."""


@dataclass(frozen=True, slots=True)
class Percent:
    """How much is processed."""

    value: int


@dataclass(frozen=True, slots=True)
class Done:
    """The file is whole, durable and was read back. ``size`` is that on disk."""

    size: int


@dataclass(frozen=True, slots=True)
class BadPiece:
    """A staged piece does not open: it has to be fetched again."""

    sequence: int
    number: int


@dataclass(frozen=True, slots=True)
class Failed:
    """It cannot be made."""

    code: ErrorCode
    message: str


WorkerEvent: TypeAlias = Percent | Done | BadPiece | Failed


def frame(payload: bytes) -> bytes:
    """Return ``payload`` with its length before it."""
    return len(payload).to_bytes(FRAME_HEADER_SIZE, "big") + payload


def frame_size(header: bytes) -> int:
    """Return the length that a frame's header tells."""
    return int.from_bytes(header, "big")


def encode_order(order: WorkOrder) -> bytes:
    """Return ``order`` as CBOR."""
    return encode(
        {
            0: encode_job(order.job),
            1: order.content_key,
            2: order.stage,
            3: order.save_dir,
            4: order.part_name,
            5: order.total_size,
            6: order.created_at,
            7: order.sdk_version,
            8: order.parent,
        }
    )


def decode_order(data: bytes) -> WorkOrder:
    """Return the order that ``encode_order`` gave.

    Raises:
        MalformedError: It is not one.
    """
    fields = decode_map(data)
    order = WorkOrder(
        job=decode_job(fields.octets(0)),
        content_key=fields.octets(1, size=_KEY_SIZE),
        stage=fields.text(2, most=_MAX_PATH),
        save_dir=fields.text(3, most=_MAX_PATH),
        part_name=fields.text(4),
        total_size=fields.integer(5),
        created_at=fields.integer(6),
        sdk_version=fields.text(7),
        parent=fields.integer(8),
    )
    fields.finish()
    return order


def encode_ready(count: int) -> bytes:
    """Return the news that the first ``count`` pieces are ready."""
    return encode({0: count})


def decode_ready(data: bytes) -> int:
    """Return how many pieces are ready.

    Raises:
        MalformedError: That is not what ``data`` tells.
    """
    fields = decode_map(data)
    count = fields.integer(0)
    fields.finish()
    return count


def encode_event(event: WorkerEvent) -> bytes:
    """Return ``event`` as one line."""
    match event:
        case Percent(value):
            line: dict[str, object] = {"percent": value}
        case Done(size):
            line = {"done": size}
        case BadPiece(sequence, number):
            line = {"bad": [sequence, number]}
        case Failed(code, message):
            line = {"failed": int(code), "message": message}
    return json.dumps(line).encode() + b"\n"


def decode_event(line: bytes) -> WorkerEvent:
    """Return the event of one line.

    Raises:
        MalformedError: It holds none.
    """
    try:
        match decode_json(line):
            case {"percent": int(value)}:
                return Percent(value)
            case {"done": int(size)}:
                return Done(size)
            case {"bad": [int(sequence), int(number)]}:
                return BadPiece(sequence, number)
            case {"failed": int(code), "message": str(message)}:
                return Failed(ErrorCode(code), message)
            case _:
                raise MalformedError("the worker said something unknown")
    except ValueError as error:
        raise MalformedError("the worker said something unknown") from error
