from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.service.packaging.ladder import plan_renditions
from vodseal.service.packaging.orientation import Orientation
from vodseal.service.packaging.source import AudioTrack, Size, SourceInfo, VideoTrack
from vodseal.service.packaging.templates import PACKAGINGS

SOUND = AudioTrack(index=1, codec="aac", profile="LC", sample_rate=48000, channels=2)
RANGES = {"FD": (640, 480), "LD": (720, 540), "SD": (1280, 720), "HD": (1920, 1080)}


def source(width: int, height: int, **changes) -> SourceInfo:
    track = VideoTrack(
        index=0,
        codec="h264",
        profile="High",
        stored=Size(width, height),
        pix_fmt="yuv420p",
        fps=Fraction(25),
    )
    return SourceInfo(
        container="mov",
        duration=10.0,
        size=1000,
        video=replace(track, **changes),
        audio=(SOUND,),
    )


def rungs(info: SourceInfo, group: str = "encrypted") -> list[tuple[str, tuple[int, int], bool]]:
    return [
        (r.definition, tuple(r.video.size), r.video.copies)
        for r in plan_renditions(info, PACKAGINGS[group])
    ]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1920, 1080), [("FD", 640, 360), ("LD", 720, 404), ("SD", 1280, 720), ("HD", 1920, 1080)]),
        ((1280, 720), [("FD", 640, 360), ("LD", 720, 404), ("SD", 1280, 720)]),
        ((3840, 2160), [("FD", 640, 360), ("LD", 720, 404), ("SD", 1280, 720), ("HD", 1920, 1080)]),
        ((1080, 1920), [("FD", 360, 640), ("LD", 404, 720), ("SD", 720, 1280), ("HD", 1080, 1920)]),
        ((640, 480), [("FD", 640, 480)]),
        ((320, 240), [("FD", 320, 240)]),
        ((321, 241), [("FD", 320, 240)]),
        ((700, 400), [("LD", 700, 400)]),
        ((2560, 1080), [("FD", 640, 270), ("LD", 720, 302), ("SD", 1280, 540), ("HD", 1920, 810)]),
        ((2, 2), [("FD", 2, 2)]),
    ],
)
def test_the_rungs_of_a_size(size, expected):
    assert [(d, *wh) for d, wh, _ in rungs(source(*size))] == expected


sides = st.integers(min_value=2, max_value=5000)
groups = st.sampled_from(sorted(PACKAGINGS))


@given(
    sides, sides, groups, st.sampled_from(Orientation), st.fractions(min_value="1/3", max_value=3)
)
def test_no_rung_is_larger_than_the_source(width, height, group, orientation, aspect):
    info = source(width, height, orientation=orientation, sample_aspect=aspect)
    shown = info.video.size
    planned = plan_renditions(info, PACKAGINGS[group])
    assert planned
    for rendition in planned:
        size = rendition.video.size
        assert size.width <= max(2, shown.width)
        assert size.height <= max(2, shown.height)
        assert size.width % 2 == 0
        assert size.height % 2 == 0
        assert size.width >= 2
        assert size.height >= 2


@given(sides, sides)
def test_a_rung_lies_in_its_range_and_grows(width, height):
    planned = rungs(source(width, height))
    for definition, size, _ in planned:
        long_side, short_side = RANGES[definition]
        assert max(size) <= max(2, long_side)
        assert min(size) <= max(2, short_side)
    areas = [size[0] * size[1] for _, size, _ in planned]
    assert areas == sorted(areas)
    assert len({definition for definition, _, _ in planned}) == len(planned)


@given(st.integers(64, 5000), st.integers(64, 5000))
def test_the_picture_keeps_its_shape(width, height):
    for _, size, _ in rungs(source(width, height)):
        scale = size[0] / width
        assert abs(size[1] - height * scale) <= 2 + 2 * height / width


@given(st.integers(64, 2000), st.integers(64, 2000))
def test_a_turned_source_has_turned_rungs(width, height):
    upright = rungs(source(width, height))
    sideways = rungs(source(height, width, orientation=Orientation.QUARTER_LEFT))
    assert [(d, size) for d, size, _ in sideways] == [(d, size) for d, size, _ in upright]


