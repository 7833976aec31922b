"""What a segment says of its samples, and what is refused."""

from __future__ import annotations

import struct
from dataclasses import replace
from fractions import Fraction

import pytest
from tests.unit.media.mp4_boxes import (
    DIFFERENCE,
    SYNC,
    Fragment,
    Track,
    box,
    full,
    init_section,
    media_segment,
    moof_size,
    run_box,
)

from vodseal.errors import FragmentError
from vodseal.media import fragments as fragments_module
from vodseal.media.fragments import SampleRun, read_fragments
from vodseal.media.movie import Movie, read_movie

VIDEO = Track()
SOUND = Track(id=2, handler=b"soun", timescale=48000, entry=b"mp4a", defaults=(1, 1024, 0, SYNC))
BOTH = (VIDEO, SOUND)


def movie(*tracks: Track) -> Movie:
    return read_movie(memoryview(init_section(*tracks)))


def read(
    *fragments: Fragment, tracks: tuple[Track, ...] = BOTH, data: bytes = bytes(64)
) -> list[SampleRun]:
    return read_fragments(movie(*tracks), memoryview(media_segment(*fragments, data=data)))


def placed(run: bytes, *others: Fragment, at: int = 0) -> int:
    """Return the offset of data that stands ``at`` bytes into ``mdat``."""
    return moof_size(Fragment(runs=(run,)), *others) + at


def test_a_run_says_everything_of_its_samples() -> None:
    rows = [(40, 10, SYNC, 80), (41, 20, DIFFERENCE, -40), (42, 5, SYNC, 0)]
    draft = run_box(*rows, flags=0xF00, offset=0)
    run = run_box(*rows, flags=0xF00, offset=placed(draft, at=4))
    (found,) = read(Fragment(time=90_000, runs=(run,)))
    assert list(found.durations) == [40, 41, 42]
    assert list(found.sizes) == [10, 20, 5]
    assert list(found.offsets) == [80, -40, 0]
    assert found.syncs == (0, 2)
    assert (found.start, found.size) == (placed(run, at=4), 35)
    assert (found.track_id, found.description, found.decode_time) == (1, 1, 90_000)


def test_what_a_run_leaves_out_comes_from_its_fragment_or_the_film() -> None:
    header = Fragment(header_flags=0x02_00_38, header=(25, 7, DIFFERENCE))
    run = run_box((), (), flags=0, first=SYNC, offset=0)
    whole = replace(header, runs=(run,))
    run = run_box((), (), flags=0, first=SYNC, offset=moof_size(whole))
    (found,) = read(replace(header, runs=(run,)))
    assert list(found.durations) == [25, 25]
    assert list(found.sizes) == [7, 7]
    assert not found.offsets
    assert found.syncs == (0,)
    plain = run_box((5,), (6,), offset=placed(run_box((5,), (6,), offset=0)))
    (found,) = read(Fragment(runs=(plain,), time=7, wide_time=False))
    assert list(found.durations) == [40, 40]
    assert found.syncs == ()
    assert found.decode_time == 7


def test_runs_follow_each_other_without_offsets() -> None:
    """Counted from the fragment, and from where the track before has ended (8.8.7.1)."""
    draft = Fragment(header_flags=0, runs=(run_box((10,), offset=0), run_box((20,))))
    sound = Fragment(track_id=2, header_flags=0, time=None, runs=(run_box((3,), (4,)),))
    at = moof_size(draft, sound)
    video = replace(draft, runs=(run_box((10,), offset=at), run_box((20,))))
    first, second, third = read(video, sound)
    assert [first.start, second.start, third.start] == [at, at + 10, at + 30]
    assert [first.decode_time, second.decode_time, third.decode_time] == [0, None, None]
    assert third.syncs == (0, 1)


def test_every_sample_of_a_track_that_says_so_is_one_to_begin_with() -> None:
    header = Fragment(header_flags=0x02_00_20, header=(SYNC,))
    run = run_box((5,), (6,), (7,), offset=0)
    run = run_box((5,), (6,), (7,), offset=moof_size(replace(header, runs=(run,))))
    (found,) = read(replace(header, runs=(run,)))
    assert found.syncs == (0, 1, 2)


def test_a_sample_that_depends_on_another_is_none_to_begin_with() -> None:
    run = run_box((5, 0x01_00_00_00), (5, 0x02_00_00_00), flags=0x600, offset=0)
    run = run_box((5, 0x01_00_00_00), (5, 0x02_00_00_00), flags=0x600, offset=placed(run))
    (found,) = read(Fragment(runs=(run,)))
    assert found.syncs == (1,)


