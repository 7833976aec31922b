"""Playlists: what is read, what is written, what is refused (RFC 8216)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vodseal.errors import PlaylistError
from vodseal.media import playlist_reader
from vodseal.media.playlist import (
    LICENSE,
    MAX_PLAYLIST_SIZE,
    ByteRange,
    InitSection,
    KeyMethod,
    MasterPlaylist,
    MediaPlaylist,
    Rendition,
    Segment,
    SegmentKey,
    Variant,
    parse,
    parse_media,
    write,
)

BASE = "https://cdn.example:8443/a/b/index.m3u8?auth_key=1-0-0-x"
IV = bytes(range(16))

OURS = """\
#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:10
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-KEY:METHOD=AES-128,URI="/key?Ciphertext=a%2Bb%3D&MediaId=v&MtsHlsUriToken=t",IV=0x000102030405060708090a0b0c0d0e0f
#EXTINF:9.6,a title, with a comma
seg-0.ts?auth_key=1-0-0-y
#EXT-X-DISCONTINUITY
#EXTINF:4,
https://other.example/seg-1.ts
#EXT-X-KEY:METHOD=NONE
#EXTINF:0.5,
../seg-2.ts
#EXT-X-ENDLIST
"""


def media(
    body: str, head: str = "#EXT-X-TARGETDURATION:10\n", tail: str = "#EXT-X-ENDLIST\n"
) -> str:
    return f"#EXTM3U\n{head}{body}{tail}"


ONE = "#EXTINF:1,\ns.ts\n"


def test_a_playlist_of_ours() -> None:
    playlist = parse_media(OURS, BASE)
    first, second, third = playlist.segments
    assert first.uri == "https://cdn.example:8443/a/b/seg-0.ts?auth_key=1-0-0-y"
    assert second.uri == "https://other.example/seg-1.ts"
    assert third.uri == "https://cdn.example:8443/a/seg-2.ts"
    key = SegmentKey(
        method=KeyMethod.AES_128,
        uri="https://cdn.example:8443/key?Ciphertext=a%2Bb%3D&MediaId=v&MtsHlsUriToken=t",
        iv=IV,
    )
    assert [segment.key for segment in playlist.segments] == [key, key, None]
    assert [segment.number for segment in playlist.segments] == [7, 8, 9]
    assert [segment.discontinuity for segment in playlist.segments] == [False, True, False]
    assert playlist.duration() == pytest.approx(14.1)
    assert (playlist.version, playlist.target_duration) == (3, 10)
    assert playlist.unsupported_key() is None


@pytest.mark.parametrize("text", [OURS.replace("\n", "\r\n"), OURS.encode(), OURS.rstrip("\n")])
def test_line_ends_and_bytes_make_no_difference(text: str | bytes) -> None:
    assert parse(text, BASE) == parse(OURS, BASE)


def test_comments_blank_lines_and_unknown_tags_are_passed_over() -> None:
    noise = "# a comment\n\n#EXT-X-NEW-THING:x=1\n#EXTNOT\n#\n"
    assert parse(OURS.replace("#EXTINF", f"{noise}#EXTINF"), BASE) == parse(OURS, BASE)


def test_without_an_iv_the_number_serves() -> None:
    body = '#EXT-X-MEDIA-SEQUENCE:258\n#EXT-X-KEY:METHOD=AES-128,URI="k"\n' + ONE * 2
    first, second = parse_media(media(body), BASE).segments
    assert first.iv() == bytes(14) + b"\x01\x02"
    assert second.iv() == bytes(14) + b"\x01\x03"
    assert first.key is not None
    assert first.key.iv is None


def test_a_short_iv_is_filled_on_the_left() -> None:
    body = f'#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0X0f\n{ONE}'
    assert parse_media(media(body), BASE).segments[0].iv() == bytes(15) + b"\x0f"


def test_byte_ranges_follow_each_other() -> None:
    body = (
        "#EXTINF:1,\n#EXT-X-BYTERANGE:100@50\nall.ts\n"
        "#EXT-X-BYTERANGE:30\n#EXTINF:1,\nall.ts\n"
        "#EXTINF:1,\n#EXT-X-BYTERANGE:7@0\nother.ts\n"
    )
    ranges = [segment.byterange for segment in parse_media(media(body), BASE).segments]
    assert ranges == [
        ByteRange(offset=50, length=100),
        ByteRange(offset=150, length=30),
        ByteRange(offset=0, length=7),
    ]


def test_an_initialisation_section_lasts_until_the_next() -> None:
    body = (
        '#EXT-X-MAP:URI="init.mp4",BYTERANGE="800@16"\n'
        + ONE
        + ONE
        + '#EXT-X-MAP:URI="two.mp4",BYTERANGE="9"\n'
        + ONE
    )
    first, second, third = parse_media(media(body), BASE).segments
    assert first.map == second.map
    assert first.map == InitSection(
        uri="https://cdn.example:8443/a/b/init.mp4", byterange=ByteRange(offset=16, length=800)
    )
    assert third.map is not None
    assert third.map.byterange == ByteRange(offset=0, length=9)


def test_an_encrypted_section_has_the_key_before_it() -> None:
    body = f'#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x{IV.hex()}\n#EXT-X-MAP:URI="i"\n{ONE}'
    segment = parse_media(media(body), BASE).segments[0]
    assert segment.map is not None
    assert segment.map.key == segment.key


@pytest.mark.behaviour("B40")
@pytest.mark.parametrize(
    ("tag", "method"),
    [
        (
            'METHOD=SAMPLE-AES,URI="skd://x",KEYFORMAT="com.apple.streamingkeydelivery"',
            KeyMethod.SAMPLE_AES,
        ),
        ('METHOD=SAMPLE-AES,URI="k"', KeyMethod.SAMPLE_AES),
        (
            'METHOD=SAMPLE-AES-CTR,URI="data:text/plain;base64,AAA=",KEYFORMAT="urn:uuid:x"',
            KeyMethod.OTHER,
        ),
        ('METHOD=AES-128,URI="k",KEYFORMAT="com.example"', KeyMethod.AES_128),
    ],
)
def test_an_encryption_that_we_cannot_open_is_flagged(tag: str, method: KeyMethod) -> None:
    playlist = parse_media(media(f"{ONE}#EXT-X-KEY:{tag}\n{ONE}"), BASE)
    key = playlist.unsupported_key()
    assert key is not None
    assert key.method is method
    assert not key.is_supported()
    assert playlist.segments[0].key is None
    assert playlist.segments[1].key == key


def test_a_section_under_a_key_that_we_cannot_open_is_flagged_too() -> None:
    body = (
        f'#EXT-X-KEY:METHOD=SAMPLE-AES,URI="k"\n#EXT-X-MAP:URI="i"\n#EXT-X-KEY:METHOD=NONE\n{ONE}'
    )
    assert parse_media(media(body), BASE).unsupported_key() is not None


LICENSED = 'METHOD=AES-128,URI="vodseal-license:job-1",IV=0x01,KEYFORMAT="vodseal-license"'


def test_a_key_in_a_license_has_a_name() -> None:
    text = media(f"#EXT-X-KEY:{LICENSED}\n{ONE}")
    playlist = parse_media(text, BASE)
    (segment,) = playlist.segments
    assert segment.key is not None
    assert (segment.key.uri, segment.key.key_format) == ("vodseal-license:job-1", LICENSE)
    assert playlist.unsupported_key() is None
    assert playlist.needs_license()
    assert parse_media(write(playlist), BASE) == playlist


def test_a_section_under_a_key_in_a_license_counts_too() -> None:
    body = f'#EXT-X-KEY:{LICENSED}\n#EXT-X-MAP:URI="i"\n#EXT-X-KEY:METHOD=NONE\n{ONE}'
    assert parse_media(media(body), BASE).needs_license()
    assert not parse_media(media(ONE), BASE).needs_license()


@pytest.mark.parametrize(
    "uri",
    ["k", "https://h/k", "vodseal-license:", "vodseal-license:a/b", "vodseal-license:" + "x" * 65],
)
def test_a_key_in_a_license_has_no_address(uri: str) -> None:
    with pytest.raises(PlaylistError):
        parse_media(
            media(f"#EXT-X-KEY:{LICENSED.replace('vodseal-license:job-1', uri)}\n{ONE}"), BASE
        )
    key = SegmentKey(method=KeyMethod.AES_128, uri=uri, key_format=LICENSE)
    segment = Segment(uri="s", duration=1.0, number=0, key=key)
    with pytest.raises(PlaylistError):
        write(MediaPlaylist(segments=(segment,), target_duration=1))


def test_a_key_with_an_address_has_no_name() -> None:
    with pytest.raises(PlaylistError):
        parse_media(media(f'#EXT-X-KEY:METHOD=AES-128,URI="vodseal-license:job-1"\n{ONE}'), BASE)


@pytest.mark.parametrize("identity_first", [True, False])
def test_of_several_key_formats_the_one_that_we_can_open_is_taken(*, identity_first: bool) -> None:
    tags = [
        '#EXT-X-KEY:METHOD=AES-128,URI="k"\n',
        '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://x",KEYFORMAT="drm"\n',
    ]
    playlist = parse_media(media("".join(tags if identity_first else tags[::-1]) + ONE), BASE)
    assert playlist.unsupported_key() is None


MASTER = """\
#EXTM3U
#EXT-X-VERSION:4
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="Deutsch, laut",LANGUAGE="de",DEFAULT=YES,AUTOSELECT=YES,URI="de/i.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=800000,AVERAGE-BANDWIDTH=700000,CODECS="avc1.4d401f,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=29.97,AUDIO="a",SUBTITLES="s"
ld/i.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="x"
#EXT-X-STREAM-INF:BANDWIDTH=2000000
hd/i.m3u8
"""


def test_a_master_playlist() -> None:
    assert parse(MASTER, "http://h/") == MasterPlaylist(
        version=4,
        independent_segments=True,
        variants=(
            Variant(
                uri="http://h/ld/i.m3u8", bandwidth=800_000, average_bandwidth=700_000,
                codecs="avc1.4d401f,mp4a.40.2", width=640, height=360, frame_rate=29.97,
                audio_group="a", subtitle_group="s",
            ),
            Variant(uri="http://h/hd/i.m3u8", bandwidth=2_000_000),
        ),
        renditions=(
            Rendition(
                type="AUDIO", group_id="a", name="Deutsch, laut", language="de", default=True,
                autoselect=True, uri="http://h/de/i.m3u8",
            ),
        ),
    )  # fmt: skip


def test_a_master_where_segments_are_needed() -> None:
    with pytest.raises(PlaylistError):
        parse_media(MASTER, BASE)


@pytest.mark.parametrize("text", [OURS, MASTER])
def test_what_is_read_is_written_so_that_it_reads_the_same(text: str) -> None:
    playlist = parse(text, BASE)
    assert parse(write(playlist), "http://elsewhere/") == playlist


def test_relative_addresses_are_written_as_they_are() -> None:
    segment = Segment(uri="seg-0.ts?auth_key=1-0-0-y", duration=2.0, number=0)
    text = write(MediaPlaylist(segments=(segment,), target_duration=2, version=3))
    assert text == (
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:2,\nseg-0.ts?auth_key=1-0-0-y\n#EXT-X-ENDLIST\n"
    )


def one(**changes: object) -> MediaPlaylist:
    values: dict[str, object] = {"uri": "s", "duration": 1.0, "number": 0, **changes}
    return MediaPlaylist(segments=(Segment(**values),), target_duration=1)  # type: ignore[arg-type]  # keywords from a table


@pytest.mark.parametrize(
    "playlist",
    [
        MediaPlaylist(segments=(), target_duration=1),
        MediaPlaylist(segments=one().segments * 2, target_duration=1),
        one(uri="a b"),
        one(uri="a\n#EXT-X-ENDLIST"),
        one(uri="#a"),
        one(uri="file:///etc/passwd"),
        one(key=SegmentKey(method=KeyMethod.AES_128, uri='k"')),
        one(key=SegmentKey(method=KeyMethod.OTHER, uri="k")),
        one(key=SegmentKey(method=KeyMethod.AES_128, uri="k", key_format='x"y')),
        one(map=InitSection(uri="i\r")),
        MasterPlaylist(variants=(Variant(uri="u", bandwidth=1, codecs='a"'),)),
        MasterPlaylist(variants=(Variant(uri="u\n", bandwidth=1),)),
    ],
    ids=range(12),
)
def test_what_cannot_be_said_is_not_written(playlist: MediaPlaylist | MasterPlaylist) -> None:
    with pytest.raises(PlaylistError):
        write(playlist)


def test_a_media_playlist_to_the_byte() -> None:
    key = SegmentKey(method=KeyMethod.AES_128, uri="k?a=1", iv=IV)
    drm = SegmentKey(method=KeyMethod.SAMPLE_AES, uri="k2", key_format="com.example")
    init = InitSection(uri="i.mp4", byterange=ByteRange(offset=1, length=2), key=key)
    segments = (
        Segment(uri="0.m4s", duration=6.0, number=4, key=key, map=init),
        Segment(uri="a.m4s", duration=0.1234567, number=5, map=init, discontinuity=True),
        Segment(uri="a.m4s", duration=10.0, number=6, key=drm, map=init, byterange=ByteRange(offset=3, length=9)),
        Segment(uri="3.m4s", duration=1.5, number=7, key=key, map=InitSection(uri="j.mp4", key=key)),
    )  # fmt: skip
    playlist = MediaPlaylist(
        segments=segments, target_duration=10, version=7, independent_segments=True
    )
    assert write(playlist).splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-TARGETDURATION:10",
        "#EXT-X-MEDIA-SEQUENCE:4",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        f'#EXT-X-KEY:METHOD=AES-128,URI="k?a=1",IV=0x{IV.hex()}',
        '#EXT-X-MAP:URI="i.mp4",BYTERANGE="2@1"',
        "#EXTINF:6,",
        "0.m4s",
        "#EXT-X-KEY:METHOD=NONE",
        "#EXT-X-DISCONTINUITY",
        "#EXTINF:0.123457,",
        "a.m4s",
        '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="k2",KEYFORMAT="com.example"',
        "#EXTINF:10,",
        "#EXT-X-BYTERANGE:9@3",
        "a.m4s",
        "#EXT-X-KEY:METHOD=NONE",
        f'#EXT-X-KEY:METHOD=AES-128,URI="k?a=1",IV=0x{IV.hex()}',
        '#EXT-X-MAP:URI="j.mp4"',
        "#EXTINF:1.5,",
        "3.m4s",
        "#EXT-X-ENDLIST",
    ]


def test_a_master_playlist_to_the_byte() -> None:
    master = MasterPlaylist(
        variants=(
            Variant(uri="a", bandwidth=1),
            Variant(uri="b", bandwidth=2, width=3),
            Variant(uri="c", bandwidth=2, height=3, frame_rate=25.0),
        ),
        renditions=(Rendition(type="SUBTITLES", group_id="s", name="n"),),
    )
    assert write(master).splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:1",
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="n"',
        "#EXT-X-STREAM-INF:BANDWIDTH=1",
        "a",
        "#EXT-X-STREAM-INF:BANDWIDTH=2",
        "b",
        "#EXT-X-STREAM-INF:BANDWIDTH=2,FRAME-RATE=25",
        "c",
    ]


def test_an_initialisation_section_cannot_be_taken_back() -> None:
    segments = (
        Segment(uri="0", duration=1.0, number=0, map=InitSection(uri="i")),
        Segment(uri="1", duration=1.0, number=1),
    )
    with pytest.raises(PlaylistError):
        write(MediaPlaylist(segments=segments, target_duration=1))


def test_the_least_that_a_playlist_says() -> None:
    assert parse(media(ONE), "http://h/") == MediaPlaylist(
        segments=(Segment(uri="http://h/s.ts", duration=1.0, number=0),),
        target_duration=10,
        version=1,
        independent_segments=False,
    )
    assert parse("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nx\n", "http://h/") == MasterPlaylist(
        variants=(Variant(uri="http://h/x", bandwidth=1),), version=1, independent_segments=False
    )


@pytest.mark.parametrize(
    "line",
    [
        "#EXT-X-PLAYLIST-TYPE:EVENT",
        "#EXT-X-DISCONTINUITY-SEQUENCE:3",
        "#EXT-X-VERSION:1",
        "#EXT-X-VERSION:10",
        "#EXT-X-DISCONTINUITY",
        "#EXTINF:86400,\nday.ts",
        "#EXT-X-BYTERANGE:1@9223372036854775806\n#EXTINF:1,\nlast.ts",
        "#" + "x" * 20_000,
        f"#EXT-X-NEW:{'x' * (16 * 1024 - len('#EXT-X-NEW:'))}",
    ],
    ids=range(9),
)
def test_what_is_just_allowed(line: str) -> None:
    assert isinstance(parse(media(f"{line}\n{ONE}"), BASE), MediaPlaylist)


def test_independent_segments_are_told() -> None:
    playlist = parse_media(media("#EXT-X-INDEPENDENT-SEGMENTS\n" + ONE), BASE)
    assert playlist.independent_segments


@pytest.mark.parametrize("kind", ["AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS"])
def test_every_kind_of_rendition(kind: str) -> None:
    line = f'#EXT-X-MEDIA:TYPE={kind},GROUP-ID="g",NAME="n",DEFAULT=NO,AUTOSELECT=NO\n'
    playlist = parse("#EXTM3U\n" + line + "#EXT-X-STREAM-INF:BANDWIDTH=1\nx\n", BASE)
    assert isinstance(playlist, MasterPlaylist)
    assert playlist.renditions == (
        Rendition(
            type=kind, group_id="g", name="n", uri="", language="", default=False, autoselect=False
        ),
    )
    assert not Rendition(type=kind, group_id="g", name="n").default
    assert not Rendition(type=kind, group_id="g", name="n").autoselect


def test_addresses_do_not_show() -> None:
    master = parse(MASTER, "https://secret.example/")
    assert "secret" not in repr(master)
    playlist = parse(OURS + "", "https://secret.example/")
    assert "secret" not in repr(playlist)
    assert "secret" not in repr(InitSection(uri="https://secret.example/"))


uris = st.from_regex(
    r"https?://[a-z]{1,8}(:[0-9]{2,4})?/[a-zA-Z0-9/._~%&=?-]{0,20}", fullmatch=True
)
keys = st.builds(
    SegmentKey,
    method=st.sampled_from([KeyMethod.AES_128, KeyMethod.SAMPLE_AES]),
    uri=uris,
    iv=st.binary(min_size=16, max_size=16),
    key_format=st.sampled_from(["identity", "com.example"]),
)
byteranges = st.builds(ByteRange, offset=st.integers(0, 2**40), length=st.integers(1, 2**40))
durations = st.integers(0, 60_000_000).map(lambda value: value / 1_000_000)


@st.composite
def playlists(draw: st.DrawFn) -> MediaPlaylist:
    number = draw(st.integers(0, 2**40))
    with_map = draw(st.booleans())
    sections = st.builds(
        InitSection, uri=uris, byterange=st.none() | byteranges, key=st.none() | keys
    )
    segments = [
        Segment(
            uri=draw(uris),
            duration=draw(durations),
            number=number + index,
            key=draw(st.none() | keys),
            byterange=draw(st.none() | byteranges),
            map=draw(sections) if with_map else None,
            discontinuity=draw(st.booleans()),
        )
        for index in range(draw(st.integers(1, 5)))
    ]
    return MediaPlaylist(
        segments=tuple(segments),
        target_duration=draw(st.integers(0, 3600)),
        version=draw(st.integers(1, 10)),
        independent_segments=draw(st.booleans()),
    )


@given(playlists())
def test_every_playlist_reads_back(playlist: MediaPlaylist) -> None:
    assert parse(write(playlist), "http://base/") == playlist


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "#EXTM3U",
        "\ufeff" + OURS,
        " " + OURS,
        OURS.replace("#EXTM3U", "#EXTM3U "),
        OURS.replace("#EXTM3U\n", ""),
        OURS.replace("#EXT-X-ENDLIST", "#EXTM3U\n#EXT-X-ENDLIST"),
        OURS.replace("#EXT-X-ENDLIST\n", ""),
        OURS.replace("#EXT-X-ENDLIST", "#EXT-X-ENDLIST:1"),
        OURS + "#EXT-X-ENDLIST\n",
        OURS.replace("#EXT-X-TARGETDURATION:10\n", ""),
        media(ONE, head="#EXT-X-TARGETDURATION:10\n#EXT-X-TARGETDURATION:10\n"),
        media(ONE, head="#EXT-X-TARGETDURATION:1.5\n"),
        media(ONE, head="#EXT-X-TARGETDURATION:-1\n"),
        media(ONE, head="#EXT-X-TARGETDURATION:99999999999999999999\n"),
        media(ONE, head="#EXT-X-TARGETDURATION:9223372036854775808\n"),
        OURS.replace("VERSION:3", "VERSION:0"),
        OURS.replace("VERSION:3", "VERSION:11"),
        OURS.replace("VERSION:3", "VERSION:x"),
        OURS.replace("VERSION:3", "VERSION:3\n#EXT-X-VERSION:3"),
        OURS.replace("TYPE:VOD", "TYPE:LIVE"),
        media(ONE + "#EXT-X-MEDIA-SEQUENCE:1\n" + ONE),
        media("#EXT-X-MEDIA-SEQUENCE:x\n" + ONE),
        media("#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-MEDIA-SEQUENCE:1\n" + ONE),
        media(""),
        media("s.ts\n"),
        media("#EXTINF:1,\n"),
        media("#EXTINF:1,\n#EXTINF:1,\ns.ts\n"),
        media("#EXTINF:nan,\ns.ts\n"),
        media("#EXTINF:inf,\ns.ts\n"),
        media("#EXTINF:1e3,\ns.ts\n"),
        media("#EXTINF:-1,\ns.ts\n"),
        media("#EXTINF:+1,\ns.ts\n"),
        media("#EXTINF:\uff11,\ns.ts\n"),
        media("#EXTINF:86401,\ns.ts\n"),
        media("#EXTINF\ns.ts\n"),
        media("#EXT-X-DISCONTINUITY:1\n" + ONE),
        media("#EXT-X-INDEPENDENT-SEGMENTS:1\n" + ONE),
        media("#EXT-X-DISCONTINUITY-SEQUENCE:x\n" + ONE),
        media("#EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n" + ONE),
        media("#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-INDEPENDENT-SEGMENTS\n" + ONE),
        media("#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-PLAYLIST-TYPE:VOD\n" + ONE),
        media("#EXT-X-BYTERANGE:5\n" + ONE),
        media("#EXT-X-BYTERANGE:0@0\n" + ONE),
        media("#EXT-X-BYTERANGE:5@-1\n" + ONE),
        media("#EXT-X-BYTERANGE:x\n" + ONE),
        media("#EXT-X-BYTERANGE:9223372036854775807@1\n" + ONE),
        media("#EXT-X-BYTERANGE:5@0\n#EXT-X-BYTERANGE:5@0\n" + ONE),
        media("#EXT-X-BYTERANGE:5@0\n" + ONE + "#EXT-X-BYTERANGE:5\n#EXTINF:1,\nother.ts\n"),
        media(ONE + "#EXT-X-BYTERANGE:5@0\n"),
        media("#EXT-X-I-FRAMES-ONLY\n" + ONE),
        media("#EXT-X-GAP\n" + ONE),
        media("#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n" + ONE),
        media('#EXT-X-DEFINE:NAME="a",VALUE="b"\n' + ONE),
        media("#EXT-X-KEY:METHOD=AES-128\n" + ONE),
        media('#EXT-X-KEY:URI="k"\n' + ONE),
        media('#EXT-X-KEY:METHOD="AES-128",URI="k"\n' + ONE),
        media("#EXT-X-KEY:METHOD=AES-128,URI=k\n" + ONE),
        media('#EXT-X-KEY:METHOD=AES-128,METHOD=NONE,URI="k"\n' + ONE),
        media('#EXT-X-KEY:METHOD=AES-128, URI="k"\n' + ONE),
        media('#EXT-X-KEY:METHOD=AES-128,URI="k",\n' + ONE),
        media('#EXT-X-KEY:METHOD=AES-128,URI="k\n' + ONE),
        media('#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x' + "0" * 33 + "\n" + ONE),
        media('#EXT-X-KEY:METHOD=AES-128,URI="k",IV=12\n' + ONE),
        media('#EXT-X-KEY:METHOD=AES-128,URI="k",IV="0x1"\n' + ONE),
        media('#EXT-X-KEY:METHOD=AES-128,URI="file:///etc/passwd"\n' + ONE),
        media('#EXT-X-KEY:METHOD=AES-128,URI="data:text/plain;base64,AAAA"\n' + ONE),
        media('#EXT-X-KEY:METHOD=AES-128,URI=""\n' + ONE),
        media("#EXT-X-KEY\n" + ONE),
        media("#EXT-X-MAP\n" + ONE),
        media('#EXT-X-MAP:BYTERANGE="1@0"\n' + ONE),
        media('#EXT-X-MAP:URI="i",BYTERANGE="0@0"\n' + ONE),
        media('#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXT-X-MAP:URI="i"\n' + ONE),
        MASTER + "#EXTINF:1,\n",
        MASTER + "#EXT-X-TARGETDURATION:1\n",
        MASTER + "#EXT-X-MEDIA-SEQUENCE:1\n",
        '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="g",NAME="n"\n',
        MASTER.replace("hd/i.m3u8\n", ""),
        MASTER.replace("BANDWIDTH=2000000", 'CODECS="x"'),
        MASTER.replace("BANDWIDTH=2000000", "BANDWIDTH=-1"),
        MASTER.replace("640x360", "640"),
        MASTER.replace("640x360", "640x360x1"),
        MASTER.replace("29.97", "NaN"),
        MASTER.replace("TYPE=AUDIO", "TYPE=SMELL"),
        MASTER.replace('GROUP-ID="a",NAME', "NAME"),
        MASTER.replace("#EXT-X-VERSION:4", "#EXT-X-VERSION:4\n#EXT-X-VERSION:4"),
        MASTER.replace("#EXT-X-VERSION:4", '#EXT-X-DEFINE:NAME="a",VALUE="b"'),
        MASTER + "stray.m3u8\n",
        '#EXTM3U\n#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="x"\n',
    ],
    ids=range(90),
)
def test_hostile_playlists(text: str) -> None:
    with pytest.raises(PlaylistError):
        parse(text, BASE)


@pytest.mark.parametrize("character", ["\x00", "\x01", "\t", "\x0b", "\x1b", "\x7f", "\x85", "\r"])
@pytest.mark.parametrize("place", ["#EXTINF:9.6,a", "seg-0", "#EXT-X-VER"])
def test_control_characters_anywhere(character: str, place: str) -> None:
    with pytest.raises(PlaylistError):
        parse(OURS.replace(place, place + character), BASE)


@pytest.mark.parametrize("text", [b"#EXTM3U\n\xff", b"\xff\xfe#\x00E\x00X\x00"])
def test_bytes_that_are_no_utf8(text: bytes) -> None:
    with pytest.raises(PlaylistError):
        parse(text, BASE)


@pytest.mark.parametrize("kind", [str, bytes])
def test_the_size_is_limited(kind: type) -> None:
    text = "#EXTM3U\n" + "\n" * MAX_PLAYLIST_SIZE
    with pytest.raises(PlaylistError, match="larger"):
        parse(text if kind is str else text.encode(), BASE)


def test_a_line_is_limited() -> None:
    with pytest.raises(PlaylistError, match="line"):
        parse(media(f"#EXT-X-NEW:{'x' * 20_000}\n{ONE}"), BASE)


def test_the_number_of_segments_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playlist_reader, "MAX_SEGMENT_COUNT", 10)
    assert len(parse_media(media(ONE * 10), BASE).segments) == 10
    with pytest.raises(PlaylistError):
        parse(media(ONE * 11), BASE)


def test_the_number_of_variants_is_limited() -> None:
    entry = "#EXT-X-STREAM-INF:BANDWIDTH=1\nx\n"
    other = '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="g",NAME="n"\n'
    parse("#EXTM3U\n" + entry * 999 + other, BASE)
    for text in (entry * 1001, entry * 1000 + other, other * 1000 + entry):
        with pytest.raises(PlaylistError):
            parse("#EXTM3U\n" + text, BASE)


lines = st.sampled_from(
    [*OURS.splitlines(), *MASTER.splitlines(), '#EXT-X-MAP:URI="i"', "#EXT-X-BYTERANGE:1"]
)
noise = st.text(max_size=30)


@given(st.lists(lines | noise | st.builds("{}{}".format, lines, noise), max_size=20))
def test_nothing_but_a_playlist_error_comes_out(parts: list[str]) -> None:
    try:
        playlist = parse("\n".join(["#EXTM3U", *parts]), BASE)
    except PlaylistError:
        return
    if isinstance(playlist, MediaPlaylist):
        assert all(segment.uri.startswith("http") for segment in playlist.segments)


@given(st.binary(max_size=200))
def test_no_bytes_break_it(data: bytes) -> None:
    with pytest.raises(PlaylistError):
        parse(data, BASE)
