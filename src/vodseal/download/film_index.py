"""Where each sample of a finished MP4 lies and when it is shown, from its ``moov`` alone.

Both of our ways to make a file put ``moov`` at its end, behind one ``mdat``. What
lies before it is not looked at, so it need not be there.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import av
from av.error import FFmpegError

from vodseal.errors import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FilmIndex", "Sample", "read_index"]

_BOX_HEADER: Final = 8
_LARGE: Final = 1
_LOOK: Final = (1 << 20, 1 << 23, 1 << 26)
"""How much of the end is searched for ``moov``: its size grows with the film's length."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One packet of a track, in the order of decoding."""

    start: int
    size: int
    at: float
    """Seconds, as the file counts them."""

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmIndex:
    """The samples of each track, and where ``moov`` begins."""

    tracks: tuple[tuple[Sample, ...], ...]
    moov: int

    @property
    def first(self) -> int:
        """Where the first sample begins; before it there is the head of the file."""
        return min((track[0].start for track in self.tracks if track), default=self.moov)


def read_index(read: Callable[[int, int], bytes], size: int) -> FilmIndex:
    """Return the index of a film of ``size`` bytes; ``read(start, size)`` gives its bytes.

    Raises:
        MalformedError: There is no ``moov`` at its end, or it cannot be read.
    """
    tail = _find_moov(read, size)
    moov = size - len(tail)
    stream = _MoovAlone(tail, moov)
    try:
        with av.open(stream, "r", format="mp4") as film:
            tracks = tuple(
                tuple(
                    Sample(entry.pos, entry.size, float(entry.timestamp * one.time_base))
                    for entry in one.index_entries
                )
                for one in film.streams
                if one.time_base is not None
            )
    except FFmpegError as error:
        raise MalformedError("the index of the film cannot be read") from error
    if not any(tracks):
        raise MalformedError("the index of the film names no samples")
    return FilmIndex(tracks=tracks, moov=moov)


def _find_moov(read: Callable[[int, int], bytes], size: int) -> bytes:
    for look in _LOOK:
        tail = read(max(0, size - look), min(size, look))
        at = tail.find(b"moov")
        while at >= 4:  # noqa: PLR2004 - its size stands before it
            if int.from_bytes(tail[at - 4 : at], "big") == len(tail) - at + 4:
                return tail[at - 4 :]
            at = tail.find(b"moov", at + 1)
    raise MalformedError("the film has no index at its end")


class _MoovAlone(io.RawIOBase):
    """A film whose ``mdat`` is all zeros."""

    def __init__(self, moov: bytes, start: int) -> None:
        super().__init__()
        self._head = _LARGE.to_bytes(4, "big") + b"mdat" + start.to_bytes(8, "big")
        self._moov = moov
        self._start = start
        self._position = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to ``offset`` bytes from the start, the position or the end."""
        end = self._start + len(self._moov)
        self._position = (0, self._position, end)[whence] + offset
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes."""
        at, head = self._position, len(self._head)
        limit = 1 << 16 if size < 0 else size
        if at < head:
            data = self._head[at : at + limit]
        elif at < self._start:
            data = bytes(min(limit, self._start - at))
        else:
            data = self._moov[at - self._start : at - self._start + limit]
        self._position += len(data)
        return data
