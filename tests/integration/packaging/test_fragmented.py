"""Streams of fragmented MP4: what players see, and that a client can join them."""

from __future__ import annotations

import io
import re
import subprocess

import av
import pytest
from tests.integration.packaging.conftest import decode
from tests.tools import require_tool

from vodseal.media.boxes import boxes_in
from vodseal.media.fragments import read_fragments
from vodseal.media.movie import read_movie
from vodseal.media.movie_tables import TrackTable


def fragments_of(outcome, stream):
    """Return the runs of each segment."""
    section, *segments = outcome.fetched(stream)
    movie = read_movie(memoryview(section))
    return movie, [read_fragments(movie, memoryview(data)) for data in segments]


def test_segments_are_six_seconds_and_begin_with_a_keyframe(package_film):
    outcome = package_film("long", "cmaf")
    (stream,) = outcome.finished.streams
    playlist = outcome.playlist(stream)
    assert [segment.duration for segment in playlist.segments] == pytest.approx([6, 6, 3], abs=0.03)
    section, *segments = outcome.fetched(stream)
    for number, data in enumerate(segments):
        with av.open(io.BytesIO(section + data)) as container:
            first = next(container.demux(container.streams.video[0]))
            assert first.is_keyframe
            assert float(first.pts * first.time_base) == pytest.approx(1 + 6 * number)
    assert outcome.decode(stream).frames == 375


def test_fragments_are_short_so_that_picture_and_sound_lie_side_by_side(package_film):
    outcome = package_film("long", "cmaf-source")
    movie, segments = fragments_of(outcome, outcome.finished.streams[0])
    clocks = {track.id: track.timescale for track in movie.tracks}
    for run in (run for segment in segments for run in segment):
        assert sum(run.durations) <= 1.1 * clocks[run.track_id]


@pytest.mark.parametrize("group", ["cmaf", "cmaf-source", "private-cmaf", "private-cmaf-source"])
def test_every_fragment_can_be_joined_to_the_one_before_it(group, package_film):
    outcome = package_film("long", group)
    movie, segments = fragments_of(outcome, outcome.finished.streams[0])
    assert all(track.offset == 0 for track in movie.tracks)
    tables = {track.id: TrackTable(track) for track in movie.tracks}
    for run in (run for segment in segments for run in segment):
        tables[run.track_id].add(run, 0)
        assert min(run.offsets, default=0) >= 0
    video, sound = tables.values()
    assert (video.count, sound.count) == (375, 705)
    assert float(video.start()) == 1
    assert float(sound.start()) == pytest.approx(1 - 1024 / 48000)


def test_the_playlist_names_the_section_with_its_key_and_an_iv_of_its_own(package_film):
    for group, version in (("cmaf-source", 6), ("private-cmaf-source", 6)):
        outcome = package_film("plain", group, folder=group)
        (stream,) = outcome.finished.streams
        text = (outcome.folder / stream.job_id / stream.entry).read_text()
        assert f"#EXT-X-VERSION:{version}\n" in text
        lines = text.splitlines()
        at = lines.index('#EXT-X-MAP:URI="init.mp4"')
        assert lines[at - 1].startswith("#EXT-X-KEY:METHOD=AES-128,")
        (section,) = outcome.sections(stream)
        ivs = [section.key.iv, *(s.key.iv for s in outcome.playlist(stream).segments)]
        assert None not in ivs
        assert len(set(ivs)) == len(ivs)
        assert outcome.playlist(stream).needs_license() == group.startswith("private")
        assert outcome.decode(stream).frames == 75


def test_nothing_is_stored_in_clear(package_film):
    outcome = package_film("plain", "cmaf-source")
    (stream,) = outcome.finished.streams
    stored = [path.read_bytes() for path in (outcome.folder / stream.job_id).glob("*.m*4*")]
    assert len(stored) == 2
    for data in stored:
        assert not any(word in data for word in (b"ftyp", b"moof", b"moov", b"mdat", b"avc1"))


