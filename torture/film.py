"""A marked film as HLS, what is expected of it, and what must not be found of it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.integration.download.hls_film import HlsFilm, segment
from tests.scenario.marked_film import is_telling, make_marked_film

from vodseal.testing.leakscan import LeakScanner

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CONTENT_KEY", "SpiedFilm", "make_film"]

CONTENT_KEY: Final = bytes(range(100, 132))
_WINDOW: Final = 32
_STEP: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class SpiedFilm:
    """A film whose every piece would be known again."""

    hls: HlsFilm
    file: bytes = field(repr=False)
    """As one MP4."""
    texts: tuple[bytes, ...] = field(repr=False)
    """Known bytes in the picture of each second, in order."""
    markers: dict[str, bytes] = field(repr=False)

    def is_whole(self, made: bytes) -> bool:
        """Return whether a film that was made of it holds every second, in order."""
        places = [made.find(text) for text in self.texts]
        return places[0] >= 0 and all(a < b for a, b in pairwise(places))

    def scanner(self, made: bytes = b"") -> LeakScanner:
        """Return a scanner that knows the film, the file ``made`` of it, and the keys."""
        markers = {**self.markers, **dict(_windows("the film made", made))}
        transport_key = self.hls.key or b""
        return LeakScanner(
            markers=markers,
            secrets={"content key": CONTENT_KEY, "transport key": transport_key},
        )


def make_film(*, seconds: int, size: tuple[int, int] = (64, 48), rate: int = 2) -> SpiedFilm:
    """Return a film of one segment a second. Its clear form touches no disk of the run's."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        marked = make_marked_film(
            Path(folder) / "film.mp4", seconds=seconds, size=size, rate=rate, has_sound=False
        )
        file = marked.path.read_bytes()
        hls = segment(marked.path, Path(folder) / "segments")
    markers = dict(marked.markers)
    for number, data in enumerate(hls.clear):
        markers |= dict(_windows(f"segment {number}", data))
    texts = tuple(marked.markers[f"user data {second}"] for second in range(seconds))
    return SpiedFilm(hls=hls, file=file, texts=texts, markers=markers)


def _windows(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield 32 bytes of every 512 that nobody else has."""
    for at in range(0, len(data) - _WINDOW, _STEP):
        window = data[at : at + _WINDOW]
        if is_telling(window):
            yield f"{name} at {at}", window
