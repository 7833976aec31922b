"""The index of a plain film: every table, and times to the tick."""

from __future__ import annotations

import struct
from array import array
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.unit.media.mp4_boxes import SYNC, Track, init_section

from vodseal.errors import FragmentError
from vodseal.media import movie_tables
from vodseal.media.boxes import boxes_in, make_box
from vodseal.media.fragments import SampleRun
from vodseal.media.movie import Movie, read_movie
from vodseal.media.movie_tables import TrackTable
from vodseal.media.movie_writer import MOVIE_HEAD, movie_index, movie_size_patch

if TYPE_CHECKING:
    from collections.abc import Iterator

VIDEO = Track(timescale=1000)
SOUND = Track(id=2, handler=b"soun", timescale=48000, entry=b"mp4a", defaults=(1, 1024, 0, SYNC))


def movie_of(*tracks: Track, timescale: int = 1000) -> Movie:
    return read_movie(memoryview(init_section(*tracks, timescale=timescale)))


MOVIE = movie_of(VIDEO, SOUND)
VIDEO_TABLE = MOVIE.tracks[0]


def run(
    sizes: list[int],
    *,
    durations: list[int] | None = None,
    offsets: list[int] | None = None,
    syncs: tuple[int, ...] = (0,),
    time: int | None = None,
    description: int = 1,
) -> SampleRun:
    return SampleRun(
        track_id=1,
        description=description,
        start=0,
        size=sum(sizes),
        decode_time=time,
        durations=array("I", durations or [40] * len(sizes)),
        sizes=array("I", sizes),
        offsets=array("i", offsets or []),
        syncs=syncs,
    )


def find(data: bytes, *kinds: bytes) -> Iterator[bytes]:
    """Yield the contents of boxes, by the way that leads to them."""
    view = memoryview(data)
    for box in boxes_in(view):
        if box.kind == kinds[0]:
            content = bytes(view[box.content])
            if kinds[1:]:
                yield from find(content, *kinds[1:])
            else:
                yield content


STBL = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


def numbers(data: bytes, *kinds: bytes, form: str = "I") -> tuple[int, ...]:
    """Return the rows of a table, its version and flags aside."""
    (content,) = find(data, *kinds)
    return struct.unpack(f">{(len(content) - 4) // struct.calcsize('>' + form)}{form}", content[4:])


def index_of(*runs: SampleRun, positions: list[int] | None = None) -> bytes:
    table = TrackTable(VIDEO_TABLE)
    for one, position in zip(runs, positions or [100] * len(runs), strict=True):
        table.add(one, position)
    return movie_index(MOVIE, [table])


def test_every_sample_stands_in_the_tables() -> None:
    index = index_of(
        run([10, 20, 30], offsets=[80, 160, 0], syncs=(0,)),
        run([5, 6], durations=[40, 50], offsets=[80, 80], syncs=(0, 1)),
        positions=[1000, 2000],
    )
    assert numbers(index, *STBL, b"stts") == (2, 4, 40, 1, 50)
    assert numbers(index, *STBL, b"ctts") == (4, 1, 80, 1, 160, 1, 0, 2, 80)
    assert numbers(index, *STBL, b"stss") == (3, 1, 4, 5)
    assert numbers(index, *STBL, b"stsz") == (0, 5, 10, 20, 30, 5, 6)
    assert numbers(index, *STBL, b"stsc") == (2, 1, 3, 1, 2, 2, 1)
    assert numbers(index, *STBL, b"stco") == (2, 1000, 2000)
    assert list(find(index, *STBL, b"stsd")) == [VIDEO_TABLE.descriptions[8:]]


def test_chunks_that_are_alike_share_a_row() -> None:
    index = index_of(run([1, 1]), run([1, 1]), run([1]), run([1], description=1))
    assert numbers(index, *STBL, b"stsc") == (2, 1, 2, 1, 3, 1, 1)


def test_positions_beyond_4_gib_are_wide() -> None:
    index = index_of(run([1]), run([1]), positions=[9, 1 << 32])
    assert not list(find(index, *STBL, b"stco"))
    (content,) = find(index, *STBL, b"co64")
    assert struct.unpack(">IIQQ", content) == (0, 2, 9, 1 << 32)
    assert list(find(index_of(run([1]), positions=[(1 << 32) - 1]), *STBL, b"stco"))


def test_there_is_no_table_of_offsets_or_keyframes_where_none_is_needed() -> None:
    index = index_of(run([1, 2], syncs=(0, 1)))
    assert not list(find(index, *STBL, b"ctts"))
    assert not list(find(index, *STBL, b"stss"))


@pytest.mark.parametrize("first", [True, False])
def test_offsets_of_some_runs_alone_are_filled_up(first: bool) -> None:  # noqa: FBT001
    runs = [run([1, 1], offsets=[7, 8]), run([1, 1])]
    index = index_of(*(runs if first else runs[::-1]))
    expected = (3, 1, 7, 1, 8, 2, 0) if first else (3, 2, 0, 1, 7, 1, 8)
    assert numbers(index, *STBL, b"ctts") == expected


def test_negative_offsets_are_raised_and_the_edit_takes_it_back() -> None:
    index = index_of(run([1, 1, 1], offsets=[0, 40, -40]))
    assert numbers(index, *STBL, b"ctts") == (3, 1, 40, 1, 80, 1, 0)
    (edits,) = find(index, b"moov", b"trak", b"edts", b"elst")
    assert struct.unpack(">IIQqI", edits) == (1 << 24, 1, 120, 40, 1 << 16)


