"""A playlist, media or master: what is read is written, and then reads the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fuzz import kit
from vodseal.errors import PlaylistError
from vodseal.media.playlist import MasterPlaylist, MediaPlaylist, parse, write

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE: Final = "https://cdn.example:8443/a/b/index.m3u8?auth_key=1-0-0-x"
DICTIONARY: Final = (
    "#EXTM3U\n", "#EXTINF:", "#EXT-X-VERSION:", "#EXT-X-TARGETDURATION:", "#EXT-X-MEDIA-SEQUENCE:",
    "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-ENDLIST", "#EXT-X-DISCONTINUITY", "#EXT-X-BYTERANGE:",
    "#EXT-X-DISCONTINUITY-SEQUENCE:", "#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-DEFINE:",
    "#EXT-X-KEY:", "METHOD=AES-128", "METHOD=NONE", "METHOD=SAMPLE-AES", ",IV=0x", ',URI="',
    ',KEYFORMAT="', "identity", "vodseal-license", "vodseal-license:", "#EXT-X-MAP:", "BYTERANGE=",
    "https://", "//", "@", "..", "18446744073709551615", "9223372036854775807", "0.000001", "\r\n",
    "#EXT-X-GAP", "#EXT-X-SKIP:", "#EXT-X-I-FRAMES-ONLY",
)  # fmt: skip


def test_one(data: bytes) -> bool:
    return kit.takes(lambda: _read(data))


def _read(data: bytes) -> None:
    playlist = parse(data, BASE)
    if isinstance(playlist, MediaPlaylist):
        playlist.duration()
        playlist.needs_license()
        for segment in playlist.segments:
            segment.iv()
        if playlist.unsupported_key():
            return
    try:
        text = write(playlist)
    except PlaylistError:  # a model may hold what cannot be said, such as a control character
        assert isinstance(playlist, MasterPlaylist)
        return
    again = parse(text, "")
    assert write(again) == text


def seeds() -> Iterator[bytes]:
    head = b"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:7\n"
    end = b"#EXT-X-ENDLIST\n"
    key = b'#EXT-X-KEY:METHOD=AES-128,URI="/key?Ciphertext=a%2Bb%3D",IV=0x0001\n'
    named = (
        b'#EXT-X-KEY:METHOD=AES-128,URI="vodseal-license:j",KEYFORMAT="vodseal-license"\n'
        b'#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://x",KEYFORMAT="com.apple"\n'
    )
    clear = b"#EXT-X-DISCONTINUITY\n#EXT-X-KEY:METHOD=NONE\n#EXTINF:4,t\nhttps://o.example/1.ts\n"
    ranges = b'#EXT-X-MAP:URI="i.mp4",BYTERANGE="9@0"\n' + b"".join(
        b"#EXTINF:0.5,\n#EXT-X-BYTERANGE:%d%s\nm.mp4\n" % (size, at)
        for size, at in ((7, b"@9"), (8, b""), (9223372036854775000, b"@20"))
    )
    yield head + key + b"#EXTINF:9.6,\nseg-0.ts?auth_key=1\n" + clear + end
    yield head + named + b"#EXTINF:9.6,\r\n../seg-0.ts\r\n" + end
    yield head + b"#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n" + ranges + end
    yield head + b"#EXTINF:1,\nlive.ts\n"
