"""A film made of fragments, without a demuxer, is the one that a demuxer and a muxer make."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import pytest
from tests.integration.download.download_world import CK, DownloadWorld
from tests.integration.download.hls_film import HlsFilm, packets_of
from tests.integration.download.test_kill import running
from tests.integration.download.test_remux import Clear, remux
from tests.tools import require_tool

from vodseal.container.meta import Meta
from vodseal.container.reader import SealedReader
from vodseal.container.source import MemorySink, MemorySource
from vodseal.container.writer import SealedWriter
from vodseal.download.fragments import FragmentJoiner, can_join
from vodseal.download.job import SegmentSpec
from vodseal.download.remux import count_packets
from vodseal.download.staged_source import RunStream
from vodseal.errors import FragmentError, TamperedError

Films = Callable[[str], Path]
Hls = Callable[..., HlsFilm]

EXACT = ("-movie_timescale", "768000000")
"""A clock on which FFmpeg, too, begins every track where it begins, and not at a millisecond."""


def join(parts: Sequence[bytes]) -> bytes:
    output = io.BytesIO()
    joiner = FragmentJoiner(output)  # type: ignore[arg-type]
    joiner.add_run(RunStream(Clear(parts), range(len(parts))))
    joiner.finish(lambda: None)
    return output.getvalue()


def parts_of(film: HlsFilm) -> list[bytes]:
    return [film.served["init.mp4"], *film.clear]


def reference(parts: Sequence[bytes], folder: Path) -> Path:
    """Return what FFmpeg's own tool makes of the same bytes."""
    whole, made = folder / "whole.mp4", folder / "reference.mp4"
    whole.write_bytes(b"".join(parts))
    command = [require_tool("ffmpeg"), "-v", "error", "-i", str(whole), "-c", "copy"]
    subprocess.run([*command, "-map", "0", *EXACT, str(made)], check=True, timeout=60)
    return made


def exact_packets(film: bytes | Path) -> list[tuple[object, ...]]:
    """Return every packet with its exact times, in fractions of a second."""
    source = io.BytesIO(film) if isinstance(film, bytes) else str(film)
    with av.open(source) as opened:
        return sorted(
            (p.stream_index, p.dts * p.time_base, p.pts * p.time_base, p.is_keyframe, bytes(p))
            for p in opened.demux()
            if p.size
        )


@pytest.mark.parametrize(
    "name", ["b-frames", "ntsc", "vfr", "no-audio", "languages", "audio-only", "rotated"]
)
def test_the_packets_are_those_of_a_reference_remux(hls: Hls, name: str, tmp_path: Path) -> None:
    parts = parts_of(hls(name, encrypted=False, kind="fmp4"))
    assert exact_packets(join(parts)) == exact_packets(reference(parts, tmp_path))


@pytest.mark.parametrize("name", ["b-frames", "ntsc", "vfr", "languages"])
def test_the_packets_are_those_of_our_own_remux(hls: Hls, name: str) -> None:
    parts = parts_of(hls(name, encrypted=False, kind="fmp4"))
    made, expected = packets_of(join(parts)), packets_of(remux(parts))
    assert [(t, k, h) for t, _, _, k, h in made] == [(t, k, h) for t, _, _, k, h in expected]
    for ours, theirs in zip(made, expected, strict=True):
        assert abs(ours[1] - theirs[1]) <= 1  # type: ignore[operator]
        assert abs(ours[2] - theirs[2]) <= 1  # type: ignore[operator]


FLAGS = [
    "delay_moov+default_base_moof",  # an edit list takes away what an encoder began with
    "empty_moov+default_base_moof",
    "empty_moov+omit_tfhd_offset",  # counted from where the track before it ends
    "dash",
]


@pytest.mark.parametrize("flags", FLAGS)
def test_fragments_of_every_make_are_joined(films: Films, flags: str, tmp_path: Path) -> None:
    parts = fragmented(films("b-frames"), f"frag_keyframe+{flags}", tmp_path)
    assert exact_packets(join(parts)) == exact_packets(reference(parts, tmp_path))


