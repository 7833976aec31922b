from __future__ import annotations

import msgspec
import pytest

from vodseal.service.packaging.messages import (
    Failed,
    Finished,
    FinishedStream,
    Planned,
    PlannedStream,
    Progressed,
    StreamSlot,
    WorkerSpec,
    decode_event,
    decode_spec,
    encode_message,
)

SPEC = WorkerSpec(
    video_id="v",
    group_id="encrypted",
    source="/originals/v",
    content_key=b"content-key-content-key-content-",
    folder="/media/v",
    slots=(StreamSlot(job_id="j", key=b"transport-key-16", wrapped_key=b"wrapped"),),
)
EVENTS = [
    Planned(
        media_type="video",
        duration=1.5,
        notes=("left out",),
        streams=(PlannedStream(job_id="j", definition="FD", format="m3u8"),),
    ),
    Progressed(share=0.5),
    Failed(code="InvalidVideo.Damaged", reason="the file is empty"),
    Finished(
        duration=2.0,
        streams=(
            FinishedStream(
                job_id="j",
                definition="FD",
                format="m3u8",
                entry="index.m3u8",
                specification="Original",
                size=3,
                duration=2.0,
                fps=25.0,
                width=4,
                height=2,
                codec_name="H264",
                digests=bytes(64),
                range_size=0,
            ),
        ),
    ),
]


def test_a_spec_travels():
    line = encode_message(SPEC)
    assert line.count(b"\n") == 1
    assert decode_spec(line) == SPEC


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_travels(event):
    line = encode_message(event)
    assert line.count(b"\n") == 1
    assert decode_event(line) == event


def test_no_key_is_shown():
    shown = repr(SPEC)
    assert "content-key" not in shown
    assert "transport-key" not in shown


@pytest.mark.parametrize(
    "line", [b"", b"x\n", b"{}\n", b'{"type":"other"}\n', b'{"type":"progress"}']
)
def test_nonsense_is_no_event(line):
    with pytest.raises(msgspec.MsgspecError):
        decode_event(line)
