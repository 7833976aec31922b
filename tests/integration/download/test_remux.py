"""The MP4 holds what the segments held: every packet, at its time."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import av
import pytest
from tests.integration.download.hls_film import HlsFilm, packets_of, segment
from tests.media import with_damaged_first_picture
from tests.tools import require_tool

from vodseal.container.meta import Meta
from vodseal.container.reader import SealedReader
from vodseal.container.source import MemorySink, MemorySource
from vodseal.container.writer import SealedWriter
from vodseal.download.remux import Remuxer, count_packets
from vodseal.download.staged_source import RunStream
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, TamperedError

Films = Callable[[str], Path]
Hls = Callable[..., HlsFilm]


class Clear:
    """Opens pieces that lie in memory."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self.pieces = pieces

    def open(self, position: int) -> memoryview:
        return memoryview(self.pieces[position])


def remux(*runs: Sequence[bytes]) -> bytes:
    output = io.BytesIO()
    remuxer = Remuxer(output)  # type: ignore[arg-type]  # a plain stream for the sealed one
    for run in runs:
        remuxer.add_run(RunStream(Clear(run), range(len(run))))
    remuxer.finish(lambda: None)
    assert sum(remuxer.packet_counts) > 0
    return output.getvalue()


def reference(source: Path, tmp_path: Path, *options: str) -> list[tuple[object, ...]]:
    """Return the packets that FFmpeg's own tool gives."""
    made = tmp_path / "reference.mp4"
    command = [require_tool("ffmpeg"), "-v", "error", *options, "-i", str(source)]
    command += ["-map", "0:v?", "-map", "0:a?", "-c", "copy", str(made)]
    subprocess.run(command, check=True, timeout=60)
    return packets_of(made)


def joined(film: HlsFilm, tmp_path: Path) -> Path:
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(film.clear))
    return path


@pytest.mark.parametrize("name", ["b-frames", "ntsc", "vfr", "no-audio", "languages"])
def test_the_packets_are_those_of_a_reference_remux(hls: Hls, name: str, tmp_path: Path) -> None:
    film = hls(name, encrypted=False)
    assert packets_of(remux(film.clear)) == reference(joined(film, tmp_path), tmp_path)


def test_hevc_keeps_its_times(hls: Hls, tmp_path: Path) -> None:
    """The bytes differ: versions of FFmpeg treat parameter sets in the stream differently."""
    film = hls("hevc", encrypted=False)
    made, expected = packets_of(remux(film.clear)), reference(joined(film, tmp_path), tmp_path)
    assert [packet[:4] for packet in made] == [packet[:4] for packet in expected]


def test_b_frames_keep_their_order(hls: Hls) -> None:
    packets = [p for p in packets_of(remux(hls("b-frames", encrypted=False).clear)) if p[0] == 0]
    assert any(dts != pts for _, dts, pts, *_ in packets)
    shown = [pts for _, _, pts, *_ in packets]
    assert sorted(shown) != shown
    assert len(set(shown)) == len(shown) == 150


@pytest.mark.behaviour("B54")
def test_audio_alone_becomes_an_mp4(hls: Hls, tmp_path: Path) -> None:
    film = hls("audio-only", encrypted=False)
    made = remux(film.clear)
    assert packets_of(made) == reference(joined(film, tmp_path), tmp_path)
    with av.open(io.BytesIO(made)) as opened:
        assert [stream.type for stream in opened.streams] == ["audio"]