@pytest.mark.parametrize("flags", FLAGS[:2])
def test_a_stream_may_begin_anywhere(films: Films, flags: str, tmp_path: Path) -> None:
    """Its clock too, and picture and sound not at the same instant."""
    section, rest = fragmented(films("b-frames"), f"frag_keyframe+{flags}", tmp_path)
    starts = [at - 4 for at in range(len(rest)) if rest.startswith(b"moof", at)]
    parts = [section, rest[starts[2] : starts[4]], rest[starts[4] :]]
    made = exact_packets(join(parts))
    assert made == exact_packets(reference(parts, tmp_path))
    assert min(packet[2] for packet in made) == 0  # type: ignore[type-var]
    assert count_packets(io.BytesIO(join(parts)))[0] == 100


def test_negative_offsets_are_taken_by_the_specification(films: Films, tmp_path: Path) -> None:
    """ISO/IEC 14496-12, 8.6.1.3. FFmpeg shows such pictures later; the source knows better."""
    flags = "frag_keyframe+delay_moov+default_base_moof+negative_cts_offsets"
    made = exact_packets(join(fragmented(films("b-frames"), flags, tmp_path)))
    source = exact_packets(films("b-frames"))
    assert [(n, *rest) for n, _, _, *rest in made] == [(n, *rest) for n, _, _, *rest in source]
    began = min(float(packet[2]) for packet in source)  # type: ignore[arg-type]
    shown = [float(packet[2]) + began for packet in made]  # type: ignore[arg-type]
    assert shown == pytest.approx([float(packet[2]) for packet in source], abs=0.0001)  # type: ignore[arg-type]
    assert min(packet[2] for packet in made) == 0  # type: ignore[type-var]


def fragmented(source: Path, flags: str, folder: Path) -> list[bytes]:
    """Return a fragmented copy of ``source``: its initialisation section, and the rest."""
    path = folder / "fragmented.mp4"
    command = [require_tool("ffmpeg"), "-v", "error", "-i", str(source), "-c", "copy"]
    subprocess.run([*command, "-movflags", f"+{flags}", str(path)], check=True, timeout=60)
    data = path.read_bytes()
    start = min(at for kind in (b"moof", b"sidx") if (at := data.find(kind)) > 0) - 4
    return [data[:start], data[start:]]


def test_rotation_and_languages_are_kept(hls: Hls) -> None:
    with av.open(io.BytesIO(join(parts_of(hls("rotated", encrypted=False, kind="fmp4"))))) as made:
        frame = next(made.decode(video=0))
        assert frame.rotation == 90
    film = hls("languages", encrypted=False, kind="fmp4")
    with av.open(io.BytesIO(join(parts_of(film)))) as made:
        assert [stream.type for stream in made.streams] == ["video", "audio", "audio", "audio"]
        assert [stream.language for stream in made.streams.audio] == ["eng", "deu", "fra"]
        assert made.streams.audio[2].codec_context.name == "ac3"


def test_every_frame_decodes_and_a_seek_lands_on_a_keyframe(hls: Hls) -> None:
    made = join(parts_of(hls("b-frames", encrypted=False, kind="fmp4")))
    with av.open(io.BytesIO(made)) as film:
        times = [frame.time for frame in film.decode(video=0)]
        assert [time - times[0] for time in times] == pytest.approx([n / 25 for n in range(150)])
        film.seek(3_500_000)
        first = next(p for p in film.demux(video=0) if p.size)
        assert first.is_keyframe
        assert float(first.pts * first.time_base) == pytest.approx(3 + times[0])


