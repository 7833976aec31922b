"""Frames of a sealed film."""

from __future__ import annotations

import threading

import av
import pytest

from vodseal.error_codes import ErrorCode
from vodseal.errors import PlayError
from vodseal.player.decode import Film, decode_to_nowhere
from vodseal.player.session import open_sealed
from vodseal.player.snapshot import take_snapshot

FRAMES, RATE = 75, 25


def luma(frame) -> float:
    return bytes(frame.planes[0])[0]


class Ticks:
    """A clock that moves on by one second at each look."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        return 0.0

    def monotonic(self) -> float:
        self.at += 1.0
        return self.at


@pytest.mark.behaviour("B17")
def test_every_frame_comes_out(sealed, ring) -> None:
    with open_sealed(sealed, keys=ring) as session:
        report = decode_to_nowhere(session)
    assert report.frames == FRAMES
    assert report.audio_frames > 100
    assert report.info.video_codec == "mpeg4"
    assert report.info.audio_codec == "aac"
    assert (report.info.width, report.info.height, report.info.frame_rate) == (160, 120, RATE)
    assert report.info.duration == pytest.approx(3.0, abs=0.1)


def test_the_figures_come_from_the_clock(sealed, ring) -> None:
    with open_sealed(sealed, keys=ring) as session:
        report = decode_to_nowhere(session, clock=Ticks(), started_at=-10.0)
    assert report.first_frame_ms == 12_000
    assert report.seconds == 2
    assert report.fps == FRAMES / 2
    assert report.as_dict()["first_frame_ms"] == 12_000


@pytest.mark.behaviour("B17")
def test_an_accurate_seek_begins_at_that_picture(sealed, ring) -> None:
    with open_sealed(sealed, keys=ring) as session, Film(session) as film:
        film.seek(1.4)
        first = next(f for f in film.frames() if isinstance(f, av.VideoFrame))
        assert first.time == pytest.approx(1.4)
        assert luma(first) == pytest.approx(16 + 3 * 35, abs=4)


@pytest.mark.behaviour("B17")
def test_a_quick_seek_begins_at_the_key_frame_before(sealed, ring) -> None:
    with open_sealed(sealed, keys=ring) as session, Film(session) as film:
        film.seek(1.4, accurate=False)
        first = next(f for f in film.frames() if isinstance(f, av.VideoFrame))
        assert first.key_frame
        assert first.time < 1.3
        film.seek(0)
        assert sum(isinstance(f, av.VideoFrame) for f in film.frames()) == FRAMES


def test_beyond_the_end_there_are_no_frames(sealed, ring) -> None:
    with open_sealed(sealed, keys=ring) as session, Film(session) as film:
        film.seek(99)
        assert not [f for f in film.frames() if isinstance(f, av.VideoFrame)]


@pytest.mark.behaviour("B17")
def test_a_snapshot_is_the_picture_of_that_moment(sealed, ring) -> None:
    with open_sealed(sealed, keys=ring) as session:
        png = take_snapshot(session, 2.0)
        assert png[:8] == b"\x89PNG\r\n\x1a\n"
        with pytest.raises(PlayError) as caught:
            take_snapshot(session, 99)
    assert caught.value.code == ErrorCode.DEMUXER_NO_VALID_STREAM


@pytest.mark.behaviour("B54")
def test_a_film_without_picture_plays(seal, ring, make_movie) -> None:
    path = seal(make_movie(picture=False), content_type="audio/mp4")
    with open_sealed(path, keys=ring) as session:
        report = decode_to_nowhere(session)
        assert report.frames == report.audio_frames > 100
        assert report.info.video_codec == ""


def test_a_film_without_sound_plays(seal, ring, make_movie) -> None:
    with open_sealed(seal(make_movie(sound=False)), keys=ring) as session:
        report = decode_to_nowhere(session)
        assert (report.frames, report.audio_frames) == (FRAMES, 0)


@pytest.mark.behaviour("B49")
def test_what_comes_out_before_a_flipped_bit_is_the_film_and_nothing_after(
    seal, ring, make_movie
) -> None:
    """All but the middle of the film is authentic; the head plays, then it ends with an error."""
    path = seal(make_movie(seconds=30))
    with open_sealed(path, keys=ring) as session, Film(session) as film:
        true = [bytes(f.planes[0]) for f in film.frames() if isinstance(f, av.VideoFrame)]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)
    seen = []
    with open_sealed(path, keys=ring) as session, Film(session) as film:
        with pytest.raises(PlayError) as caught:
            seen.extend(bytes(f.planes[0]) for f in film.frames() if isinstance(f, av.VideoFrame))
        assert caught.value.code == ErrorCode.DEMUXER_OPENSTREAM
    assert 0 < len(seen) < len(true)
    assert seen == true[: len(seen)]


@pytest.mark.parametrize(
    "content", [b"", b"no film at all" * 100, b"#EXTM3U\nfile:///etc/passwd\n"]
)
def test_authentic_bytes_that_are_no_film_are_a_play_error(seal, ring, content) -> None:
    path = seal(content)
    with open_sealed(path, keys=ring) as session, pytest.raises(PlayError) as caught:
        decode_to_nowhere(session)
    assert caught.value.code == ErrorCode.DEMUXER_OPENSTREAM


def test_a_plain_playlist_may_not_name_other_files(tmp_path, movie) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(movie)
    playlist = tmp_path / "film.m3u8"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{film}\n#EXT-X-ENDLIST\n")
    with open_sealed(playlist) as session, pytest.raises(PlayError):
        decode_to_nowhere(session)


def test_it_plays_beside_a_busy_thread(sealed, ring) -> None:
    """The convoy of security 5.4: one busy interpreter thread must not stop the film."""
    stop = threading.Event()
    busy = threading.Thread(target=lambda: [None for _ in iter(stop.is_set, True)])
    busy.start()
    try:
        with open_sealed(sealed, keys=ring) as session:
            assert decode_to_nowhere(session).frames == FRAMES
    finally:
        stop.set()
        busy.join()
