"""What streams are like beyond playing: segments, seams, times, turns."""

from __future__ import annotations

import io
import itertools
import re
import subprocess

import av
import numpy as np
import pytest
from tests.integration.packaging.conftest import decode
from tests.media import render
from tests.tools import require_tool

TS_PACKET = 188


def test_segments_are_six_seconds_and_begin_with_a_keyframe(package_film):
    outcome = package_film("long", "encrypted")
    (stream,) = outcome.finished.streams
    durations = [segment.duration for segment in outcome.playlist(stream).segments]
    assert durations == pytest.approx([6, 6, 3], abs=0.1)
    for data in outcome.segments(stream):
        with av.open(io.BytesIO(data)) as container:
            first = next(container.demux(container.streams.video[0]))
        assert first.is_keyframe


def test_segments_of_an_encoded_rung_begin_at_the_same_instants(package_film):
    outcome = package_film("long-large", "encrypted")
    fd, ld = outcome.stream("FD"), outcome.stream("LD")
    assert [fd.specification, ld.specification] == ["H264.FD", "H264.LD"]

    def starts(stream) -> list[float]:
        return [decode(data).times[0] for data in outcome.segments(stream)]

    assert starts(fd) == pytest.approx([1, 7, 13], abs=0.001)
    assert starts(ld) == starts(fd)


def test_segments_join_without_a_seam(package_film):
    """Continuity counters go on from one segment to the next (ISO/IEC 13818-1, 2.4.3.3)."""
    outcome = package_film("long", "encrypted")
    counters: dict[int, int] = {}
    data = outcome.media(outcome.finished.streams[0])
    assert len(data) % TS_PACKET == 0
    for at in range(0, len(data), TS_PACKET):
        assert data[at] == 0x47
        identifier = int.from_bytes(data[at + 1 : at + 3], "big") & 0x1FFF
        has_payload = data[at + 3] & 0x10
        counter = data[at + 3] & 0x0F
        if identifier in counters and has_payload:
            assert counter == (counters[identifier] + 1) % 16
        counters[identifier] = counter


def test_another_player_opens_the_encrypted_playlist(package_film):
    ffprobe = require_tool("ffprobe")
    outcome = package_film("long", "encrypted")
    (stream,) = outcome.finished.streams
    folder = outcome.folder / stream.job_id
    (folder / "key").write_bytes(outcome.keys[stream.job_id])
    playlist = folder / stream.entry
    playlist.write_text(re.sub(r'URI="/key[^"]*"', 'URI="key"', playlist.read_text()))
    command = [ffprobe, "-v", "error", "-allowed_extensions", "ALL", "-count_packets"]
    command += ["-show_entries", "stream=codec_name,nb_read_packets", "-of", "csv=p=0"]
    shown = subprocess.run([*command, str(playlist)], capture_output=True, check=True, text=True)
    assert {"h264,375", "aac,705"} <= set(shown.stdout.split())
    assert shown.stderr == ""


@pytest.mark.parametrize("name", ["rotated", "upside-down", "rotated-left"])
def test_a_turned_film_stands_upright(name, films, package_film):
    """The judge is a program that turns by itself."""
    ffmpeg = require_tool("ffmpeg")
    shown = package_film(name, "encrypted")
    picture = shown.decode(shown.finished.streams[0]).first.to_ndarray(format="gray")
    command = [ffmpeg, "-v", "error", "-i", str(films.get(name)), "-frames:v", "1"]
    raw = subprocess.run(
        [*command, "-f", "rawvideo", "-pix_fmt", "gray", "-"], capture_output=True, check=True
    ).stdout
    expected = np.frombuffer(raw, np.uint8).reshape(picture.shape)
    difference = np.abs(picture.astype(int) - expected.astype(int)).mean()
    assert difference < 6
    for turned in (expected[::-1], expected[:, ::-1], expected[::-1, ::-1]):
        assert np.abs(picture.astype(int) - turned.astype(int)).mean() > 4 * difference


def test_a_recording_that_begins_anew_goes_on(films, tmp_path, package_file):
    data = films.get("transport").read_bytes()
    joined = tmp_path / "joined.ts"
    joined.write_bytes(data + data)
    outcome = package_file(joined, "encrypted")
    shown = outcome.decode(outcome.finished.streams[0])
    assert shown.frames == 150
    assert shown.seconds == pytest.approx(6, abs=0.2)
    gaps = [b - a for a, b in itertools.pairwise(shown.times)]
    assert min(gaps) > 0
    assert max(gaps) < 0.2


@pytest.mark.parametrize("name", ["full-range", "rgb"])
def test_colours_stay_as_they_are(name, films, package_film):
    outcome = package_film(name, "encrypted")
    ours = outcome.decode(outcome.finished.streams[0]).first
    with av.open(str(films.get(name))) as container:
        theirs = next(container.decode(video=0))
    difference = np.abs(
        ours.reformat(src_colorspace="ITU601").to_ndarray(format="rgb24").astype(int)
        - theirs.to_ndarray(format="rgb24").astype(int)
    ).mean()
    assert difference < 6
    assert ours.colorspace in {5, 6}, "players are told how to read it"
    low, high = np.percentile(ours.to_ndarray()[: ours.height], [2, 98])
    assert 14 <= low < high <= 237, "and it lies within the range of television"


def test_keyframes_of_an_encoded_film_are_two_seconds_apart(package_film):
    """Deinterlacing counts time twice as fine; nobody may notice."""
    outcome = package_film("interlaced", "encrypted")
    (stream,) = outcome.finished.streams
    with av.open(io.BytesIO(outcome.media(stream))) as container:
        video = container.streams.video[0]
        keys = [float(p.pts * p.time_base) for p in container.demux(video) if p.is_keyframe]
    assert keys == pytest.approx([1, 3, 5], abs=0.001)
    assert outcome.decode(stream).first.interlaced_frame is False


def test_picture_and_sound_stay_in_step(package_film):
    """Sound and picture of a copied and an encoded film begin together."""
    for name in ("plain", "surround", "vp9", "transport"):
        outcome = package_film(name, "clear", folder=name)
        data = outcome.media(outcome.stream("FD", "mp4"))
        with av.open(io.BytesIO(data)) as container:
            starts = {s.type: float(s.start_time * s.time_base) for s in container.streams}
        assert abs(starts["video"] - starts["audio"]) < 0.05


def test_what_the_renderer_makes_is_what_it_says(tmp_path):
    from tests.media import FILMS

    path = tmp_path / "film.mp4"
    render(path, FILMS["plain"])
    shown = decode(path.read_bytes())
    assert (shown.frames, shown.size) == (75, (320, 240))
