"""Joins what the readers of a transport stream took apart.

They cut it into pictures by what they find in it, and give times to what stands
at the head of a PES packet. A broken slice in front of a picture looks like a
picture of its own; the real one then comes without times, and no MP4 can hold
it. Both together are the picture that was sent, and are made so again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import av

from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["whole_pictures"]

_ONE_PICTURE: Final = 1.5
"""Durations. Where the next picture comes later, one was sent without times."""


def whole_pictures(packets: Iterable[Any]) -> Iterator[Any]:
    """Yield ``packets``, those without times joined to the one before in their track.

    A packet is held until the next one of its track comes. What has no times and
    nothing before it is the end of a picture that was cut off, and is left out.

    Raises:
        DownloadError: Whole pictures have no times (NOT_SUPPORT_FORMAT).
    """
    held: dict[int, Any] = {}
    loose: dict[int, list[Any]] = {}
    for packet in packets:
        index = packet.stream_index
        before = held.get(index)
        if packet.pts is None:
            if before is not None:
                loose.setdefault(index, []).append(packet)
            continue
        held[index] = packet
        if before is not None:
            yield _joined(before, loose.pop(index), packet) if index in loose else before
    for index, packet in held.items():
        yield _joined(packet, loose[index], None) if index in loose else packet


def _joined(packet: Any, parts: Sequence[Any], after: Any) -> Any:
    if after is not None:
        gap = _decoded_at(after) - _decoded_at(packet)
        if gap > _ONE_PICTURE * (packet.duration or 0):
            msg = "the stream cannot be made into an MP4: it does not say when to show each picture"
            raise DownloadError(ErrorCode.NOT_SUPPORT_FORMAT, msg)
    whole = av.Packet(b"".join(bytes(part) for part in (packet, *parts)))
    whole.stream, whole.time_base = packet.stream, packet.time_base
    whole.pts, whole.dts, whole.duration = packet.pts, packet.dts, packet.duration
    whole.is_keyframe = packet.is_keyframe
    return whole


def _decoded_at(packet: Any) -> int:
    return int(packet.pts if packet.dts is None else packet.dts)
