"""The vectors of the sealed file: one defect each, always the same bytes.

Imports nothing from ``src``. ``python -m spec.container.make`` writes ``vectors/``
anew, with ``--check`` it compares; a released vector never changes. The form is
that of ``spec/vector.py``.

Given are the content ``key`` (of a piece: the stage key) and what ``inspect``,
which has no key, says: ``ok``, or the class of its failure (SPEC container, 7.2).
"""

import hashlib
import struct
from pathlib import Path

from spec.container.forms import (
    DOWNLOAD_ID,
    KEY,
    OTHER_KEY,
    PART,
    assembled,
    full_part,
    sealed_part,
    whole,
)
from spec.kit import CHUNK, TAG, Raw, cbor, flip, message, put, stream
from spec.vector import main, vector

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
    no_length = whole(SHORT, head=put(80, struct.pack(">I", 16461)))
    return {
        "last_byte_missing": ("truncated", right[:-1]),
        "one_byte_more": ("truncated", right + b"\0"),
        "meta_of_no_length": ("truncated", no_length.ljust(4268 + 16461, b"\0")),
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


def partly_good() -> dict[str, tuple[str, bytes, bytes]]:
    """What fails behind bytes that may be given out."""
    plain = stream("three chunks", 2 * CHUNK + 500)
    right, sealed = whole(plain), CHUNK + TAG
    second, last = 4152 + sealed, 4152 + 2 * sealed
    first = right[4152:second]
    twice = right[:second] + first + right[last:]
    swapped = right[:4152] + right[second:last] + first + right[last:]
    return {
        "three_chunks": ("ok", right, plain),
        "middle_chunk_altered": ("tampered", flip(right, second + 9), plain[:CHUNK]),
        "middle_chunk_tag_altered": ("tampered", flip(right, last - 1, 7), plain[:CHUNK]),
        "chunk_twice": ("tampered", twice, plain[:CHUNK]),
        "full_chunks_swapped": ("tampered", swapped, b""),
        "third_chunk_altered": ("tampered", flip(right, last + 3), b""),
    }


def many_parts() -> dict[str, tuple[str, bytes, bytes]]:
    (plain, part), (other_plain, other) = full_part(0), full_part(1)
    tail, empty = sealed_part(SHORT, number=1), sealed_part(b"", number=1)
    two, three = [part, tail], [part, other, sealed_part(SHORT, number=2)]
    tail_at, size = 4096 + len(part), PART + len(SHORT)
    right, end = assembled(two, size), 2 * PART + len(SHORT)
    table = b"".join(p[:56] for p in (other, part, three[2]))
    of_first = assembled([part, sealed_part(SHORT, number=0)], size)
    foreign = assembled([part, sealed_part(SHORT, number=1, file_id=DOWNLOAD_ID)], size)
    stale = right[:tail_at] + sealed_part(SHORT, number=1, salt="stale") + right[tail_at + 172 :]
    moved = assembled([other, part, three[2]], end)
    again = assembled(three, end, fields=lambda f: f.update({2: table}))
    earlier = sealed_part(b"", number=1, salt="stale")
    full = assembled([part, empty], PART)
    shorter = assembled([part, sealed_part(SHORT[1:], number=1) + b"\0"], size)
    return {
        "two_parts": ("ok", right, plain + SHORT),
        "three_parts": ("ok", assembled(three, end), plain + other_plain + SHORT),
        "one_full_part": ("ok", full, plain),
        "second_part_altered": ("tampered", flip(right, tail_at + 60), plain),
        "second_part_salt_altered": ("tampered", flip(right, tail_at + 23, 7), plain),
        "second_part_commitment_altered": ("tampered", flip(right, tail_at + 24), plain),
        "second_part_of_an_earlier_attempt": ("tampered", stale, plain),
        "second_part_of_the_first_place": ("tampered", of_first, plain),
        "second_part_of_another_file": ("tampered", foreign, plain),
        "second_part_shorter_than_told": ("tampered", shorter, plain),
        "second_part_missing": ("truncated", right[:tail_at] + right[tail_at + 172 :], b""),
        "empty_part_altered": ("tampered", flip(full, tail_at + 71), b""),
        "empty_part_salt_altered": ("tampered", flip(full, tail_at), b""),
        "empty_part_of_an_earlier_attempt": (
            "tampered", full[:tail_at] + earlier + full[tail_at + 72 :], b""
        ),
        "empty_file_altered": ("tampered", flip(whole(b""), 4096 + 60), b""),
        "empty_file_salt_altered": ("tampered", flip(whole(b""), 4096), b""),
        "end_of_a_full_part_altered": ("tampered", flip(right, tail_at - 1), b""),
        "parts_swapped": ("tampered", moved, b""),
        "part_table_swapped": ("tampered", again, b""),
        "part_count_of_a_full_part_wrong": (
            "malformed", assembled([part], PART, head=put(84, struct.pack(">I", 1))), b""
        ),
    }  # fmt: skip


INSPECT = {  # Where it is not what the reader with the key says, nor ``ok``.
    "magic_only": "truncated",
    "header_cut": "truncated",
    "length_altered": "malformed",
}


def inspected(name: str, expect: str) -> str:
    """What a reader without key says: it sees magic, version and lengths."""
    seen = expect in {"not-sealed", "unsupported", "malformed"} and not name.startswith("meta_")
    seen = seen or name in {"meta_offset_wrong", "meta_size_too_small", "meta_size_too_large"}
    return INSPECT.get(name, expect if seen else "ok")


def vectors() -> dict[str, bytes]:
    cases = good() | partly_good() | many_parts()
    for name, (expect, data) in (bad_heads() | bad_bodies() | bad_metas()).items():
        cases[name] = expect, data, b""
    made = {
        name: vector("file", expect, data, plain, key=KEY, inspect=inspected(name, expect))
        for name, (expect, data, plain) in cases.items()
    }
    made["another_key"] = vector("file", "wrong-key", whole(SHORT), key=OTHER_KEY, inspect="ok")
    return made | {
        name: vector("piece", expect, data, plain, key=KEY)
        for name, (expect, data, plain) in pieces().items()
    }


if __name__ == "__main__":
    main(vectors(), Path(__file__).parent / "vectors")
