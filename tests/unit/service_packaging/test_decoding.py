from __future__ import annotations

from fractions import Fraction

import av
from tests.media import FILMS
from tests.rendering import render

from vodseal.service.packaging.decoding import PictureClock, PictureFilter
from vodseal.service.packaging.orientation import Orientation
from vodseal.service.packaging.probe import probe


def times(clock: PictureClock, *pairs: tuple[int | None, int | None]) -> list[int]:
    return [clock.time(pts, dts) for pts, dts in pairs]


def test_good_times_are_kept():
    clock = PictureClock(trusts_pts=True, step=10)
    assert times(clock, (5, 0), (15, 10), (40, 20)) == [5, 15, 40]


def test_times_that_go_backwards_give_way_to_decoding_times():
    clock = PictureClock(trusts_pts=True, step=1)
    shown = times(clock, (1, 2), (4, 3), (3, 4), (5, 5), (2, 6))
    assert shown[2:] == [4, 5, 6]


def test_a_container_without_times_is_not_believed():
    clock = PictureClock(trusts_pts=False, step=1)
    assert times(clock, (1, 2), (4, 3), (3, 4), (75, None), (72, None)) == [2, 3, 4, 5, 6]


def test_missing_times_are_filled_in():
    clock = PictureClock(trusts_pts=True, step=40)
    assert times(clock, (None, None), (None, None), (100, None), (None, None)) == [0, 40, 100, 140]


def upright(path) -> tuple[list, list]:
    """Return the pictures of a film, before and after the filter that its track needs."""
    with path.open("rb") as file:
        wanted = PictureFilter(probe(file).video)
    with av.open(str(path)) as container:
        before = list(container.decode(video=0))
    return before, [ready for frame in (*before, None) for ready in wanted.push(frame)]


def test_interlaced_pictures_become_whole(tmp_path):
    path = tmp_path / "film.mp4"
    render(path, FILMS["interlaced"])
    before, after = upright(path)
    assert before[5].interlaced_frame
    assert not any(frame.interlaced_frame for frame in after)
    assert [frame.time for frame in after] == [frame.time for frame in before]
    assert after[0].time_base == before[0].time_base


def test_pictures_that_are_upright_are_passed_on(tmp_path):
    path = tmp_path / "film.mp4"
    render(path, FILMS["plain"])
    before, after = upright(path)
    assert all(a is b for a, b in zip(before, after, strict=True))


def test_a_picture_that_changes_its_size_is_still_turned(tmp_path):
    path = tmp_path / "film.mov"
    render(path, FILMS["rotated"])
    with path.open("rb") as file:
        track = probe(file).video
    assert track.orientation is Orientation.QUARTER_RIGHT
    turn = PictureFilter(track)
    sizes = []
    for number, (width, height) in enumerate([(64, 32), (64, 32), (32, 16)]):
        frame = av.VideoFrame(width, height, "yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, 25)
        sizes += [(ready.width, ready.height, ready.pts) for ready in turn.push(frame)]
    sizes += [(ready.width, ready.height, ready.pts) for ready in turn.push(None)]
    assert sizes == [(32, 64, 0), (32, 64, 1), (16, 32, 2)]
