from __future__ import annotations

import pytest

from vodseal.container.cbor import CborMap, decode, encode
from vodseal.container.meta import Meta, SealedMeta, TrackKind, TrackMeta
from vodseal.errors import MalformedError, UnsupportedVersionError

FULL = Meta(
    content_type="video/mp4",
    title="Ein Film \u6c34",
    duration_ms=7_200_000,
    tracks=(
        TrackMeta(kind=TrackKind.VIDEO, codec="h264", width=1920, height=1080),
        TrackMeta(kind=TrackKind.AUDIO, codec="aac", sample_rate=48000, channels=2, language="de"),
        TrackMeta(kind=TrackKind.SUBTITLE, codec="mov_text"),
    ),
    digests_root=bytes(range(32)),
    created_at=1_700_000_000,
    sdk_version="1.2.3",
    plaintext_sha256=bytes(32),
)


@pytest.mark.parametrize("meta", [FULL, Meta(content_type="audio/mpeg")])
@pytest.mark.parametrize("size", [0, 8388607, 8388608])
def test_what_was_written_is_read(meta: Meta, size: int) -> None:
    table = bytes(56 * (size // 8388608 + 1))
    made = SealedMeta(plaintext_size=size, part_table=table, meta=meta)
    assert SealedMeta.decode(made.encode(), plaintext_size=size) == made


def test_the_stored_numbers_of_track_kinds() -> None:
    assert {kind.name: int(kind) for kind in TrackKind} == {"VIDEO": 1, "AUDIO": 2, "SUBTITLE": 3}


def test_a_prefix_is_found_in_the_table() -> None:
    table = b"a" * 56 + b"b" * 56
    made = SealedMeta(plaintext_size=8388608, part_table=table, meta=FULL)
    assert (made.prefix(0), made.prefix(1)) == (b"a" * 56, b"b" * 56)


def fields() -> CborMap:
    decoded = decode(SealedMeta(plaintext_size=5, part_table=bytes(56), meta=FULL).encode())
    assert isinstance(decoded, dict)
    return decoded


@pytest.mark.parametrize("key", [0, 1, 2, 3, 5, 6, 7, 11, 12])
def test_a_missing_field_is_refused(key: int) -> None:
    changed = fields()
    del changed[key]
    with pytest.raises(MalformedError):
        SealedMeta.decode(encode(changed), plaintext_size=5)


@pytest.mark.parametrize("key", [8, 9, 13, 23])
def test_an_unknown_field_is_refused(key: int) -> None:
    with pytest.raises(MalformedError):
        SealedMeta.decode(encode(fields() | {key: 0}), plaintext_size=5)


def test_a_later_version_is_told() -> None:
    with pytest.raises(UnsupportedVersionError):
        SealedMeta.decode(encode(fields() | {0: 2}), plaintext_size=5)


def test_the_meta_of_another_length_is_refused() -> None:
    with pytest.raises(MalformedError):
        SealedMeta.decode(encode(fields()), plaintext_size=6)


@pytest.mark.parametrize(
    "change",
    [
        {2: bytes(55)},  # the part table of a part and no other length
        {2: bytes(112)},
        {4: bytes(31)},
        {10: bytes(33)},
        {7: [FULL.tracks[0].to_cbor()] * 65},
        {7: [FULL.tracks[0].to_cbor() | {0: 0}]},  # kinds are 1 to 3
        {7: [FULL.tracks[0].to_cbor() | {0: 4}]},
        {7: [FULL.tracks[0].to_cbor() | {7: 0}]},
        {7: [1]},
    ],
)
def test_a_field_out_of_its_bounds_is_refused(change: CborMap) -> None:
    with pytest.raises(MalformedError):
        SealedMeta.decode(encode(fields() | change), plaintext_size=5)


def test_64_tracks_are_not_too_many() -> None:
    made = SealedMeta(
        plaintext_size=5,
        part_table=bytes(56),
        meta=Meta(content_type="", tracks=FULL.tracks[:1] * 64),
    )
    assert SealedMeta.decode(made.encode(), plaintext_size=5) == made
