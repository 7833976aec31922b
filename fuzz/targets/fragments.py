"""Fragments of an MP4: all that they say lies within them, and the film's index is one."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import av

from fuzz import kit
from vodseal.media.boxes import boxes_in
from vodseal.media.fragments import MAX_SAMPLES, read_fragments
from vodseal.media.movie import read_movie
from vodseal.media.movie_tables import TrackTable
from vodseal.media.movie_writer import MOVIE_HEAD, movie_index, movie_size_patch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vodseal.media.movie import Movie

DICTIONARY: Final = (
    "ftyp", "moov", "mvhd", "trak", "tkhd", "mdia", "mdhd", "hdlr", "vide", "soun", "minf", "vmhd",
    "smhd", "stbl", "stsd", "stsz", "edts", "elst", "mvex", "trex", "moof", "mfhd", "traf", "tfhd",
    "tfdt", "trun", "mdat", "\0\2\0\0", "\0\0\x0f\1", "\0\0\2\1", "\x7f\xff\xff\xff",
    "\0\0\0\1", "\1\1\0\0",
)  # fmt: skip


def test_one(data: bytes) -> bool:
    """Two bytes say how long the initialisation section is, and a segment follows."""
    end = 2 + int.from_bytes(data[:2], "big")
    return kit.takes(lambda: _join(memoryview(data[2:end]), memoryview(data[end:])))


def _join(section: memoryview, segment: memoryview) -> None:
    movie = read_movie(section)
    tables = {track.id: TrackTable(track) for track in movie.tracks if track.is_wanted}
    film = bytearray(MOVIE_HEAD)
    runs = read_fragments(movie, segment)
    assert sum(run.size for run in runs) <= len(segment)
    assert sum(run.count for run in runs) <= MAX_SAMPLES
    for run in runs:
        assert run.count == len(run.sizes) == len(run.durations)
        assert len(run.offsets) in {0, run.count}
        assert all(0 <= index < run.count for index in run.syncs)
        assert run.size == sum(run.sizes)
        assert 0 <= run.start <= run.start + run.size <= len(segment)
        tables[run.track_id].add(run, len(film))
        film += segment[run.start : run.start + run.size]
    end = len(film)
    film += movie_index(movie, list(tables.values()))
    position, patch = movie_size_patch(end)
    film[position : position + len(patch)] = patch
    _check(movie, list(tables.values()), memoryview(film))


def _check(movie: Movie, tables: list[TrackTable], film: memoryview) -> None:
    """Walk the film's boxes to the last, and look at the times that were written."""
    _, samples, index = boxes_in(film)
    assert (samples.kind, index.kind) == (b"mdat", b"moov")
    filled = [table for table in tables if table.count]
    inside = list(boxes_in(film, index.content))
    assert len(inside) == 1 + len(filled) <= 1 + len(movie.tracks)
    for table in filled:
        assert table.first_shown() <= table.last_shown()
        assert len(table.syncs) <= table.count
        assert all(len(MOVIE_HEAD) <= at < samples.end for at in table.chunk_positions)


def seeds() -> Iterator[bytes]:
    for flags in ("default_base_moof+empty_moov", "delay_moov+dash", "empty_moov+omit_tfhd_offset"):
        data = _film(f"frag_keyframe+{flags}")
        start = min(at for kind in (b"moof", b"sidx") if (at := data.find(kind)) > 0) - 4
        yield start.to_bytes(2, "big") + data


def _film(flags: str) -> bytes:
    """Three pictures and a sound."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4", options={"movflags": f"+{flags}"}) as container:
        picture: Any = container.add_stream("mpeg4", rate=25)
        picture.width, picture.height, picture.pix_fmt = 16, 16, "yuv420p"
        sound: Any = container.add_stream("aac", rate=8000, layout="mono")
        for number in range(3):
            frame = av.VideoFrame(16, 16, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            frame.pts = number
            container.mux(picture.encode(frame))
        tone = av.AudioFrame("fltp", "mono", 1024)
        tone.sample_rate, tone.pts, tone.time_base = 8000, 0, Fraction(1, 8000)
        for plane in tone.planes:
            plane.update(bytes(plane.buffer_size))
        container.mux(sound.encode(tone))
        container.mux(picture.encode(None))
        container.mux(sound.encode(None))
    return out.getvalue()
