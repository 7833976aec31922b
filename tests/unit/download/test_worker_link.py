"""What goes through the pipes comes out as it went in."""

from __future__ import annotations

import pytest

from vodseal.download.job import JobSpec, SegmentSpec, SourceKind
from vodseal.download.worker_link import (
    BadPiece,
    Done,
    Failed,
    Percent,
    WorkerEvent,
    WorkOrder,
    decode_event,
    decode_order,
    decode_ready,
    encode_event,
    encode_order,
    encode_ready,
    frame,
    frame_size,
)
from vodseal.error_codes import ErrorCode
from vodseal.errors import MalformedError

ORDER = WorkOrder(
    job=JobSpec(
        kind=SourceKind.RANGES,
        download_id=b"D" * 16,
        secure=True,
        segments=(SegmentSpec(url="u", path="/p"),),
    ),
    content_key=b"\xfeSECRET" * 4 + b"1234",
    stage="/s/stage",
    save_dir="/s",
    part_name="v_mp4_0.vseal.part",
    total_size=12,
    created_at=1,
    sdk_version="1",
    parent=77,
)


def test_an_order_comes_back() -> None:
    assert decode_order(encode_order(ORDER)) == ORDER


def test_the_content_key_does_not_show() -> None:
    assert "SECRET" not in repr(ORDER)


@pytest.mark.parametrize(
    "event",
    [Percent(7), Done(123), BadPiece(3, 0), Failed(ErrorCode.NO_SPACE, 'no "room"\nleft')],
)
def test_an_event_is_one_line_and_comes_back(event: WorkerEvent) -> None:
    line = encode_event(event)
    assert line.count(b"\n") == 1
    assert decode_event(line) == event


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]\n", b'{"failed": 1, "message": "x"}', b"\xff", b"[" * 9999]
)
def test_anything_else_is_malformed(line: bytes) -> None:
    with pytest.raises(MalformedError):
        decode_event(line)


def test_frames_tell_their_size() -> None:
    data = frame(encode_ready(300))
    assert frame_size(data[:4]) == len(data) - 4
    assert decode_ready(data[4:]) == 300
