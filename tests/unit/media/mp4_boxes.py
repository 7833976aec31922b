"""Fragmented films of a few samples, written field by field."""

from __future__ import annotations

import struct
from dataclasses import dataclass

__all__ = ["Fragment", "Track", "box", "full", "init_section", "media_segment"]

MATRIX = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
SYNC, DIFFERENCE = 0x02_00_00_00, 0x01_01_00_00


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


@dataclass(frozen=True, kw_only=True)
class Track:
    """One track of an initialisation section."""

    id: int = 1
    handler: bytes = b"vide"
    timescale: int = 1000
    language: int = 0x55C4
    edits: tuple[tuple[int, int], ...] = ()
    edit_count: int | None = None
    has_media_header: bool = True
    version: int = 0
    entry: bytes = b"avc1"
    entry_count: int = 1
    reference: int = 1
    own_samples: int = 0
    defaults: tuple[int, int, int, int] | None = (1, 40, 0, DIFFERENCE)
    extra: bytes = b""

    def box(self) -> bytes:
        wide = ">QQ" if self.version else ">II"
        times = struct.pack(wide, 0, 0)
        long = ">Q" if self.version else ">I"
        header = full(
            b"tkhd",
            self.version,
            3,
            times,
            struct.pack(">II", self.id, 0),
            struct.pack(long, 0),
            bytes(16),
            MATRIX,
            struct.pack(">II", 320 << 16, 240 << 16),
        )
        return box(b"trak", header, self._edits(), self._media(times, struct.pack(long, 0)))

    def _media_header(self) -> bytes:
        if self.handler == b"vide":
            return full(b"vmhd", 0, 1, bytes(8))
        return full(b"smhd", 0, 0, bytes(4)) if self.handler == b"soun" else b""

    def _edits(self) -> bytes:
        if not self.edits:
            return b""
        form = ">Qqi" if self.version else ">Iii"
        rows = [struct.pack(form, duration, start, 1 << 16) for duration, start in self.edits]
        count = struct.pack(">I", len(rows) if self.edit_count is None else self.edit_count)
        return box(b"edts", full(b"elst", self.version, 0, count, *rows))

    def _media(self, times: bytes, duration: bytes) -> bytes:
        clock = struct.pack(">I", self.timescale)
        language = struct.pack(">HH", self.language, 0)
        entry = box(self.entry, bytes(6), struct.pack(">H", self.reference), bytes(70))
        return box(
            b"mdia",
            full(b"mdhd", self.version, 0, times, clock, duration, language),
            full(b"hdlr", 0, 0, bytes(4), self.handler, bytes(13)),
            box(
                b"minf",
                self._media_header() if self.has_media_header else b"",
                box(
                    b"stbl",
                    full(b"stsd", 0, 0, struct.pack(">I", self.entry_count), entry),
                    full(b"stsz", 0, 0, struct.pack(">II", 0, self.own_samples)),
                    self.extra,
                ),
            ),
        )


def init_section(*tracks: Track, timescale: int = 1000, version: int = 0) -> bytes:
    times = struct.pack(">QQIQ" if version else ">IIII", 0, 0, timescale, 0)
    extends = [
        full(b"trex", 0, 0, struct.pack(">5I", track.id, *track.defaults))
        for track in tracks
        if track.defaults
    ]
    return box(b"ftyp", b"iso6", bytes(4), b"iso6") + box(
        b"moov",
        full(b"mvhd", version, 0, times, bytes(80)),
        *(track.box() for track in tracks),
        box(b"mvex", *extends),
    )


@dataclass(frozen=True, kw_only=True)
class Fragment:
    """One ``traf``; each run is given by the columns of its table."""

    track_id: int = 1
    time: int | None = 0
    wide_time: bool = True
    header_flags: int = 0x02_00_00
    header: tuple[int, ...] = ()
    runs: tuple[bytes, ...] = ()

    def box(self) -> bytes:
        header = struct.pack(f">{1 + len(self.header)}I", self.track_id, *self.header)
        time = b""
        if self.time is not None:
            form = ">Q" if self.wide_time else ">I"
            time = full(b"tfdt", int(self.wide_time), 0, struct.pack(form, self.time))
        return box(b"traf", full(b"tfhd", 0, self.header_flags, header), time, *self.runs)


def run_box(
    *rows: tuple[int, ...],
    flags: int = 0x200,
    offset: int | None = None,
    first: int | None = None,
    count: int | None = None,
) -> bytes:
    """Return a ``trun`` whose samples are ``rows``; ``flags`` name the columns."""
    fields = struct.pack(">I", len(rows) if count is None else count)
    if offset is not None:
        flags, fields = flags | 1, fields + struct.pack(">i", offset)
    if first is not None:
        flags, fields = flags | 4, fields + struct.pack(">I", first)
    table = b"".join(struct.pack(">I", value & 0xFF_FF_FF_FF) for row in rows for value in row)
    return full(b"trun", 0, flags, fields, table)


def media_segment(*fragments: Fragment, data: bytes = bytes(64)) -> bytes:
    """Return one ``moof`` and its ``mdat``."""
    moof = box(b"moof", full(b"mfhd", 0, 0, bytes(4)), *(one.box() for one in fragments))
    return moof + box(b"mdat", data)


def moof_size(*fragments: Fragment) -> int:
    """Return where the data of a segment begins."""
    return len(media_segment(*fragments, data=b""))
