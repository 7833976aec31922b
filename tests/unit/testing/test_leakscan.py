"""What was planted is found, and noise is never accused."""

from __future__ import annotations

import base64
import os
import random
import struct
from typing import TYPE_CHECKING

import pytest

from vodseal.errors import MisuseError
from vodseal.testing.leakscan import Finding, LeakKind, LeakScanner
from vodseal.testing.media_signatures import REACH

if TYPE_CHECKING:
    from pathlib import Path

NOISE = random.Random(20)
MARKER = NOISE.randbytes(32)
KEY = NOISE.randbytes(16)
BLOCK = 8192
PACKETS = b"".join(b"G\x01\x00\x10" + NOISE.randbytes(184) for _ in range(8))
FILE_TYPE = struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 512, b"mp41")
MOVIE = struct.pack(">I4sI4s", 600, b"moov", 108, b"mvhd")
FRAGMENT = struct.pack(">I4sI4s", 600, b"moof", 16, b"mfhd")
PADDED_DATA = struct.pack(">I4sI4s", 8, b"free", 5000, b"mdat")
LARGE_DATA = struct.pack(">I4sQ", 1, b"mdat", 5 << 30)
WEBM = b"\x1aE\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01"

LEAKS = {
    "marker": (MARKER, LeakKind.MARKER, "picture"),
    "key": (KEY, LeakKind.SECRET, "data key as raw"),
    "key in hex": (KEY.hex().encode(), LeakKind.SECRET, "data key as hex"),
    "key in base64": (base64.b64encode(KEY), LeakKind.SECRET, "data key as base64+0"),
    "ts": (PACKETS, LeakKind.MEDIA, "mpeg-ts"),
    "ftyp": (FILE_TYPE, LeakKind.MEDIA, "mp4 ftyp"),
    "moov": (MOVIE, LeakKind.MEDIA, "mp4 moov"),
    "moof": (FRAGMENT, LeakKind.MEDIA, "mp4 moof"),
    "mdat": (LARGE_DATA, LeakKind.MEDIA, "mp4 mdat"),
    "webm": (WEBM, LeakKind.MEDIA, "ebml"),
}


def scanner(**more: object) -> LeakScanner:
    return LeakScanner(
        markers={"picture": MARKER},
        secrets={"data key": KEY},
        block_size=BLOCK,
        **more,  # type: ignore[arg-type]  # keywords from a table
    )


def write(path: Path, size: int, leak: bytes = b"", at: int = 0) -> Path:
    text = bytearray(random.Random(size).randbytes(size))
    text[at : at + len(leak)] = leak
    path.write_bytes(text)
    return path


@pytest.mark.parametrize("name", LEAKS)
def test_a_leak_is_found_at_every_place_around_a_border(tmp_path: Path, name: str) -> None:
    leak, kind, label = LEAKS[name]
    path = tmp_path / "file"
    scan = scanner()
    borders = [BLOCK, BLOCK - REACH, 2 * BLOCK, 2 * BLOCK - REACH, 3 * BLOCK + REACH]
    offsets = {0, 1, 7, 40_000 - len(leak)}
    for border in borders:
        step = max(1, len(leak) // 23)
        offsets |= set(range(border - len(leak) - 2, border + 3, step))
    for at in sorted(offsets):
        write(path, 40_000, leak, at)
        expected = Finding(path=path, offset=at, kind=kind, label=label)
        assert scan.scan(path) == [expected], at


def test_random_bytes_are_not_accused(tmp_path: Path) -> None:
    path = tmp_path / "noise"
    path.write_bytes(random.Random(64).randbytes(64 << 20))
    many = {f"m{i}": NOISE.randbytes(32) for i in range(100)}
    keys = {f"k{i}": NOISE.randbytes(16) for i in range(20)}
    assert LeakScanner(markers=many, secrets=keys).scan(path) == []


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("mp4", {"mp4 ftyp", "mp4 mdat", "mp4 moov", "mp4 trak"}),
        ("fast-start", {"mp4 ftyp", "mp4 mdat", "mp4 moov", "mp4 trak"}),
        ("mov", {"mp4 ftyp", "mp4 mdat", "mp4 moov", "mp4 trak"}),
        ("fragmented", {"mp4 ftyp", "mp4 moof", "mp4 moov", "mp4 trak", "mp4 mdat"}),
        ("ts", {"mpeg-ts"}),
        ("mkv", {"ebml"}),
    ],
)
@pytest.mark.parametrize("before", [0, 4096, 5001])
def test_films_are_recognised_wherever_they_start(
    tmp_path: Path, films: dict[str, Path], name: str, labels: set[str], before: int
) -> None:
    path = tmp_path / "image"
    noise = random.Random(before)
    path.write_bytes(noise.randbytes(before) + films[name].read_bytes() + noise.randbytes(3000))
    found = {finding.label: finding.offset for finding in scanner().scan(path)}
    assert set(found) == labels
    assert min(found.values()) == before


