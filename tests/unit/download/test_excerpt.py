"""Which segments an excerpt is made of, and what job that is; and an index that is none."""

from __future__ import annotations

import pytest

from vodseal.download.excerpt import excerpt_job, segments_at
from vodseal.download.film_index import read_index
from vodseal.download.job import JobSpec, SegmentSpec, SourceKind
from vodseal.errors import MalformedError

ID = b"e" * 16


def job(*inits: int, count: int = 10) -> JobSpec:
    """Segments of two seconds, with initialisation sections before some of them."""
    segments: list[SegmentSpec] = []
    for number in range(count):
        if number in inits:
            segments.append(SegmentSpec(url=f"i{number}", path=f"/i{number}", init=True))
        segments.append(SegmentSpec(url=f"s{number}", path=f"/s{number}", duration=2.0))
    return JobSpec(
        kind=SourceKind.HLS,
        download_id=b"d" * 16,
        secure=True,
        segments=tuple(segments),
        digest_algorithm=2,
        digests=tuple(bytes([number]) * 32 for number in range(len(segments))),
    )


@pytest.mark.parametrize(
    ("times", "around", "wanted"),
    [
        ([(5.0, 5.5)], 0, [2]),
        ([(5.0, 5.5)], 1, [1, 2, 3]),
        ([(0.0, 0.0)], 1, [0, 1]),
        ([(3.9, 4.1)], 0, [1, 2]),
        ([(19.9, 21.5)], 1, [8, 9]),
        ([(25.0, 25.0)], 1, [8, 9]),
        ([(1.0, 1.0), (15.0, 15.0)], 1, [0, 1, 6, 7, 8]),
        ([], 3, []),
    ],
)
def test_segments_are_chosen_by_the_time_at_which_they_play(
    times: list[tuple[float, float]], around: int, wanted: list[int]
) -> None:
    assert segments_at(job(), times, around) == wanted


def test_an_excerpt_has_the_segments_with_their_digests() -> None:
    whole = job()
    made = excerpt_job(whole, [1, 2, 6, 7], ID)
    assert [one.path for one in made.segments] == ["/s1", "/s2", "/s6", "/s7"]
    assert [one.discontinuity for one in made.segments] == [False, False, True, False]
    assert made.digests == tuple(whole.digests[at] for at in (1, 2, 6, 7))
    assert (made.download_id, made.secure, made.kind) == (ID, True, SourceKind.HLS)


def test_an_excerpt_begins_with_the_section_that_holds() -> None:
    whole = job(0, 5)
    made = excerpt_job(whole, segments_at(whole, [(3.0, 3.0), (9.0, 11.0)], 0), ID)
    assert [one.path for one in made.segments] == ["/i0", "/s1", "/s4", "/i5", "/s5"]
    assert [one.init for one in made.segments] == [True, False, False, True, False]
    assert len(made.digests) == 5


@pytest.mark.parametrize(
    "film",
    [b"", b"moov", bytes(100), bytes(96) + b"\0\0\0\x08moov"[:4] + b"moov", b"\0\0\0\x09moov"],
)
def test_a_film_without_an_index_is_said_to_have_none(film: bytes) -> None:
    with pytest.raises(MalformedError):
        read_index(lambda start, size: film[start : start + size], len(film))