def test_a_gap_lengthens_the_sample_before_it_and_an_overlap_shortens_it() -> None:
    index = index_of(run([1, 1], time=500), run([1, 1], time=600), run([1], time=660))
    assert numbers(index, *STBL, b"stts") == (5, 1, 40, 1, 60, 1, 40, 1, 20, 1, 40)


@pytest.mark.parametrize(
    "runs",
    [
        [run([1], time=100), run([1], time=100)],
        [run([1], time=100), run([1], time=99)],
        [run([1], time=0), run([1], time=1 << 32)],
        [run([1, 1], durations=[0, 40])],
        [run([1, 1], durations=[40, 1 << 31])],
    ],
)
def test_times_that_do_not_go_on_are_refused(runs: list[SampleRun]) -> None:
    with pytest.raises(FragmentError):
        index_of(*runs)


def test_a_last_sample_may_say_nothing_of_its_length() -> None:
    assert numbers(index_of(run([1, 1], durations=[40, 0])), *STBL, b"stts") == (2, 1, 40, 1, 0)


def test_samples_of_a_track_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(movie_tables, "MAX_SAMPLES", 3)
    index_of(run([1, 1]), run([1]))
    with pytest.raises(FragmentError, match="too many"):
        index_of(run([1, 1]), run([1, 1]))


def two_tracks(video: SampleRun, sound: SampleRun, movie: Movie = MOVIE) -> list[bytes]:
    tables = [TrackTable(track) for track in movie.tracks]
    tables[0].add(video, 100)
    tables[1].add(sound, 200)
    index = movie_index(movie, tables)
    assert struct.unpack_from(">I", next(find(index, b"moov", b"mvhd")), 20) == (48_000,)
    return list(find(index, b"moov", b"trak", b"edts", b"elst"))


def test_the_film_begins_with_the_track_that_is_shown_first() -> None:
    """And the other one as much later as it was, to the tick."""
    video, sound = two_tracks(
        run([1, 1], time=920, offsets=[80, 80]), run([1], durations=[1024], time=46_976)
    )
    # The picture is shown at 1 s, sound begins 1024 of 48000 ticks before.
    assert struct.unpack(">IIQqIQqI", video) == (
        1 << 24, 2, 1024, -1, 1 << 16, 80 * 48, 80, 1 << 16,
    )  # fmt: skip
    assert struct.unpack(">IIQqI", sound) == (1 << 24, 1, 1024, 0, 1 << 16)


def test_edit_lists_of_the_section_are_kept_in_mind() -> None:
    movie = movie_of(replace(VIDEO, edits=((500, -1), (0, 80))), SOUND)
    video, _ = two_tracks(run([1], offsets=[80]), run([1], durations=[1024]), movie)
    assert struct.unpack_from(">Qq", video, 8) == (500 * 48, -1)


def test_durations_are_those_of_the_film() -> None:
    tables = [TrackTable(track) for track in MOVIE.tracks]
    tables[0].add(run([1, 1], time=1000), 9)
    tables[1].add(run([1], durations=[1024], time=96_000), 9)
    index = movie_index(MOVIE, tables)
    (film,) = find(index, b"moov", b"mvhd")
    assert struct.unpack_from(">Q", film, 24) == (48_000 + 1024,)
    headers = list(find(index, b"moov", b"trak", b"tkhd"))
    assert [struct.unpack_from(">IIQ", header, 20) for header in headers] == [
        (1, 0, 80 * 48),
        (2, 0, 48_000 + 1024),
    ]
    media = list(find(index, b"moov", b"trak", b"mdia", b"mdhd"))
    assert [struct.unpack_from(">IQH", header, 20) for header in media] == [
        (1000, 80, 0x55C4),
        (48000, 1024, 0x55C4),
    ]


def test_tracks_without_samples_are_left_out() -> None:
    tables = [TrackTable(track) for track in MOVIE.tracks]
    tables[1].add(run([1]), 9)
    assert len(list(find(movie_index(MOVIE, tables), b"moov", b"trak"))) == 1
    with pytest.raises(FragmentError, match="no samples"):
        movie_index(MOVIE, [TrackTable(VIDEO_TABLE)])


def test_a_film_without_end_is_refused() -> None:
    tables = [TrackTable(track) for track in MOVIE.tracks]
    tables[0].add(run([1], time=1 << 62), 9)
    tables[1].add(run([1], time=0), 9)
    with pytest.raises(FragmentError, match="would not end"):
        movie_index(MOVIE, tables)


def test_a_clock_that_fits_all_tracks_is_not_taken_where_it_is_too_fast() -> None:
    movie = movie_of(replace(VIDEO, timescale=999_999_937), SOUND)
    tables = [TrackTable(track) for track in movie.tracks]
    tables[0].add(run([1]), 9)
    tables[1].add(run([1]), 9)
    (film,) = find(movie_index(movie, tables), b"moov", b"mvhd")
    assert struct.unpack_from(">I", film, 20) == (999_999_937,)


def test_the_head_is_completed_when_the_end_is_known() -> None:
    samples = b"samples" * 3
    film = bytearray(MOVIE_HEAD + samples)
    position, patch = movie_size_patch(len(film))
    film[position : position + len(patch)] = patch
    film += index_of(run([1]))
    kinds = [(box.kind, bytes(film[box.content])) for box in boxes_in(memoryview(film))]
    assert [kind for kind, _ in kinds] == [b"ftyp", b"mdat", b"moov"]
    assert kinds[1] == (b"mdat", samples)


def test_a_box_of_4_gib_is_refused() -> None:
    class Long(bytes):
        def __len__(self) -> int:
            return 1 << 32

    with pytest.raises(FragmentError, match="4 GiB"):
        make_box(b"moov", Long())
