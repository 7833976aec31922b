"""What a service answers: JSON, every message of it, and what the client makes of a video."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, get_args, get_origin

from fuzz import kit
from vodseal.media.tracks import TrackFilter, filter_tracks, media_info
from vodseal.rpc.codec import decode_answer, encode_answer
from vodseal.rpc.messages.fields import from_wire, layout, to_wire
from vodseal.rpc.messages.play import GetPlayInfoAnswer
from vodseal.rpc.messages.registry import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vodseal.rpc.messages.fields import Message

MODELS: Final = tuple(request.answer_type() for request in ACTIONS.values())
DICTIONARY: Final = (
    *sorted({f'"{item.name}":' for model in MODELS for item in layout(model)}),
    '"Code":', '"Message":', '"PlayInfo":[', '"Duration":"1.5"', '"Bitrate":"1e999"', "NaN", "null",
    "true", "-0", "1e308", "1e400", '"\\ud800"', "[[[[", '{"a":',
)  # fmt: skip

_SCALARS: Final = {str: "1.5", int: 7, float: 1.5, bool: True}


def test_one(data: bytes) -> bool:
    """The first byte says the HTTP status; every message is read from the rest."""
    if not data:
        return False
    return kit.takes(lambda: _read(200 if data[0] & 1 else 400 + data[0], data[1:]))


def _read(status: int, body: bytes) -> None:
    answer = decode_answer(status, body)
    for model in MODELS:
        message = from_wire(model, answer)
        wire = to_wire(message)
        assert to_wire(from_wire(model, wire)) == wire
        for form in ("JSON", "XML"):
            encode_answer("A", wire, request_id="r", format_name=form).body.decode()
    tracks = media_info(from_wire(GetPlayInfoAnswer, answer)).tracks
    filter_tracks(tracks, TrackFilter(quality="FD", force_quality=bool(status & 2)))


def _example(model: type[Message]) -> dict[str, object]:
    """An answer with all that ``model`` can hold, told from its layout."""
    made: dict[str, object] = {}
    for item in layout(model):
        value = _value(item.kind)
        made[item.name] = {item.wrapper: value} if item.wrapper else value
    return made


def _value(kind: Any) -> object:
    if kind in _SCALARS:
        return _SCALARS[kind]
    origin, members = get_origin(kind), get_args(kind)
    if origin is tuple:
        return [_value(members[0])]
    return {"a": 1} if origin is Mapping else _example(kind)


def seeds() -> Iterator[bytes]:
    for model in MODELS:
        yield b"\1" + json.dumps(_example(model)).encode()
    yield (
        b"\1"
        + json.dumps(
            {
                "VideoBase": {"VideoId": "v", "Duration": "9.5"},
                "PlayInfoList": {
                    "PlayInfo": [
                        {
                            "PlayURL": "https://h/a",
                            "Format": "m3u8",
                            "Definition": "FD",
                            "Encrypt": 1,
                        },
                        {"PlayURL": "https://h/b", "Format": "mp4", "Bitrate": "1e300", "Size": 1},
                    ]
                },
            }
        ).encode()
    )
    yield b"\0" + b'{"Code":"InvalidVideo.NotFound","Message":"m","RequestId":"r","HostId":"h"}'
    yield b"\1" + b"[" * 3000
