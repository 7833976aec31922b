"""Write the vectors of the sealed file: one defect each, always the same bytes.

Imports nothing from ``src``. ``python spec/container/make.py [FOLDER]`` writes
``vectors/`` anew; a released vector never changes.

A vector is a text head, an empty line, then the bytes, compressed by zlib:
``reader`` is ``file`` or ``piece``; ``expect`` is ``ok`` or the class of the
failure (SPEC container, 7.1); ``key`` is the content key (of a piece: the stage
key); ``sha256`` is that of the plaintext that a reader has to give.
"""

import hashlib
import struct
import sys
import zlib
from pathlib import Path

from kit import (
    CHUNK,
    DOWNLOAD_ID,
    KEY,
    OTHER_KEY,
    TAG,
    Raw,
    cbor,
    flip,
    message,
    put,
    sealed_part,
    stream,
    whole,
)

SHORT, LONG = stream("short", 100), stream("long", CHUNK + 100)


def good() -> dict[str, tuple[str, bytes, bytes]]:
    full = {4: hashlib.sha256(SHORT).digest(), 10: bytes(range(32))}
    return {
        name: ("ok", whole(plain), plain)
        for name, plain in (
            ("empty", b""),
            ("one_byte", b"\x2a"),
            ("one_chunk", stream("chunk", CHUNK)),
            ("chunk_and_a_bit", LONG),
        )
    } | {"all_meta_fields": ("ok", whole(SHORT, fields=lambda f: f.update(full)), SHORT)}


def bad_heads() -> dict[str, tuple[str, bytes]]:
    right, meta_at = whole(SHORT), 4096 + 56 + 116
    return {
        "no_bytes": ("not-sealed", b""),
        "unfinished": ("not-sealed", bytes(4096) + right[4096:]),
        "magic_altered": ("not-sealed", flip(right, 1)),
        "magic_after_text_mode": ("not-sealed", right.replace(b"\r\n", b"\n", 1)),
        "magic_only": ("truncated", right[:8]),
        "header_cut": ("truncated", right[:4095]),
        "major_2": ("unsupported", whole(SHORT, head=put(8, b"\2"))),
        "minor_1": ("unsupported", whole(SHORT, head=put(9, b"\1"))),
        "suite_2": ("unsupported", whole(SHORT, head=put(10, b"\2"))),
        "chunk_size_64k": ("unsupported", whole(SHORT, head=put(11, b"\x10"))),
        "parts_of_256_chunks": ("unsupported", whole(SHORT, head=put(12, struct.pack(">I", 256)))),
        "parts_of_many_chunks": ("unsupported", whole(SHORT, head=put(12, b"\1\0\2\0"))),
        "file_id_altered": ("wrong-key", flip(right, 16)),
        "key_check_altered": ("wrong-key", flip(right, 96)),
        "download_id_altered": ("tampered", flip(right, 32)),
        "length_altered": ("tampered", flip(right, 71)),
        "mac_altered": ("tampered", flip(right, 143, 7)),
        "reserved_48_not_zero": ("malformed", whole(SHORT, head=put(48, b"\1"))),
        "reserved_88_not_zero": ("malformed", whole(SHORT, head=put(95, b"\1"))),
        "meta_offset_wrong": (
            "malformed",
            whole(SHORT, head=put(72, struct.pack(">Q", meta_at + 1))),
        ),
        "part_count_wrong": ("malformed", whole(SHORT, head=put(84, struct.pack(">I", 2)))),
        "meta_size_too_small": ("malformed", whole(SHORT, head=put(80, struct.pack(">I", 72)))),
        "meta_size_too_large": ("malformed", whole(SHORT, head=put(80, b"\xff\xff\xff\xff"))),
        "plaintext_size_too_large": ("malformed", whole(SHORT, head=put(64, b"\xff" * 8))),
        "padding_not_zero": ("tampered", flip(right, 4095)),
        "padding_not_zero_at_its_start": ("tampered", flip(right, 144)),
    }


