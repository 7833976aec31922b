"""A master playlist, and beside it the attribute lists, numbers and URIs of every tag."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fuzz import kit
from fuzz.targets import playlist
from vodseal.media.attribute_list import parse_attributes, parse_float, parse_integer, quoted
from vodseal.media.uris import check_license_uri, check_uri, resolve_uri

if TYPE_CHECKING:
    from collections.abc import Iterator

DICTIONARY: Final = (
    *playlist.DICTIONARY,
    "#EXT-X-STREAM-INF:", "#EXT-X-MEDIA:", "#EXT-X-I-FRAME-STREAM-INF:", "#EXT-X-SESSION-KEY:",
    "BANDWIDTH=", ",AVERAGE-BANDWIDTH=", ',CODECS="', ",RESOLUTION=1x1", ",FRAME-RATE=", ',AUDIO="',
    ',SUBTITLES="', "TYPE=AUDIO", "TYPE=SUBTITLES", "TYPE=VIDEO", "TYPE=CLOSED-CAPTIONS",
    ',GROUP-ID="', ',NAME="', ',LANGUAGE="', ",DEFAULT=YES", ",AUTOSELECT=YES", "http://[::1]:",
)  # fmt: skip


def test_one(data: bytes) -> bool:
    """A first byte of 0 makes the rest the value of one tag."""
    if data[:1] != b"\0":
        return playlist.test_one(data)
    text = data[1:].decode(errors="replace")
    for read in (parse_float, parse_integer, quoted, check_uri, check_license_uri):
        kit.takes(lambda read=read: read(text))
    for base in (playlist.BASE, "", "http://[::1]:80/x"):
        kit.takes(lambda base=base: resolve_uri(base, text))
    return kit.takes(lambda: _read_each(text))


def _read_each(text: str) -> None:
    attributes = parse_attributes("#EXT-X-KEY", text)
    for name in ("URI", "IV", "BANDWIDTH", "NAME"):
        kit.takes(lambda name=name: attributes.word(name))
        kit.takes(lambda name=name: attributes.text(name))
        kit.takes(lambda name=name: attributes.integer(name))
        kit.takes(lambda name=name: attributes.hex_bytes(name, 16))


def seeds() -> Iterator[bytes]:
    yield (
        b"#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        b'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="de",LANGUAGE="de",DEFAULT=YES,'
        b'AUTOSELECT=YES,URI="a.m3u8"\n'
        b'#EXT-X-STREAM-INF:BANDWIDTH=9,AVERAGE-BANDWIDTH=8,CODECS="avc1.4d,mp4a",'
        b'RESOLUTION=640x360,FRAME-RATE=29.970,AUDIO="a",SUBTITLES="s"\nv.m3u8\n'
        b"#EXT-X-STREAM-INF:BANDWIDTH=1\nhttps://o.example/w.m3u8\n"
    )
    yield b'\0URI="https://u@h/",IV=0x01,BANDWIDTH=9,NAME="\xc3\xa9"'
    yield from (b"\x00https://[::1", b"\x00//h:99999/a", b"\0vodseal-license:j", b"\x001.5")
    yield from playlist.seeds()
