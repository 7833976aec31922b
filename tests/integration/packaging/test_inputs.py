"""Originals of every kind become streams that a player shows as it shows the original."""

from __future__ import annotations

import io
import itertools

import av
import pytest
from tests.media import FILMS, with_damaged_first_picture

from vodseal.service.packaging.messages import Planned

ONE_RUNG = [
    "plain",
    "portrait",
    "rotated",
    "upside-down",
    "vfr",
    "no-audio",
    "422",
    "10-bit",
    "422-10-bit",
    "interlaced",
    "odd-size",
    "anamorphic",
    "full-range",
    "rgb",
    "ntsc",
    "languages",
    "subtitles",
    "surround",
    "vp9",
    "transport",
    "avi",
    "bare",
]
SIZES = {
    "portrait": (240, 320),
    "rotated": (240, 320),
    "odd-size": (320, 240),
    "anamorphic": (320, 180),
}
COPIED = {
    "plain",
    "portrait",
    "vfr",
    "no-audio",
    "ntsc",
    "languages",
    "subtitles",
    "transport",
    "surround",
}


@pytest.mark.parametrize("name", ONE_RUNG)
def test_every_kind_of_film_plays(name, films, package_film):
    outcome = package_film(name, "encrypted")
    (stream,) = outcome.finished.streams
    film, shown = FILMS[name], outcome.decode(stream)
    with av.open(str(films.get(name))) as original:
        pictures = sum(1 for _ in original.decode(video=0))
    assert stream.definition == "FD"
    assert shown.size == (stream.width, stream.height) == SIZES.get(name, (320, 240))
    assert shown.frames == pictures
    assert shown.pix_fmt == "yuv420p"
    assert shown.seconds == pytest.approx(film.seconds, abs=0.15)
    assert list(shown.times) == sorted(set(shown.times))
    assert stream.duration == pytest.approx(film.seconds, abs=0.15)
    assert outcome.finished.duration == pytest.approx(film.seconds, abs=0.15)
    assert len(shown.sounds) == len(film.sounds)
    assert all(seconds == pytest.approx(film.seconds, abs=0.15) for seconds in shown.sounds)
    assert set(shown.codecs) <= {"h264", "aac"}
    assert (stream.specification == "Original") == (name in COPIED)


def test_a_variable_rate_stays_variable(films, package_film):
    outcome = package_film("vfr", "encrypted")
    with av.open(str(films.get("vfr"))) as original:
        expected = [frame.time for frame in original.decode(video=0)]
    times = outcome.decode(outcome.finished.streams[0]).times
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert gaps == pytest.approx([b - a for a, b in itertools.pairwise(expected)], abs=0.001)
    assert max(gaps) > 2 * min(gaps)


def test_a_variable_rate_that_is_encoded_stays_variable(films, package_film):
    with av.open(str(films.get("vfr-mjpeg"))) as original:
        expected = [frame.time for frame in original.decode(video=0)]
    outcome = package_film("vfr-mjpeg", "clear")
    times = outcome.decode(outcome.stream("FD", "mp4")).times
    assert times == pytest.approx(expected, abs=0.001)


def test_languages_are_all_there(package_film):
    outcome = package_film("languages", "encrypted")
    shown = outcome.decode(outcome.finished.streams[0])
    assert shown.languages == ("eng", "deu", "fra")


def test_a_gap_in_the_sound_becomes_silence(package_film):
    """Or everything after it would be heard a second early."""
    outcome = package_film("gap", "encrypted")
    (seconds,) = outcome.decode(outcome.finished.streams[0]).sounds
    assert seconds == pytest.approx(3, abs=0.1)


def test_subtitles_are_left_out_and_it_is_said(package_film):
    outcome = package_film("subtitles", "encrypted")
    plan = next(event for event in outcome.events if isinstance(event, Planned))
    assert plan.notes == ("subtitles are not packaged and were left out: eng, deu",)
    assert set(outcome.decode(outcome.finished.streams[0]).codecs) == {"h264", "aac"}


@pytest.mark.parametrize("name", ["audio-only", "mp3", "mp3-cover"])
def test_sound_alone_is_one_audio_stream(name, package_film):
    outcome = package_film(name, "encrypted")
    (stream,) = outcome.finished.streams
    heard = outcome.decode(stream)
    assert (stream.definition, stream.width, stream.fps) == ("SQ", 0, 0.0)
    assert heard.codecs == ("aac",)
    assert heard.seconds == pytest.approx(3, abs=0.15)


def test_a_clear_mp3_stays_one(films, package_film):
    outcome = package_film("mp3-cover", "clear")
    assert [s.format for s in outcome.finished.streams] == ["mp3", "m3u8"]
    heard = outcome.decode(outcome.stream("SQ", "mp3"))
    assert heard.codecs == ("mp3",)
    assert heard.seconds == pytest.approx(3, abs=0.15)


def test_a_clear_film_is_an_mp4_with_its_index_in_front(package_film):
    outcome = package_film("ladder", "clear")
    kinds = [(s.definition, s.format) for s in outcome.finished.streams]
    assert kinds == [(d, f) for d in ("FD", "LD", "SD") for f in ("mp4", "m3u8")]
    for stream in outcome.finished.streams:
        shown = outcome.decode(stream)
        assert shown.size == (stream.width, stream.height)
        assert shown.frames == 50
        if stream.format == "mp4":
            data = outcome.media(stream)
            assert len(data) == stream.size
            assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_a_rung_of_the_sources_own_size_is_the_source(films, package_film):
    outcome = package_film("ladder", "encrypted")
    assert [s.specification for s in outcome.finished.streams] == ["H264.FD", "H264.LD", "Original"]

    def pictures(data: bytes) -> list[bytes]:
        with av.open(io.BytesIO(data)) as container:
            return [p.to_ndarray().tobytes() for p in container.decode(video=0)]

    copied = pictures(outcome.media(outcome.stream("SD")))
    assert copied == pictures(films.get("ladder").read_bytes())


def test_rare_keyframes_are_encoded_anew(package_film):
    outcome = package_film("rare-keyframes", "encrypted-source")
    (stream,) = outcome.finished.streams
    assert stream.specification == "H264.OD"
    durations = [segment.duration for segment in outcome.playlist(stream).segments]
    assert durations == pytest.approx([6, 6, 6, 6, 2], abs=0.15)


def test_what_cannot_be_copied_after_all_is_encoded(package_film):
    outcome = package_film("rare-keyframes-unindexed", "encrypted-source")
    plans = [event for event in outcome.events if isinstance(event, Planned)]
    assert len(plans) == 2
    (stream,) = outcome.finished.streams
    assert stream.specification == "H264.OD"
    assert len(outcome.playlist(stream).segments) == 5
    assert outcome.decode(stream).frames == 26 * 25


def test_a_picture_that_streams_would_cut_in_two_is_encoded(films, tmp_path, package_file):
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(with_damaged_first_picture(films.get("plain").read_bytes()))
    outcome = package_file(damaged, "encrypted-source")
    (stream,) = outcome.finished.streams
    assert stream.specification == "H264.OD"
    assert outcome.decode(stream).frames == 75
    with av.open(io.BytesIO(outcome.media(stream)), format="mpegts") as container:
        assert all(p.pts is not None for p in container.demux(video=0) if p.size)
