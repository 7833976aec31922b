"""Small films in several containers, made here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="package")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return one second of the same picture in every container that we look for."""
    folder = tmp_path_factory.mktemp("films")
    wanted = {
        "mp4": ("mp4", {}),
        "fragmented": ("mp4", {"movflags": "frag_keyframe+empty_moov+default_base_moof"}),
        "fast-start": ("mp4", {"movflags": "faststart"}),
        "mov": ("mov", {}),
        "ts": ("mpegts", {}),
        "mkv": ("matroska", {}),
    }
    return {name: _film(folder / name, *how) for name, how in wanted.items()}


def _film(path: Path, container: str, options: dict[str, str]) -> Path:
    with av.open(str(path), "w", format=container, options=options) as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(25):
            out.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        out.mux(stream.encode(None))
    return path