@pytest.mark.parametrize(
    "text",
    [
        b"the boxes ftyp, moov and mdat, and trak",
        struct.pack(">I4s4s", 21, b"ftyp", b"isom"),
        struct.pack(">I4s4s", 20, b"ftyp", b"\x00som"),
        struct.pack(">I4sI4s", 600, b"moov", 108, b"what"),
        struct.pack(">I4s", 4, b"mdat"),
        b"GGGG" * 300,
        PACKETS[: 7 * 188],
        b"\x1aE\xdf\xa3\x9f\x43\x86",
    ],
)
def test_what_only_resembles_media_is_not_accused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"x" * 100 + text + b"x" * 3000)
    assert scanner().scan(path) == []


def test_media_data_is_believed_for_its_neighbours(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for text, place in [
        (b"x" * 3 + PADDED_DATA, 11),
        (b"x" * 512 + struct.pack(">I4s", 9000, b"mdat"), 512),
        (b"x" * 5 + struct.pack(">I4s", 16, b"mdat") + b"y" * 8 + b"????free", 5),
    ]:
        path.write_bytes(text + b"x" * 20)
        assert [(f.label, f.offset) for f in scanner().scan(path)] == [("mp4 mdat", place)]


def test_folders_are_walked_and_the_excluded_left_out(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / ".hidden"
    deep.mkdir(parents=True)
    write(deep / "leak", 5000, MARKER, 77)
    write(tmp_path / "clean", 5000)
    (tmp_path / "source").mkdir()
    write(tmp_path / "source" / "film", 5000, MARKER, 5)
    (tmp_path / "empty").touch()
    found = scanner(exclude=[tmp_path / "source"]).scan(tmp_path)
    assert [(f.path, f.offset) for f in found] == [(deep / "leak", 77)]


def test_names_and_link_texts_leak_too(tmp_path: Path) -> None:
    (tmp_path / KEY.hex()).mkdir()
    (tmp_path / "link").symlink_to(f"/nowhere/{KEY.hex().upper()}")
    found = scanner().scan(tmp_path)
    assert {(f.path.name, f.offset, f.kind) for f in found} == {
        (KEY.hex(), -1, LeakKind.SECRET),
        ("link", -1, LeakKind.SECRET),
    }


def test_a_link_is_not_followed_out_of_the_folder(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", 5000, MARKER)
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link").symlink_to(outside)
    assert scanner().scan(inside) == []
    assert scanner().scan(inside / "link")


def test_a_pipe_does_not_stop_the_scan(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert scanner().scan(tmp_path) == []


def test_a_root_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        scanner().scan(tmp_path / "missing")


def test_media_may_be_allowed(tmp_path: Path) -> None:
    write(tmp_path / "film", 5000, FILE_TYPE)
    assert scanner(media=False).scan(tmp_path) == []


def test_text_in_memory_is_scanned_as_a_file_is() -> None:
    found = scanner().scan_bytes(b"x" * 9 + KEY, "stdout of serve")
    assert [(str(f.path), f.offset) for f in found] == [("stdout of serve", 9)]


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(MisuseError):
        LeakScanner(secrets={"pin": b"1234"})


def test_a_report_never_holds_the_secret(tmp_path: Path) -> None:
    write(tmp_path / "log", 5000, KEY.hex().encode(), 12)
    (found,) = scanner().scan(tmp_path)
    assert KEY.hex() not in f"{found} {found!r}"
    assert str(found) == f"secret 'data key as hex' in {tmp_path / 'log'} at offset 12"