def test_tracks_that_are_neither_picture_nor_sound_are_passed_over() -> None:
    text = Track(id=3, handler=b"text", entry=b"wvtt")
    run = run_box((5,), offset=0)
    fragment = Fragment(track_id=3, runs=(run_box((5,), offset=placed(run)),))
    assert read(fragment, tracks=(VIDEO, text)) == []


def test_boxes_between_fragments_and_empty_runs_are_nothing() -> None:
    fragment = Fragment(time=9, runs=(run_box(offset=60), run_box((5,), offset=0)))
    fragment = Fragment(
        time=9,
        runs=(run_box(offset=moof_size(fragment)), run_box((5,), offset=moof_size(fragment))),
    )
    data = media_segment(fragment)
    around = box(b"styp", b"msdh") + box(b"emsg", bytes(20))
    (found,) = read_fragments(movie(*BOTH), memoryview(around + data + box(b"free")))
    assert found.decode_time == 9
    assert found.start == len(around) + moof_size(fragment)
    assert read_fragments(movie(*BOTH), memoryview(b"")) == []


GOOD = run_box((5,), offset=0)


@pytest.mark.parametrize(
    ("fragment", "reason"),
    [
        (Fragment(track_id=9, runs=(GOOD,)), "a track that there is not"),
        (Fragment(header_flags=1, header=(0, 0), runs=(GOOD,)), "the start of a file"),
        (Fragment(header_flags=0x02_00_02, header=(2,), runs=(GOOD,)), "description"),
        (Fragment(header_flags=0x02_00_02, header=(0,), runs=(GOOD,)), "description"),
        (Fragment(header_flags=0x02_00_08), "shorter than its fields"),
        (Fragment(time=1 << 63, runs=(run_box((5,), offset=104),)), "the end of all time"),
        (Fragment(runs=(run_box((5,), offset=0),)), "outside"),
        (Fragment(runs=(run_box((5,), offset=-1),)), "outside"),
        (Fragment(runs=(run_box((65,), offset=100),)), "outside"),
        (Fragment(runs=(run_box((1 << 31,), offset=100),)), "outside"),
        (Fragment(runs=(run_box((5,), count=2, offset=100),)), "shorter than its fields"),
        (Fragment(runs=(run_box((5,), count=0, offset=100),)), "longer than its samples"),
        (Fragment(runs=(run_box((0,), offset=100),)), "no bytes"),
        (Fragment(runs=(run_box((), flags=0, offset=100),)), "no bytes"),
        (Fragment(runs=(run_box(flags=0, count=1 << 23),)), "too many"),
        (Fragment(runs=(run_box(flags=0x200, count=1 << 22),)), "shorter than its fields"),
        (Fragment(runs=(box(b"trun"),)), "shorter than its fields"),
    ],
)
def test_what_makes_no_sense_is_refused(fragment: Fragment, reason: str) -> None:
    with pytest.raises(FragmentError, match=reason):
        read(fragment)


def test_bytes_are_given_out_once() -> None:
    """Else a few bytes could become a film of any length."""
    at = moof_size(Fragment(runs=(run_box((60,), offset=0),) * 2))
    with pytest.raises(FragmentError, match="outside"):
        read(Fragment(runs=(run_box((33,), offset=at), run_box((32,), offset=at))))
    both = read(Fragment(runs=(run_box((32,), offset=at), run_box((32,), offset=at + 32))))
    assert [run.start for run in both] == [at, at + 32]


def test_samples_of_a_segment_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fragments_module, "MAX_SAMPLES", 5)
    three = Fragment(runs=(run_box((1,), (1,), (1,), offset=0),) * 2)
    at = moof_size(three)
    with pytest.raises(FragmentError, match="too many"):
        read(Fragment(runs=(run_box((1,), (1,), (1,), offset=at),) * 2))
    monkeypatch.setattr(fragments_module, "MAX_SAMPLES", 6)
    assert len(read(Fragment(runs=(run_box((1,), (1,), (1,), offset=at),) * 2))) == 2


def test_runs_of_a_segment_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fragments_module, "_MAX_RUNS", 1)
    at = moof_size(Fragment(runs=(run_box((1,), offset=0),) * 2))
    with pytest.raises(FragmentError, match="too many"):
        read(Fragment(runs=(run_box((1,), offset=at),) * 2))


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0\x09moof",
        b"\0\0\0\x07moof",
        b"\0\0\0",
        struct.pack(">I4sQ", 1, b"mdat", 17),
        init_section(VIDEO),
        box(b"moof", box(b"traf")),
        box(b"moof", box(b"traf", full(b"tfhd", 0, 0, bytes(4)), full(b"tfhd", 0, 0, bytes(4)))),
        box(b"moof", b"\0\0\0\x20traf"),
    ],
)
def test_what_is_no_segment_is_refused(data: bytes) -> None:
    with pytest.raises(FragmentError):
        read_fragments(movie(*BOTH), memoryview(data))