def test_a_sealed_film_is_the_plain_one(hls: Hls) -> None:
    parts, sink = parts_of(hls("b-frames", encrypted=False, kind="fmp4")), MemorySink()
    writer = SealedWriter(sink, CK, file_id=b"f" * 16, download_id=b"d" * 16)
    joiner = FragmentJoiner(writer)
    joiner.add_run(RunStream(Clear(parts), range(len(parts))))
    tracks = joiner.finish(lambda: None)
    writer.finish(Meta(content_type="video/mp4", tracks=tracks))
    with SealedReader(MemorySource(sink.data), CK) as reader:
        plain = reader.readall()
        assert plain == join(parts)
        assert [track.codec for track in reader.meta.tracks] == ["h264", "aac"]
        assert (reader.meta.tracks[0].width, reader.meta.tracks[1].sample_rate) == (480, 48000)
    assert joiner.packet_counts == count_packets(io.BytesIO(plain))


def test_an_error_of_a_piece_comes_through_as_it_is(hls: Hls) -> None:
    parts = parts_of(hls("b-frames", encrypted=False, kind="fmp4"))

    class Breaking(Clear):
        def open(self, position: int) -> memoryview:
            if position == 3:
                raise TamperedError("altered")
            return super().open(position)

    joiner = FragmentJoiner(io.BytesIO())  # type: ignore[arg-type]
    with pytest.raises(TamperedError):
        joiner.add_run(RunStream(Breaking(parts), range(len(parts))))


def test_only_one_run_under_one_section_is_joined() -> None:
    def segments(*words: str) -> list[SegmentSpec]:
        return [
            SegmentSpec(url="u", path="p", init=word == "init", discontinuity=word == "jump")
            for word in words
        ]

    assert can_join(segments("init", "", ""))
    assert can_join(segments("init", "jump", ""))  # there is nothing before it
    for words in (["", ""], ["init"], ["init", "", "init", ""], ["init", "", "jump"], []):
        assert not can_join(segments(*words))


# What is joined in a whole job, and what is not


@pytest.mark.parametrize("secure", [True, False])
@pytest.mark.behaviour("B15", "B54")
def test_a_job_of_fragments_becomes_one_film(
    world: DownloadWorld, hls: Hls, *, secure: bool, tmp_path: Path
) -> None:
    film = hls("b-frames", kind="fmp4")
    world.secure = secure
    result = world.finish(world.hls_job(film))
    made = world.open_sealed(result) if secure else Path(result.path).read_bytes()
    assert made == join(parts_of_encrypted(hls))
    assert b"moof" not in made
    assert world.processed == sorted(world.processed)
    assert world.processed[-1] == 100
    assert exact_packets(made) == exact_packets(reference(parts_of_encrypted(hls), tmp_path))


def parts_of_encrypted(hls: Hls) -> list[bytes]:
    """Return in clear what ``hls("b-frames", kind="fmp4")`` has encrypted."""
    return parts_of(hls("b-frames", encrypted=False, kind="fmp4"))


def test_a_kill_in_the_processing_costs_no_request(world: DownloadWorld, hls: Hls) -> None:
    film = hls("b-frames", kind="fmp4")
    job = world.hls_job(film)
    with running(world, job) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(b"processing"):
                break
        process.kill()
    world.server.requests.clear()
    result = world.finish(job)
    assert world.open_sealed(result) == join(parts_of_encrypted(hls))
    assert not world.server.requests


@pytest.mark.parametrize("secure", [True, False])
def test_what_cannot_be_joined_goes_through_a_demuxer(
    world: DownloadWorld, hls: Hls, *, secure: bool
) -> None:
    """The fourth segment brings an initialisation section, after much was written."""
    film = hls("b-frames", encrypted=False, kind="fmp4")
    broken = list(film.clear)
    broken[3] = film.served["init.mp4"] + broken[3]
    names = [line for line in film.lines if line and not line.startswith("#")]
    served = film.served | dict(zip(names, broken, strict=True))
    world.secure = secure
    other = HlsFilm(lines=film.lines, served=served, clear=tuple(broken))
    with pytest.raises(FragmentError):
        join(parts_of(other))
    result = world.finish(world.hls_job(other))
    made = world.open_sealed(result) if secure else Path(result.path).read_bytes()
    assert packets_of(made) == packets_of(remux(parts_of(other)))
