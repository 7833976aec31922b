"""What lies on the device or comes from its own worker: clock, orders, events, source files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuzz import kit
from vodseal.clock import BootTime
from vodseal.download.job import JobSpec, SegmentSpec, SourceKind
from vodseal.download.worker_link import (
    BadPiece,
    Done,
    Failed,
    Percent,
    WorkOrder,
    decode_event,
    decode_order,
    decode_ready,
    encode_event,
    encode_order,
    encode_ready,
)
from vodseal.error_codes import ErrorCode
from vodseal.license.clock_policy import ClockState
from vodseal.sdk.sources import VidSts, source_from_json, source_to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

CBOR_FROM = 1


def _clock(data: bytes) -> None:
    ClockState.decode(ClockState.decode(data).encode())


def _order(data: bytes) -> None:
    assert encode_order(decode_order(data)) == data


def _ready(data: bytes) -> None:
    assert encode_ready(decode_ready(data)) == data


def _event(data: bytes) -> None:
    event = decode_event(data)
    assert decode_event(encode_event(event)) == event


def _source(data: bytes) -> None:
    source_to_json(source_from_json(data.decode(errors="replace")))


_READS = (_clock, _order, _ready, _event, _source)


def test_one(data: bytes) -> bool:
    """The first byte says which."""
    return bool(data) and kit.takes(lambda: _READS[data[0] % len(_READS)](data[1:]))


def seeds() -> Iterator[bytes]:
    boot = BootTime(boot_id="b", seconds=7.5)
    yield b"\0" + ClockState(high_water=9.0, boot=boot, contact_at=8.0).encode()
    segment = SegmentSpec(url="https://h/a", path="/a", key=b"K" * 16, iv=b"I" * 16)
    order = WorkOrder(
        job=JobSpec(
            kind=SourceKind.RANGES, download_id=b"D" * 16, secure=True, segments=(segment,), size=9
        ),
        content_key=bytes(32),
        stage="/s",
        save_dir="/d",
        part_name="p",
        total_size=9,
        created_at=1_800_000_000,
        sdk_version="1",
        parent=2,
    )
    yield b"\1" + encode_order(order)
    yield b"\2" + encode_ready(3)
    failed = Failed(ErrorCode.REQUEST_FAIL, "m")
    for event in (Percent(50), Done(9), BadPiece(1, 2), failed):
        yield b"\3" + encode_event(event)
    yield b"\3" + b"[" * 50_000
    source = VidSts(vid="v", access_key_id="a", access_key_secret="s", play_config='{"a":1}')  # noqa: S106
    yield b"\4" + source_to_json(source).encode()