def test_a_cut_segment_is_refused_wherever_it_is_cut() -> None:
    run = run_box((40, 10, SYNC, 80), (41, 54, DIFFERENCE, -40), flags=0xF00, offset=0)
    fragment = Fragment(
        runs=(run_box((40, 10, SYNC, 80), (41, 54, SYNC, 0), flags=0xF00, offset=placed(run)),)
    )
    data = media_segment(fragment)
    assert len(read_fragments(movie(*BOTH), memoryview(data))) == 1
    for end in range(1, len(data)):
        if end != moof_size(fragment) - 8:
            with pytest.raises(FragmentError):
                read_fragments(movie(*BOTH), memoryview(data[:end]))


# Initialisation sections


@pytest.mark.parametrize("version", [0, 1])
def test_a_section_tells_of_its_tracks(version: int) -> None:
    tracks = (replace(VIDEO, version=version, language=0x15C7), replace(SOUND, version=version))
    found = read_movie(memoryview(init_section(*tracks, timescale=600, version=version)))
    video, sound = found.tracks
    assert (found.timescale, video.timescale, sound.timescale) == (600, 1000, 48000)
    assert (video.id, video.handler, sound.handler) == (1, b"vide", b"soun")
    assert video.language == b"\x15\xc7"
    assert video.header_rest.endswith(struct.pack(">II", 320 << 16, 240 << 16))
    assert (video.flags, video.description_count) == (3, 1)
    assert video.descriptions[4:8] == b"stsd"
    assert sound.media_header[4:8] == b"smhd"
    assert b"hdlr" in video.names
    assert sound.defaults.duration == 1024


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize(
    ("edits", "offset"),
    [
        ((), Fraction(0)),
        (((0, 80),), Fraction(-80, 1000)),
        (((500, -1),), Fraction(500, 600)),
        (((500, -1), (0, 80)), Fraction(500, 600) - Fraction(80, 1000)),
    ],
)
def test_an_edit_list_may_move_the_start(
    version: int, edits: tuple[tuple[int, int], ...], offset: Fraction
) -> None:
    track = replace(VIDEO, edits=edits, version=version)
    found = read_movie(memoryview(init_section(track, timescale=600)))
    assert found.tracks[0].offset == offset


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        (b"", "0 boxes 'moov'"),
        (init_section(VIDEO) * 2, "2 boxes 'moov'"),
        (init_section(VIDEO) + box(b"mdat"), "holds samples"),
        (init_section(), "0 tracks"),
        (init_section(*(replace(VIDEO, id=n) for n in range(1, 34))), "33 tracks"),
        (init_section(VIDEO, VIDEO), "one number"),
        (init_section(replace(VIDEO, defaults=None)), "no defaults"),
        (init_section(VIDEO, timescale=0), "0 ticks"),
        (init_section(replace(VIDEO, timescale=0)), "0 ticks"),
        (init_section(replace(VIDEO, timescale=(1 << 32) - 1)), "ticks"),
        (init_section(replace(VIDEO, entry=b"encv")), "encrypted"),
        (init_section(replace(VIDEO, entry_count=2)), "not as many"),
        (init_section(replace(VIDEO, entry_count=0)), "not as many"),
        (init_section(replace(VIDEO, reference=2)), "elsewhere"),
        (init_section(replace(VIDEO, own_samples=1)), "samples of its own"),
        (init_section(replace(VIDEO, extra=full(b"stz2", 0, 0, bytes(7) + b"\1"))), "of its own"),
        (init_section(replace(VIDEO, edits=((1, 0), (1, 9)))), "more than move"),
        (init_section(replace(VIDEO, edits=((1, -2),))), "more than move"),
        (init_section(replace(VIDEO, edits=((1, 0), (1, 0)), edit_count=1)), "as long as"),
        (init_section(replace(VIDEO, edits=((1, 0),), edit_count=1 << 30)), "as long as"),
        (init_section(replace(VIDEO, has_media_header=False)), "0 boxes 'vmhd'"),
        (init_section(replace(VIDEO, edits=((1, -1), (1, -1)))), "more than move"),
    ],
)
def test_a_section_that_needs_a_demuxer_is_refused(section: bytes, reason: str) -> None:
    with pytest.raises(FragmentError, match=reason):
        read_movie(memoryview(section))


def test_a_cut_section_is_refused_wherever_it_is_cut() -> None:
    section = init_section(replace(VIDEO, edits=((0, 80),)), SOUND)
    for end in range(len(section)):
        with pytest.raises(FragmentError):
            read_movie(memoryview(section[:end]))
