"""Packets without times go to the picture that they are a part of."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import pytest

from vodseal.download.whole_pictures import whole_pictures
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE = Fraction(1, 90000)
PICTURE, SOUND = 0, 1


@pytest.fixture
def tracks() -> Iterator[list[Any]]:
    with av.open(io.BytesIO(), "w", format="mpegts") as container:
        yield [container.add_stream("libx264", rate=25), container.add_stream("aac", rate=48000)]


def packet(track: Any, data: bytes, dts: int | None, *, key: bool = False) -> Any:
    made = av.Packet(data)
    made.stream, made.time_base = track, BASE
    made.duration, made.is_keyframe = 3600, key
    made.pts = None if dts is None else dts + 7200
    made.dts = dts
    return made


def seen(packets: list[Any]) -> list[tuple[int, bytes, int | None, int | None, int, bool]]:
    return [
        (p.stream_index, bytes(p), p.pts, p.dts, p.duration, p.is_keyframe)
        for p in whole_pictures(packets)
    ]


def test_what_has_times_stays_as_it_is(tracks: list[Any]) -> None:
    given = [packet(tracks[n % 2], b"%d" % n, n * 3600, key=n < 2) for n in range(6)]
    assert sorted(whole_pictures(given), key=id) == sorted(given, key=id)


def test_parts_join_the_picture_before_them(tracks: list[Any]) -> None:
    made = seen(
        [
            packet(tracks[PICTURE], b"a", 0, key=True),
            packet(tracks[SOUND], b"s", 0),
            packet(tracks[PICTURE], b"b", None),
            packet(tracks[PICTURE], b"c", None),
            packet(tracks[SOUND], b"t", 3600),
            packet(tracks[PICTURE], b"d", 3600),
            packet(tracks[PICTURE], b"e", None),
        ]
    )
    assert [one for one in made if one[0] == PICTURE] == [
        (PICTURE, b"abc", 7200, 0, 3600, True),
        (PICTURE, b"de", 10800, 3600, 3600, False),
    ]
    assert [one[1] for one in made if one[0] == SOUND] == [b"s", b"t"]


def test_the_end_of_a_picture_that_was_cut_off_is_left_out(tracks: list[Any]) -> None:
    made = seen([packet(tracks[PICTURE], b"end", None), packet(tracks[PICTURE], b"a", 0)])
    assert [one[1] for one in made] == [b"a"]


def test_a_picture_without_decoding_time_counts_by_when_it_is_shown(tracks: list[Any]) -> None:
    given = [packet(tracks[PICTURE], b"ab"[n : n + 1], n * 3600) for n in range(2)]
    for one in given:
        one.dts = None
    given.insert(1, packet(tracks[PICTURE], b"+", None))
    assert [one[1] for one in seen(given)] == [b"a+", b"b"]


@pytest.mark.parametrize("duration", [0, 3600])
def test_whole_pictures_without_times_are_refused(tracks: list[Any], duration: int) -> None:
    given = [packet(tracks[PICTURE], b"a", at) for at in (0, None, 7200)]
    for one in given:
        one.duration = duration
    with pytest.raises(DownloadError) as caught:
        seen(given)
    assert caught.value.code is ErrorCode.NOT_SUPPORT_FORMAT