@pytest.mark.parametrize(
    ("changes", "copies"),
    [
        ({}, True),
        ({"codec": "hevc", "profile": "Main"}, False),
        ({"profile": "High 10", "pix_fmt": "yuv420p10le", "bit_depth": 10}, False),
        ({"profile": "High 4:2:2", "pix_fmt": "yuv422p"}, False),
        ({"orientation": Orientation.QUARTER_LEFT}, False),
        ({"orientation": Orientation.UPSIDE_DOWN}, False),
        ({"sample_aspect": Fraction(4, 3)}, False),
        ({"has_times": False}, False),
        ({"longest_gop": 2.0}, True),
        ({"longest_gop": 12.5}, False),
        ({"pix_fmt": "yuvj420p"}, True),
    ],
)
def test_only_what_every_player_takes_is_copied(changes, copies):
    assert rungs(source(640, 360, **changes), "encrypted-source")[0][2] is copies


def test_only_the_rung_of_the_sources_size_is_copied():
    assert [c for _, _, c in rungs(source(1280, 720))] == [False, False, True]
    assert [c for _, _, c in rungs(source(3840, 2160))] == [False] * 4
    assert [c for _, _, c in rungs(source(641, 361))] == [False]


def test_a_second_attempt_copies_nothing():
    planned = plan_renditions(source(640, 360), PACKAGINGS["encrypted"], may_copy=False)
    assert not planned[0].video.copies
    assert not planned[0].audio[0].copies


def test_equal_rungs_share_their_plans():
    planned = plan_renditions(source(1280, 720), PACKAGINGS["clear"])
    assert [(r.definition, r.format) for r in planned] == [
        (d, f) for d in ("FD", "LD", "SD") for f in ("mp4", "m3u8")
    ]
    assert planned[0].video == planned[1].video
    assert len({plan for r in planned for plan in r.audio}) == 1


def test_sound_that_fits_is_copied_and_other_sound_becomes_stereo_aac():
    tracks = (
        SOUND,
        replace(SOUND, index=2, profile="HE-AAC"),
        AudioTrack(index=3, codec="ac3", sample_rate=96000, channels=6, language="deu"),
        AudioTrack(index=4, codec="opus", sample_rate=16000, channels=1),
    )
    info = replace(source(640, 360), audio=tracks)
    plans = plan_renditions(info, PACKAGINGS["encrypted"])[0].audio
    assert [(p.index, p.copies, p.sample_rate, p.channels, p.language) for p in plans] == [
        (1, True, 48000, 2, ""),
        (2, False, 48000, 2, ""),
        (3, False, 48000, 2, "deu"),
        (4, False, 16000, 1, ""),
    ]
    assert plans[3].bitrate_kbps < plans[2].bitrate_kbps


@pytest.mark.parametrize(
    ("group", "codec", "expected"),
    [
        ("encrypted", "mp3", [("SQ", "m3u8", "aac", False)]),
        ("encrypted-source", "aac", [("OD", "m3u8", "aac", True)]),
        ("clear", "mp3", [("SQ", "mp3", "mp3", True), ("SQ", "m3u8", "aac", False)]),
        ("clear", "aac", [("SQ", "mp4", "aac", True), ("SQ", "m3u8", "aac", True)]),
        ("clear", "flac", [("SQ", "mp4", "aac", False), ("SQ", "m3u8", "aac", False)]),
    ],
)
def test_sound_alone(group, codec, expected):
    track = replace(SOUND, codec=codec, profile="LC" if codec == "aac" else "")
    info = SourceInfo(container="mp3", duration=1.0, size=1, video=None, audio=(track,))
    planned = plan_renditions(info, PACKAGINGS[group])
    assert [
        (r.definition, r.format, r.audio[0].codec, r.audio[0].copies) for r in planned
    ] == expected
    assert all(r.specification == "Audio" for r in planned)


def test_larger_and_faster_pictures_may_have_more_bits():
    def most(width: int, height: int, fps: int = 25) -> int:
        info = source(width, height, fps=Fraction(fps))
        return plan_renditions(info, PACKAGINGS["encrypted-source"])[0].video.max_bitrate_kbps

    assert most(1920, 1080) == 5000
    assert most(1920, 1080, 60) == 7500
    assert most(1920, 1080, 30) == 5000
    assert 500 < most(640, 360) < 1500
    assert most(16, 16) == 150


def test_what_was_done_has_the_vendors_name():
    planned = plan_renditions(source(1280, 720), PACKAGINGS["encrypted"])
    assert [r.specification for r in planned] == ["H264.FD", "H264.LD", "Original"]