@pytest.mark.behaviour("B54")
def test_packed_audio_becomes_an_mp4(films: Films, tmp_path: Path) -> None:
    adts = tmp_path / "a.aac"
    command = [require_tool("ffmpeg"), "-v", "error", "-i", str(films("audio-only"))]
    subprocess.run([*command, "-c", "copy", str(adts)], check=True, timeout=60)
    data = adts.read_bytes()
    cut = data.index(data[:2], len(data) // 2)
    made = packets_of(remux([data[:cut], data[cut:]]))
    assert [packet[4] for packet in made] == [packet[4] for packet in reference(adts, tmp_path)]


def test_all_audio_tracks_and_their_languages_are_kept(hls: Hls) -> None:
    with av.open(io.BytesIO(remux(hls("languages", encrypted=False).clear))) as made:
        assert [stream.type for stream in made.streams] == ["video", "audio", "audio", "audio"]
        assert [stream.language for stream in made.streams.audio] == ["eng", "deu", "fra"]
        assert made.streams.audio[2].codec_context.name == "ac3"


def test_fragments_with_an_initialisation_section_become_one_mp4(hls: Hls, tmp_path: Path) -> None:
    film = hls("b-frames", encrypted=False, kind="fmp4")
    parts = [film.served["init.mp4"], *film.clear]
    whole = tmp_path / "whole.mp4"
    whole.write_bytes(b"".join(parts))
    made = remux(parts)
    assert packets_of(made) == reference(whole, tmp_path)
    assert b"moof" not in made


def test_sound_that_overlaps_at_a_splice_follows_on(films: Films, tmp_path: Path) -> None:
    """An advertisement begins before the last frame of sound has ended."""
    film, parts = films("b-frames"), []
    for offset in ("10", "15.99"):
        path = tmp_path / f"{offset}.ts"
        command = [require_tool("ffmpeg"), "-v", "error", "-i", str(film), "-c", "copy"]
        command += ["-output_ts_offset", offset, "-muxdelay", "0", str(path)]
        subprocess.run(command, check=True, timeout=60)
        parts.append(path.read_bytes())
    sound = [packet[4] for packet in packets_of(film) if packet[0]]
    made = [packet for packet in packets_of(remux(parts)) if packet[0]]
    assert {packet[4] for packet in made} == set(sound)
    assert len(made) >= 2 * len(sound) - 1  # the parser may lose the frame at the seam
    times = [dts for _, dts, *_ in made]
    assert sorted(times) == times


def test_time_stamps_that_wrap_go_on(films: Films, tmp_path: Path) -> None:
    """33 bits at 90 kHz: 26.5 hours, and encoders start anywhere (ISO 13818-1, 2.4.3.7)."""
    near = tmp_path / "near.ts"
    command = [require_tool("ffmpeg"), "-v", "error", "-i", str(films("b-frames")), "-c", "copy"]
    command += ["-output_ts_offset", "95440.7", "-muxdelay", "0", str(near)]
    subprocess.run(command, check=True, timeout=60)
    made = packets_of(remux([near.read_bytes()]))
    assert made == reference(near, tmp_path)
    assert max(dts for _, dts, *_ in made) < 7_000  # type: ignore[type-var, operator]


@pytest.mark.parametrize("name", ["b-frames", "silent b-frames"])
def test_a_run_after_a_discontinuity_follows_the_one_before(hls: Hls, name: str) -> None:
    clear = hls(name, encrypted=False).clear
    once, twice = packets_of(remux(clear)), packets_of(remux(clear, clear))
    assert len(twice) == 2 * len(once)
    for track in {packet[0] for packet in once}:
        stamps = [packet[1] for packet in twice if packet[0] == track]
        assert stamps == sorted(set(stamps))  # type: ignore[type-var]  # every packet here has its stamps
        length = max(packet[1] for packet in once if packet[0] == track)  # type: ignore[type-var]  # every packet here has its stamps
        assert abs(stamps[-1] - 2 * length) < 150  # type: ignore[operator]  # they are numbers, see above


def test_pictures_go_on_at_their_pace_across_a_discontinuity(hls: Hls) -> None:
    clear = hls("silent b-frames", encrypted=False).clear
    shown = sorted(packet[2] for packet in packets_of(remux(clear, clear, clear)))  # type: ignore[type-var]  # every packet here has its stamps
    assert {after - before for before, after in pairwise(shown)} == {40}  # type: ignore[operator]  # they are numbers, see above


def test_a_picture_that_was_taken_apart_is_whole_again(films: Films, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(with_damaged_first_picture(films("no-audio").read_bytes()))
    film = segment(damaged, tmp_path / "hls", encrypted=False)
    with av.open(io.BytesIO(b"".join(film.clear)), format="mpegts") as stream:
        timeless = [p for p in stream.demux(video=0) if p.size and p.pts is None]
        assert len(timeless) == 1
    made = remux(film.clear)
    with av.open(io.BytesIO(made)) as opened, av.open(str(damaged)) as source:
        shown, expected = (
            [(frame.time, frame.to_ndarray().tobytes()) for frame in one.decode(video=0)]
            for one in (opened, source)
        )
    assert shown == expected
    assert len(shown) == 75
    assert count_packets(io.BytesIO(made)) == [75]


def test_a_run_with_other_tracks_is_refused(hls: Hls) -> None:
    with pytest.raises(DownloadError) as caught:
        remux(
            hls("b-frames", encrypted=False).clear,
            hls("audio-only", encrypted=False).clear,
        )
    assert caught.value.code is ErrorCode.NOT_SUPPORT_FORMAT


@pytest.mark.parametrize("data", [b"\x47" + bytes(187), b"no media at all" * 99, b"\0" * 5000])
def test_what_is_no_media_has_its_number(data: bytes) -> None:
    with pytest.raises(DownloadError) as caught:
        remux([data * 40])
    assert caught.value.code is ErrorCode.NOT_SUPPORT_FORMAT


def test_an_error_of_a_piece_comes_through_as_it_is(hls: Hls) -> None:
    clear = hls("b-frames", encrypted=False).clear

    class Breaking(Clear):
        def open(self, position: int) -> memoryview:
            if position == 3:
                raise TamperedError("altered")
            return super().open(position)

    remuxer = Remuxer(io.BytesIO())  # type: ignore[arg-type]  # a plain stream for the sealed one
    with pytest.raises(TamperedError):
        remuxer.add_run(RunStream(Breaking(clear), range(len(clear))))


def test_a_full_disk_comes_through_as_it_is(hls: Hls) -> None:
    class Full(io.BytesIO):
        def write(self, data: object, /) -> int:
            raise OSError(28, "No space left on device")

    clear = hls("b-frames", encrypted=False).clear

    def make() -> None:
        remuxer = Remuxer(Full())  # type: ignore[arg-type]  # a plain stream for the sealed one
        remuxer.add_run(RunStream(Clear(clear), range(len(clear))))
        remuxer.finish(lambda: None)

    with pytest.raises(OSError, match="No space"):
        make()


def test_a_sealed_film_is_the_plain_one(hls: Hls) -> None:
    clear, sink, key = hls("b-frames", encrypted=False).clear, MemorySink(), b"k" * 32
    writer = SealedWriter(sink, key, file_id=b"f" * 16, download_id=b"d" * 16)
    remuxer = Remuxer(writer)
    remuxer.add_run(RunStream(Clear(clear), range(len(clear))))
    tracks = remuxer.finish(lambda: writer.hold_from(writer.tell()))
    writer.finish(Meta(content_type="video/mp4", tracks=tracks))
    with SealedReader(MemorySource(sink.data), key) as reader:
        assert reader.readall() == remux(clear)
        assert [track.codec for track in reader.meta.tracks] == ["h264", "aac"]
        assert (reader.meta.tracks[0].width, reader.meta.tracks[1].sample_rate) == (480, 48000)


def test_packets_are_counted_by_reading_the_file(hls: Hls) -> None:
    made = remux(hls("b-frames", encrypted=False).clear)
    counts = count_packets(io.BytesIO(made))
    assert counts == [150, len(packets_of(made)) - 150]
    with pytest.raises(DownloadError) as caught:
        count_packets(io.BytesIO(made[:-2000]))
    assert caught.value.code is ErrorCode.WRITE_ERROR
