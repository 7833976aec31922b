"""Films that tests need, of every kind, whole and broken.

``MediaCache(folder).get("rotated")`` renders on first use and keeps the file, so
that a session pays for each film once. ``FILMS`` and ``BROKEN`` name them all.
Nothing here needs another program, a font or a network.
"""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from tests.rendering import Film, Sound, render

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["BROKEN", "FILMS", "Film", "MediaCache", "Sound", "render", "with_damaged_first_picture"]

_BASE = Film()
_NOTE = b"\x06\x05\xff\xff"

FILMS: dict[str, Film] = {
    "plain": _BASE,
    "faststart": replace(_BASE, muxer={"movflags": "faststart"}),
    "long": replace(_BASE, seconds=15.0, size=(160, 120)),
    "long-mkv": replace(_BASE, seconds=15.0, size=(160, 120), suffix=".mkv"),
    "long-large": replace(
        _BASE, seconds=15.0, size=(720, 404), fps=Fraction(10), codec="mpeg4", options={}
    ),
    "ladder": replace(_BASE, seconds=2.0, size=(1280, 720)),
    "portrait": replace(_BASE, size=(240, 320)),
    "rotated": replace(_BASE, rotation=90, suffix=".mov"),
    "rotated-left": replace(_BASE, rotation=270),
    "upside-down": replace(_BASE, rotation=180),
    "vfr": replace(_BASE, has_variable_rate=True),
    "vfr-mjpeg": replace(
        _BASE,
        has_variable_rate=True,
        codec="mjpeg",
        pix_fmt="yuvj420p",
        suffix=".mov",
        options={},
    ),
    "no-audio": replace(_BASE, sounds=()),
    "audio-only": replace(_BASE, size=None, suffix=".m4a"),
    "mp3": replace(
        _BASE, size=None, suffix=".mp3", sounds=(Sound(codec="libmp3lame", rate=44100),)
    ),
    "mp3-cover": replace(
        _BASE,
        size=None,
        suffix=".mp3",
        has_cover=True,
        sounds=(Sound(codec="libmp3lame", rate=44100),),
    ),
    "422": replace(_BASE, pix_fmt="yuv422p"),
    "10-bit": replace(
        _BASE,
        codec="libx265",
        pix_fmt="yuv420p10le",
        suffix=".mkv",
        options={"preset": "ultrafast", "x265-params": "log-level=none:pools=none:frame-threads=1"},
    ),
    "422-10-bit": replace(_BASE, pix_fmt="yuv422p10le", suffix=".mov"),
    "interlaced": replace(
        _BASE,
        pix_fmt="yuv422p",
        seconds=5.0,
        options={"preset": "ultrafast", "x264-params": "tff=1"},
    ),
    "odd-size": replace(_BASE, size=(321, 241), pix_fmt="yuv444p"),
    "anamorphic": replace(_BASE, size=(320, 240), sample_aspect=Fraction(16, 12)),
    "full-range": replace(_BASE, codec="mjpeg", pix_fmt="yuvj420p", suffix=".mov", options={}),
    "rgb": replace(_BASE, codec="libx264rgb", pix_fmt="rgb24", suffix=".mkv"),
    "ntsc": replace(_BASE, fps=Fraction(30000, 1001)),
    "languages": replace(
        _BASE,
        suffix=".mkv",
        sounds=(
            Sound(language="eng", hertz=440),
            Sound(language="deu", hertz=660),
            Sound(language="fra", hertz=880, codec="ac3"),
        ),
    ),
    "subtitles": replace(_BASE, suffix=".mkv", subtitles=("eng", "deu")),
    "surround": replace(_BASE, suffix=".mkv", sounds=(Sound(codec="ac3", layout="5.1"),)),
    "gap": replace(_BASE, suffix=".mkv", sounds=(Sound(codec="ac3", gap=(1.0, 2.0)),)),
    "vp9": replace(
        _BASE,
        codec="libvpx-vp9",
        suffix=".webm",
        options={"deadline": "realtime", "cpu-used": "8"},
        sounds=(Sound(codec="libopus"),),
    ),
    "transport": replace(_BASE, suffix=".ts"),
    "avi": replace(
        _BASE,
        suffix=".avi",  # says nothing of when a picture is shown, and B-frames make it matter
        options={"preset": "ultrafast", "bf": "3"},
        sounds=(Sound(codec="libmp3lame"),),
    ),
    "bare": replace(_BASE, suffix=".h264", sounds=()),
    "rare-keyframes": replace(_BASE, seconds=26.0, size=(96, 64), keyframe_frames=10_000),
    "rare-keyframes-unindexed": replace(
        _BASE, seconds=26.0, size=(96, 64), keyframe_frames=10_000, suffix=".ts"
    ),
}


def _cut_in_index(cache: MediaCache) -> bytes:
    """Return a film whose ``moov``, at its front, is cut in the middle."""
    data = cache.get("faststart").read_bytes()
    start = data.index(b"moov") - 4
    return data[: start + int.from_bytes(data[start : start + 4], "big") // 2]


def _cut_in_last_index(cache: MediaCache) -> bytes:
    """Return a film whose ``moov``, at its end, is cut in the middle."""
    data = cache.get("plain").read_bytes()
    start = data.rindex(b"moov") - 4
    return data[: (start + len(data)) // 2]


def _cut_in_pictures(cache: MediaCache) -> bytes:
    """Return a film with its whole index and a third of its pictures."""
    data = cache.get("faststart").read_bytes()
    return data[: len(data) // 3]


def _playlist(_cache: MediaCache) -> bytes:
    return b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"


BROKEN: dict[str, Callable[[MediaCache], bytes]] = {
    "zero-bytes": lambda _: b"",
    "text": lambda _: b"This is a letter, and no film at all.\n" * 400,
    "cut-in-moov": _cut_in_index,
    "cut-in-last-moov": _cut_in_last_index,
    "cut-in-pictures": _cut_in_pictures,
    "noise": lambda _: bytes(i * 97 % 251 for i in range(100_000)),
    "playlist": _playlist,
    "concat": lambda _: b"ffconcat version 1.0\nfile /etc/passwd\n",
    "headless": lambda cache: cache.get("plain").read_bytes()[200:],
}


def with_damaged_first_picture(film: bytes) -> bytes:
    """Return ``film``, an MP4 by x264, with its encoder's note turned into a broken slice.

    A player that reads the MP4 shows it all. Who reads a stream sees two pictures
    where the index has one.
    """
    assert film.count(_NOTE) == 1
    return film.replace(_NOTE, b"\x05\xff\xff\xff")


class MediaCache:
    """Films in a folder, each rendered when it is first asked for.

    Several processes may share the folder: a film appears in it whole.
    """

    def __init__(self, folder: Path) -> None:
        """Keep them in ``folder``, which exists."""
        self.folder = folder

    def get(self, name: str) -> Path:
        """Return the file of the film, or broken film, called ``name``."""
        suffix = FILMS[name].suffix if name in FILMS else ".mp4"
        path = self.folder / f"{name}{suffix}"
        if not path.exists():
            fresh = self.folder / f"{name}.{os.getpid()}{suffix}"
            if name in BROKEN:
                fresh.write_bytes(BROKEN[name](self))
            else:
                render(fresh, FILMS[name])
            fresh.replace(path)
        return path
