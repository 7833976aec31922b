"""Films, rendered once for each worker of the test run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.integration.download.download_world import DownloadWorld
from tests.integration.download.hls_film import HlsFilm, segment
from tests.integration.download.media_server import MediaServer
from tests.media import FILMS, Film, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.integration.download.hls_film import HlsFilm as HlsFilmType

B_FRAMES = replace(
    FILMS["plain"],
    seconds=6.0,
    size=(480, 270),
    keyframe_frames=25,
    options={"preset": "veryfast", "bf": "3", "b-adapt": "0", "qp": "1"},
)
"""Six segments of some 100 kB; every frame group has B-frames."""

HEAVY = replace(
    FILMS["plain"],
    seconds=20.0,
    size=(160, 120),
    keyframe_frames=25,
    options={
        "preset": "ultrafast",
        "bf": "2",
        "x264-params": "nal-hrd=cbr:vbv-maxrate=10000:vbv-bufsize=1000:bitrate=10000:filler=1",
    },
)
"""Twenty segments of 1.3 MB, most of it filling: four parts of a sealed file."""

HEVC = replace(
    FILMS["10-bit"],
    suffix=".ts",
    keyframe_frames=25,
    options={
        "preset": "ultrafast",
        "x265-params": "log-level=none:pools=none:frame-threads=1:repeat-headers=1:bframes=2",
    },
)


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("films")
    known: dict[str, Film] = {
        **FILMS,
        "b-frames": B_FRAMES,
        "silent b-frames": replace(B_FRAMES, sounds=()),
        "hevc": HEVC,
        "heavy": HEAVY,
    }

    def get(name: str) -> Path:
        path = folder / f"{name}{known[name].suffix}"
        if not path.exists():
            render(path, known[name])
        return path

    return get


@pytest.fixture(scope="session")
def hls(
    films: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., HlsFilmType]:
    made: dict[tuple[str, bool, str], HlsFilm] = {}

    def get(name: str, *, encrypted: bool = True, kind: str = "mpegts") -> HlsFilm:
        if (name, encrypted, kind) not in made:
            folder = tmp_path_factory.mktemp("hls") / "segments"
            made[name, encrypted, kind] = segment(
                films(name), folder, encrypted=encrypted, kind=kind
            )
        return made[name, encrypted, kind]

    return get


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DownloadWorld]:
    with MediaServer({}) as server:
        yield DownloadWorld(tmp_path / "save", server)
