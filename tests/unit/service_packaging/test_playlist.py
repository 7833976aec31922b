from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from vodseal.media.encryption import EncryptType
from vodseal.media.playlist import KeyMethod, parse_media
from vodseal.service.content_gate import rewrite_playlist
from vodseal.service.packaging.messages import StreamSlot
from vodseal.service.packaging.outputs import StoredStream
from vodseal.service.packaging.playlist import key_uri, playlist_key, write_playlist
from vodseal.service.packaging.segments import StoredPiece

BASE = "http://host.test/media/v/s/index.m3u8"


def stream(*durations: float, iv: bool = True) -> StoredStream:
    return StoredStream(
        pieces=tuple(
            StoredPiece(
                name=f"job/{n:06d}.ts",
                size=10,
                digest=bytes(32),
                iv=bytes([n]) * 16 if iv else None,
            )
            for n, _ in enumerate(durations)
        ),
        durations=durations,
    )


def key(wrapped: bytes, encryption: EncryptType = EncryptType.HLS):
    slot = StreamSlot(job_id="5" * 32, key=b"k" * 16, wrapped_key=wrapped)
    return playlist_key(encryption, slot, "vid")


def test_each_segment_has_the_key_and_its_own_iv():
    text = write_playlist(stream(6.0, 6.0, 1.5), key(b"\xff\xfe+/="))
    playlist = parse_media(text, BASE)
    assert [s.duration for s in playlist.segments] == [6.0, 6.0, 1.5]
    assert [s.key.iv for s in playlist.segments] == [bytes([n]) * 16 for n in range(3)]
    assert {s.key.method for s in playlist.segments} == {KeyMethod.AES_128}
    assert playlist.segments[1].uri == "http://host.test/media/v/s/000001.ts"


def test_the_wrapped_key_survives_the_way():
    wrapped = bytes(range(256))
    uri = key_uri(wrapped, "0" * 32)
    assert uri.startswith("/key?Ciphertext=")
    assert not set("+=/ ") & set(uri.partition("Ciphertext=")[2].partition("&")[0])
    query = parse_qs(urlsplit(uri).query)
    assert query["MediaId"] == ["0" * 32]
    import base64

    assert base64.b64decode(query["Ciphertext"][0]) == wrapped


def test_clear_segments_have_no_key():
    assert key(b"", EncryptType.NONE) is None
    text = write_playlist(stream(6.0, iv=False), None)
    assert "EXT-X-KEY" not in text
    assert parse_media(text, BASE).segments[0].key is None


@pytest.mark.parametrize(
    ("durations", "target"), [((6.0, 6.4), 6), ((6.5,), 7), ((0.2,), 1), ((8.0, 4.0), 8)]
)
def test_no_segment_rounds_to_more_than_the_target(durations, target):
    text = write_playlist(stream(*durations), None)
    assert f"#EXT-X-TARGETDURATION:{target}\n" in text


def test_the_gate_can_add_its_tokens():
    text = write_playlist(stream(6.0), key(b"wrapped"))
    rewritten = rewrite_playlist(
        text, "/media/v/s/index.m3u8", "secret", signed_at=1, token="tok+en"
    )
    playlist = parse_media(rewritten, BASE)
    segment = playlist.segments[0]
    assert "MtsHlsUriToken=tok%2Ben" in segment.key.uri
    assert "Ciphertext=" in segment.key.uri
    assert "auth_key=1-" in segment.uri


def test_a_private_key_has_a_name_and_no_address():
    text = write_playlist(stream(6.0, 1.0), key(b"wrapped", EncryptType.PRIVATE))
    lines = [line for line in text.splitlines() if line.startswith("#EXT-X-KEY:")]
    uri = f"vodseal-license:{'5' * 32}"
    assert lines == [
        f'#EXT-X-KEY:METHOD=AES-128,URI="{uri}",IV=0x{n:032x},KEYFORMAT="vodseal-license"'
        for n in (0, int.from_bytes(b"\1" * 16))
    ]
    assert "#EXT-X-VERSION:5\n" in text
    gated = rewrite_playlist(text, "/media/v/s/index.m3u8", "secret", signed_at=1, token="token")
    assert {s.key.uri for s in parse_media(gated, BASE).segments} == {uri}
    assert "token" not in gated
    assert b"wrapped".hex() not in gated