def test_segments_hold_nothing_but_fragments(package_film):
    outcome = package_film("plain", "cmaf-source")
    section, *segments = outcome.fetched(outcome.finished.streams[0])
    assert [box.kind for box in boxes_in(memoryview(section))] == [b"ftyp", b"moov"]
    assert b"iso6" in section[:40]
    kinds = {box.kind for data in segments for box in boxes_in(memoryview(data))}
    assert kinds == {b"moof", b"mdat"}


@pytest.fixture
def playlist(package_film):
    """A playlist whose key lies beside it, as other players need it."""
    outcome = package_film("long", "cmaf")
    (stream,) = outcome.finished.streams
    folder = outcome.folder / stream.job_id
    (folder / "key").write_bytes(outcome.keys[stream.job_id])
    path = folder / stream.entry
    path.write_text(re.sub(r'URI="/key[^"]*"', 'URI="key"', path.read_text()))
    return path


QUIET = "--no-config --msg-level=all=warn --untimed --vo=null --ao=null"
PLAYERS = {
    "ffmpeg": ("-v error -allowed_extensions ALL -i", "-map 0:v -f framecrc -"),
    "mpv": (f"{QUIET} --demuxer-lavf-o=allowed_extensions=ALL", ""),
}


@pytest.mark.parametrize("program", PLAYERS)
def test_other_players_open_the_encrypted_playlist(program, playlist):
    before, behind = (part.split() for part in PLAYERS[program])
    command = [require_tool(program), *before, str(playlist), *behind]
    shown = subprocess.run(command, capture_output=True, check=True, text=True, timeout=120)
    assert shown.stderr == ""
    if program == "ffmpeg":
        pictures = [line for line in shown.stdout.splitlines() if line.startswith("0,")]
        assert len(pictures) == 375


def test_players_seek_in_it(playlist):
    """Those with a recent FFmpeg: 5.1 finds nothing after a seek in any such stream."""
    with av.open(str(playlist), options={"allowed_extensions": "ALL"}) as stream:
        stream.seek(8_000_000)
        packets = [p for p in stream.demux(video=0) if p.size]
    assert packets[0].is_keyframe
    assert float(packets[0].pts * packets[0].time_base) == 7
    assert len(packets) == 225


@pytest.mark.parametrize(
    ("name", "frames"),
    [("transport", 75), ("vp9", 75), ("ntsc", 90), ("vfr", None), ("no-audio", 75), ("gap", 75)],
)
def test_films_of_every_kind_are_packaged_whole(name, frames, package_film):
    outcome = package_film(name, "cmaf-source")
    clear = package_film(name, "encrypted-source", folder="ts")
    shown = outcome.decode(outcome.finished.streams[0])
    same = clear.decode(clear.finished.streams[0])
    assert shown.frames == same.frames == (frames or same.frames)
    assert shown.times == pytest.approx(same.times, abs=0.001)
    assert shown.sounds == pytest.approx(same.sounds, abs=0.05)


def test_sound_alone_and_its_languages(package_film):
    outcome = package_film("audio-only", "cmaf")
    (stream,) = outcome.finished.streams
    assert stream.definition == "SQ"
    assert outcome.decode(stream).sounds[0] == pytest.approx(3, abs=0.1)
    outcome = package_film("languages", "cmaf-source", folder="languages")
    assert outcome.decode(outcome.finished.streams[0]).languages == ("eng", "deu", "fra")


def test_segments_of_an_encoded_rung_begin_at_the_same_instants(package_film):
    outcome = package_film("long-large", "cmaf")
    starts = []
    for stream in (outcome.stream("FD"), outcome.stream("LD")):
        section, *segments = outcome.fetched(stream)
        starts.append([decode(section + data).times[0] for data in segments])
    assert starts[0] == pytest.approx([1, 7, 13], abs=0.001)
    assert starts[1] == starts[0]
