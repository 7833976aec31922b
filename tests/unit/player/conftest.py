"""Sealed films for the player's tests, built here and held against it."""

from __future__ import annotations

import io
import os
import random
from array import array
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import pytest

from vodseal.container.meta import Meta, TrackKind, TrackMeta
from vodseal.container.source import MemorySink
from vodseal.container.writer import SealedWriter
from vodseal.errors import LicenseMissingError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WIDTH, HEIGHT, RATE = 160, 120, 25


@dataclass
class Ring:
    """The content keys that one app holds on one device."""

    keys: dict[bytes, bytes] = field(default_factory=dict)
    refusal: Exception | None = None
    play_refusal: Exception | None = None
    asked: list[float] = field(default_factory=list)
    played: list[float] = field(default_factory=list)

    def open_content_key(self, download_id: bytes, now: float) -> bytes:
        self.asked.append(now)
        if self.refusal:
            raise self.refusal
        if download_id not in self.keys:
            raise LicenseMissingError
        return self.keys[download_id]

    def note_play(self, download_id: bytes, now: float) -> None:
        self.played.append(now)
        if self.play_refusal:
            raise self.play_refusal


def render(*, picture: bool = True, sound: bool = True, seconds: int = 3) -> bytes:
    """Return an MP4 whose picture number i has luma 16 + 3 * i, and noise for sound."""
    file, dice = io.BytesIO(), random.Random(7)
    with av.open(file, "w", format="mp4") as film:
        if picture:
            video = film.add_stream("mpeg4", rate=RATE, options={"g": "25"})
            video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        if sound:
            audio = film.add_stream("aac", rate=48_000, layout="mono")
        if picture:
            for index in range(seconds * RATE):
                frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
                for number, plane in enumerate(frame.planes):
                    plane.update(
                        bytes([128 if number else (16 + 3 * index) % 256]) * plane.buffer_size
                    )
                frame.pts, frame.time_base = index, Fraction(1, RATE)
                film.mux(video.encode(frame))
            film.mux(video.encode(None))
        if sound:
            for index in range(seconds * 48_000 // 1024):
                noise = av.AudioFrame("fltp", "mono", 1024)
                samples = array("f", [dice.uniform(-0.5, 0.5) for _ in range(1024)])
                noise.planes[0].update(samples.tobytes())
                noise.sample_rate, noise.pts = 48_000, index * 1024
                noise.time_base = Fraction(1, 48_000)
                film.mux(audio.encode(noise))
            film.mux(audio.encode(None))
    return file.getvalue()


@pytest.fixture(scope="session")
def movie() -> bytes:
    return render()


@pytest.fixture(scope="session")
def make_movie() -> Callable[..., bytes]:
    return render


@pytest.fixture
def ring() -> Ring:
    return Ring()


@pytest.fixture
def seal(tmp_path: Path, ring: Ring) -> Callable[..., Path]:
    def seal_film(plaintext: bytes, name: str = "film.vseal", **meta: object) -> Path:
        sink, key, download_id = MemorySink(), os.urandom(32), os.urandom(16)
        writer = SealedWriter(sink, key, file_id=os.urandom(16), download_id=download_id)
        writer.write(plaintext)
        said = {
            "content_type": "video/mp4",
            "title": "Grace & <Hopper>",
            "duration_ms": 3000,
            "tracks": (TrackMeta(kind=TrackKind.VIDEO, codec="mpeg4", width=WIDTH, height=HEIGHT),),
        }
        writer.finish(Meta(**{**said, **meta}))
        ring.keys[download_id] = key
        path = tmp_path / name
        path.write_bytes(sink.data)
        return path

    return seal_film


@pytest.fixture
def sealed(seal: Callable[..., Path], movie: bytes) -> Path:
    return seal(movie)
