"""Originals that cannot be packaged end with a reason, and leave nothing behind."""

from __future__ import annotations

import os

import pytest
from tests.integration.packaging.conftest import make_spec
from tests.media import BROKEN

from vodseal.errors import FormatError, TranscodeError
from vodseal.service.packaging.streams import make_streams

REASONS = {
    "zero-bytes": "the file is empty",
    "cut-in-moov": "the file was cut short in the middle of its index",
    "cut-in-last-moov": "the file was cut short in the middle of its index",
    "cut-in-pictures": "the file was cut short in the middle of its pictures",
}
UNREADABLE = "the file is not a video or audio file that can be read here, or it is damaged"


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("group", ["encrypted", "clear"])
def test_a_broken_original_is_refused_with_a_reason(name, group, films, tmp_path):
    spec = make_spec(films.get(name), group, tmp_path)
    with pytest.raises(TranscodeError) as caught:
        make_streams(spec, os.urandom, lambda _: None)
    assert caught.value.message == REASONS.get(name, UNREADABLE)
    assert list((tmp_path / "media").iterdir()) == []


def test_a_stream_that_ends_early_is_not_taken_for_a_whole_film(films, tmp_path):
    """A Matroska file says how long it is, and not where it ends."""
    whole = films.get("long-mkv").read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole[: len(whole) // 3])
    with pytest.raises(TranscodeError, match=r"cut short: it ends after [45] of 15 s"):
        make_streams(make_spec(cut, "clear", tmp_path), os.urandom, lambda _: None)


def test_a_film_of_noise_is_not_passed_on(films, tmp_path):
    """Its container is whole; what it holds is not."""
    data = bytearray(films.get("422").read_bytes())
    start, end = data.index(b"mdat") + 5000, data.rindex(b"moov") - 1000
    data[start:end] = os.urandom(end - start)
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(data)
    with pytest.raises(TranscodeError, match="track is damaged"):
        make_streams(make_spec(bad, "clear", tmp_path), os.urandom, lambda _: None)


def test_an_altered_sealed_original_is_refused(films, tmp_path):
    spec = make_spec(films.get("plain"), "encrypted", tmp_path)
    sealed = bytearray((tmp_path / "original").read_bytes())
    sealed[len(sealed) // 2] ^= 1
    (tmp_path / "original").write_bytes(sealed)
    with pytest.raises(FormatError):
        make_streams(spec, os.urandom, lambda _: None)


def test_no_second_file_is_opened(films, tmp_path):
    """The classic: a playlist that calls itself a video, and names a file of the service."""
    secret = tmp_path / "secret.ts"
    secret.write_bytes(films.get("transport").read_bytes())
    playlist = tmp_path / "film.mp4"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{secret}\n#EXT-X-ENDLIST\n")
    with pytest.raises(TranscodeError):
        make_streams(make_spec(playlist, "clear", tmp_path), os.urandom, lambda _: None)