def bad_bodies() -> dict[str, tuple[str, bytes]]:
    right, long = whole(SHORT), whole(LONG)
    swapped = sealed_part(LONG, chunks=[LONG[CHUNK:], LONG[:CHUNK]])
    first = long[4152 : 4152 + CHUNK + TAG]
    short_chunk = sealed_part(LONG, chunks=[LONG[:CHUNK], LONG[CHUNK:-1]]) + b"\0"
    long_chunk = sealed_part(LONG, chunks=[LONG]) + bytes(16)
    one_chunk = whole(stream("chunk", CHUNK))
    foreign = sealed_part(SHORT, file_id=DOWNLOAD_ID)
    return {
        "last_byte_missing": ("truncated", right[:-1]),
        "one_byte_more": ("truncated", right + b"\0"),
        "meta_missing": ("truncated", right[: 4096 + 56 + 116]),
        "last_chunk_missing": ("truncated", long[:4152] + first + long[4152 + len(first) + 116 :]),
        "chunk_altered": ("tampered", flip(long, 4152 + 5000)),
        "chunk_tag_altered": ("tampered", flip(long, 4152 + CHUNK)),
        "last_chunk_altered": ("tampered", flip(long, 4152 + CHUNK + TAG + 1)),
        "empty_last_chunk_altered": ("tampered", flip(one_chunk, 4152 + CHUNK + TAG)),
        "chunks_swapped": ("tampered", whole(LONG, part=swapped)),
        "salt_altered": ("tampered", flip(right, 4096)),
        "commitment_altered": ("tampered", flip(right, 4120)),
        "part_of_an_earlier_attempt": (
            "tampered", right[:4096] + sealed_part(SHORT, salt="stale") + right[4096 + 172 :]
        ),
        "part_of_another_file": ("tampered", whole(SHORT, part=foreign)),
        "part_of_another_place": ("tampered", whole(SHORT, part=sealed_part(SHORT, number=1))),
        "part_shorter_than_told": ("tampered", whole(LONG, part=short_chunk)),
        "plaintext_in_one_long_chunk": ("tampered", whole(LONG, part=long_chunk)),
        "meta_altered": ("tampered", flip(right, len(right) - 1)),
        "meta_salt_altered": ("tampered", flip(right, 4096 + 172)),
    }  # fmt: skip


def bad_metas() -> dict[str, tuple[str, bytes]]:
    def with_fields(**changes: object) -> bytes:
        return whole(SHORT, fields=lambda f: f.update({int(k[1:]): v for k, v in changes.items()}))

    def with_more(first: bytes, tail: bytes = b"") -> bytes:
        """One more entry in the map than there was, before or behind the others."""
        return whole(SHORT, body=lambda b: bytes([b[0] + 1]) + first + b[1:] + tail)

    deep: object = 1
    for _ in range(8):
        deep = [deep]
    return {
        "meta_version_2": ("unsupported", with_fields(k0=2)),
        "meta_of_another_length": ("malformed", with_fields(k1=101)),
        "meta_table_too_short": ("malformed", with_fields(k2=bytes(55))),
        "meta_table_too_long": ("malformed", with_fields(k2=bytes(112))),
        "meta_unknown_field": ("malformed", with_fields(k13=1)),
        "meta_reserved_field": ("malformed", with_fields(k8=b"")),
        "meta_field_missing": ("malformed", whole(SHORT, fields=lambda f: f.pop(12))),
        "meta_title_is_bytes": ("malformed", with_fields(k5=b"title")),
        "meta_boolean_for_integer": ("malformed", with_fields(k6=Raw(b"\xf5"))),
        "meta_negative_duration": ("malformed", with_fields(k6=Raw(b"\x20"))),
        "meta_float": ("malformed", with_fields(k6=Raw(b"\xf9\x3c\x00"))),
        "meta_null": ("malformed", with_fields(k5=Raw(b"\xf6"))),
        "meta_tag": ("malformed", with_fields(k11=Raw(b"\xc1\x00"))),
        "meta_long_integer": ("malformed", with_fields(k6=Raw(b"\x18\x05"))),
        "meta_indefinite_text": ("malformed", with_fields(k5=Raw(b"\x7f\x61a\xff"))),
        "meta_text_not_utf8": ("malformed", with_fields(k5=Raw(b"\x62\xff\xfe"))),
        "meta_hash_too_short": ("malformed", with_fields(k4=bytes(31))),
        "meta_track_of_unknown_kind": (
            "malformed", with_fields(k7=[{0: 9, 1: "x", 2: 0, 3: 0, 4: 0, 5: 0, 6: ""}])
        ),
        "meta_track_is_no_map": ("malformed", with_fields(k7=[1])),
        "meta_nested_too_deeply": ("malformed", with_fields(k7=deep)),
        "meta_trailing_byte": ("malformed", whole(SHORT, body=lambda b: b + b"\0")),
        "meta_cut": ("malformed", whole(SHORT, body=lambda b: b[:-1])),
        "meta_is_a_list": ("malformed", whole(SHORT, body=lambda _: b"\x80")),
        "meta_keys_out_of_order": (
            "malformed", whole(SHORT, body=lambda b: bytes([b[0]]) + b[3:5] + b[1:3] + b[5:])
        ),
        "meta_key_twice": ("malformed", with_more(b"\0\1")),
        "meta_key_is_text": ("malformed", with_more(b"", b"\x61a\0")),
        "meta_key_24": ("malformed", with_more(b"", b"\x18\x18\0")),
    }  # fmt: skip


