"""Pieces, their identity, and a progress that never goes back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.download.job import JobSpec, SegmentSpec, SourceKind
from vodseal.download.plan import (
    RANGE_SIZE,
    Meter,
    hls_segments,
    key_uris,
    pieces_of,
    ranges_segment,
)
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, MisuseError
from vodseal.media.playlist import MediaPlaylist, parse_media

BASE = "https://cdn/video/i.m3u8?auth_key=1"
KEY = bytes(range(16))
ID = b"D" * 16


def playlist(body: str) -> MediaPlaylist:
    return parse_media(f"#EXTM3U\n#EXT-X-TARGETDURATION:6\n{body}\n#EXT-X-ENDLIST\n", BASE)


def job(segments: tuple[SegmentSpec, ...], **values: object) -> JobSpec:
    kind = values.pop("kind", SourceKind.HLS)
    return JobSpec(kind=kind, download_id=ID, secure=True, segments=segments, **values)  # type: ignore[arg-type]  # keywords from a table


ENCRYPTED = """#EXT-X-KEY:METHOD=AES-128,URI="https://k/key"
#EXTINF:6,
a.ts?auth_key=1
#EXTINF:4,
b.ts
#EXT-X-KEY:METHOD=AES-128,URI="https://k/key",IV=0x000102030405060708090a0b0c0d0e0f
#EXTINF:6,
c.ts"""


def test_a_playlist_becomes_one_piece_for_each_segment() -> None:
    segments = hls_segments(playlist(ENCRYPTED), {"https://k/key": KEY})
    assert [segment.path for segment in segments] == ["/video/a.ts", "/video/b.ts", "/video/c.ts"]
    assert segments[0].url == "https://cdn/video/a.ts?auth_key=1"
    assert [segment.iv for segment in segments] == [bytes(16), bytes(15) + b"\1", bytes(range(16))]
    assert {segment.key for segment in segments} == {KEY}
    assert [piece.key for piece in pieces_of(job(segments))] == [(0, 0), (1, 0), (2, 0)]


def test_each_key_is_asked_for_once() -> None:
    assert key_uris(playlist(ENCRYPTED)) == ("https://k/key",)


@pytest.mark.behaviour("B40")
@pytest.mark.parametrize("keys", [{}, {"https://k/key": b"short"}])
def test_a_missing_key_has_its_number(keys: dict[str, bytes]) -> None:
    with pytest.raises(DownloadError) as caught:
        hls_segments(playlist(ENCRYPTED), keys)
    assert caught.value.code is ErrorCode.GET_AES_KEY_FAIL


@pytest.mark.behaviour("B40")
def test_a_drm_has_its_number() -> None:
    drm = '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://x",KEYFORMAT="com.apple.streamingkeydelivery"\n'
    with pytest.raises(DownloadError) as caught:
        key_uris(playlist(drm + "#EXTINF:6,\na.ts"))
    assert caught.value.code is ErrorCode.ENCRYPTION_NOT_SUPPORT


MAPPED = """#EXT-X-MAP:URI="init.mp4",BYTERANGE="100@0"
#EXTINF:6,
#EXT-X-BYTERANGE:50@100
all.mp4
#EXTINF:6,
#EXT-X-BYTERANGE:60@150
all.mp4
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="other.mp4"
#EXTINF:6,
x.m4s"""


def test_initialisation_sections_and_ranges_are_pieces() -> None:
    pieces = pieces_of(job(hls_segments(playlist(MAPPED), {})))
    assert [(p.segment.path, p.start, p.size) for p in pieces] == [
        ("/video/init.mp4", 0, 100),
        ("/video/all.mp4", 100, 50),
        ("/video/all.mp4", 150, 60),
        ("/video/other.mp4", None, None),
        ("/video/x.m4s", None, None),
    ]
    assert [p.segment.init for p in pieces] == [True, False, False, True, False]
    assert pieces[4].segment.discontinuity


@pytest.mark.behaviour("B44")
def test_conversion_sees_every_url_and_leaves_the_identity() -> None:
    seen: list[str] = []

    def convert(url: str) -> str:
        seen.append(url)
        return "http://p2p/" + str(len(seen))

    plain = hls_segments(playlist(MAPPED), {})
    converted = hls_segments(playlist(MAPPED), {}, convert=convert)
    assert seen == [segment.url for segment in plain]
    assert {segment.url[:11] for segment in converted} == {"http://p2p/"}
    ids = [[piece.identity(ID) for piece in pieces_of(job(one))] for one in (plain, converted)]
    assert ids[0] == ids[1]


def identity(segment: SegmentSpec) -> bytes:
    return pieces_of(job((segment,)))[0].identity(ID).source_id


SEGMENT = SegmentSpec(url="u?auth_key=1", path="/a.ts", key=KEY, iv=bytes(16))


def test_a_fresh_signature_does_not_change_a_piece() -> None:
    assert identity(replace(SEGMENT, url="https://other/a.ts?auth_key=2")) == identity(SEGMENT)


@pytest.mark.parametrize(
    "other",
    [
        replace(SEGMENT, path="/b.ts"),
        replace(SEGMENT, iv=b"1" * 16),
        replace(SEGMENT, key=None, iv=None),
        replace(SEGMENT, start=0, length=9),
        replace(SEGMENT, start=1, length=9),
    ],
)
def test_what_is_asked_for_is_the_identity(other: SegmentSpec) -> None:
    assert identity(other) != identity(SEGMENT)


def test_a_file_is_cut_into_ranges() -> None:
    size = 2 * RANGE_SIZE + 5
    segment = ranges_segment("http://h/f.mp4?auth_key=1", size=size)
    pieces = pieces_of(job((segment,), kind=SourceKind.RANGES), size)
    assert [(p.key, p.start, p.size) for p in pieces] == [
        ((0, 0), 0, RANGE_SIZE),
        ((0, 1), RANGE_SIZE, RANGE_SIZE),
        ((0, 2), 2 * RANGE_SIZE, 5),
    ]
    assert len({p.identity(ID).source_id for p in pieces}) == 3


def test_a_file_of_unknown_size_is_misuse() -> None:
    with pytest.raises(MisuseError):
        pieces_of(job((ranges_segment("http://h/f.mp4"),), kind=SourceKind.RANGES))


@pytest.mark.parametrize("digests", [(), (b"1" * 32,), (b"1" * 32,) * 3])
def test_digests_of_another_stream_are_refused(digests: tuple[bytes, ...]) -> None:
    with pytest.raises(DownloadError) as caught:
        pieces_of(job((SEGMENT, SEGMENT), digest_algorithm=2, digests=digests))
    assert caught.value.code is ErrorCode.URL_CANNOT_REACH


def test_an_empty_stream_is_refused() -> None:
    with pytest.raises(DownloadError):
        pieces_of(job(()))


@pytest.mark.behaviour("B29")
@given(
    st.lists(st.integers(1, 9_000_000), min_size=1, max_size=30),
    st.none() | st.integers(1, 200_000_000),
    st.randoms(use_true_random=False),
)
def test_percents_never_go_back_and_end_at_100(sizes: list[int], hint: int | None, random) -> None:
    segments = tuple(replace(SEGMENT, duration=float(size % 7)) for size in sizes)
    pieces = pieces_of(job(segments))
    meter = Meter(pieces, hint)
    told = [meter.percent]
    order = list(zip(pieces, sizes, strict=True))
    random.shuffle(order)
    for piece, size in order:
        meter.look(random.randrange(size))
        told.append(meter.percent)
        assert meter.percent < 100
        meter.add(piece, size)
        told.append(meter.percent)
    assert told == sorted(told)
    assert meter.percent == 100
    assert meter.done == sum(sizes)