def pieces() -> dict[str, tuple[str, bytes, bytes]]:
    """Staged pieces; a reader is to open each as piece 0 of sequence 7."""
    source = hashlib.sha256(cbor({0: "/v/7.ts", 1: [0, 0], 2: "AES-128", 3: bytes(16)})).digest()

    def sealed(
        sequence: int = 7, piece: int = 0, *, plain: bytes = SHORT, named: bytes = source
    ) -> bytes:
        numbers = struct.pack(">II", sequence, piece)
        return message(KEY, b"vodseal1/stage\0" + DOWNLOAD_ID + numbers + named, plain)

    return {
        "piece": ("ok", sealed(), SHORT),
        "piece_empty": ("ok", sealed(plain=b""), b""),
        "piece_of_two_chunks": ("ok", sealed(plain=LONG), LONG),
        "piece_of_another_segment": ("tampered", sealed(8), b""),
        "piece_of_another_place": ("tampered", sealed(7, 1), b""),
        "piece_of_another_source": ("tampered", sealed(named=bytes(32)), b""),
        "piece_altered": ("tampered", flip(sealed(), 60), b""),
        "piece_cut": ("tampered", sealed()[:-1], b""),
        "piece_cut_to_its_prefix": ("truncated", sealed()[:56], b""),
        "piece_cut_at_a_chunk": ("truncated", sealed(plain=LONG)[: 56 + CHUNK + TAG], b""),
    }  # fmt: skip


def vectors() -> dict[str, bytes]:
    made = {name: vector("file", *what) for name, what in good().items()}
    for name, (expect, data) in (bad_heads() | bad_bodies() | bad_metas()).items():
        made[name] = vector("file", expect, data)
    made["another_key"] = vector("file", "wrong-key", whole(SHORT), key=OTHER_KEY)
    for name, what in pieces().items():
        made[name] = vector("piece", *what)
    return made


def vector(reader: str, expect: str, data: bytes, plain: bytes = b"", *, key: bytes = KEY) -> bytes:
    head = {
        "vodseal-vector": "1",
        "reader": reader,
        "expect": expect,
        "key": key.hex(),
        "sha256": hashlib.sha256(plain).hexdigest() if expect == "ok" else "",
    }
    text = "".join(f"{name}: {value}\n" for name, value in head.items())
    return text.encode() + b"\n" + zlib.compress(data, 9)


def main(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name, data in vectors().items():
        (folder / f"{name}.vec").write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "vectors")
