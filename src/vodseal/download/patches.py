"""What stood in the damaged chunks of a film: fetched again, and held against what is left.

A file that was kept byte for byte is patched by its ranges. A film that was made of
segments is patched sample by sample: the excerpt's samples are the film's, since no
packet depends on what was before it, only their places differ. Which one is which
follows from their sizes and from the bytes of those that are whole; the head of the
file is known by its form.

A chunk that still has its tag proves its patch. Without a tag and without signed
digests nothing does, and the patch is refused.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from vodseal.download.addresses import AddressBook
from vodseal.download.check import find_fault
from vodseal.download.fetch import Request
from vodseal.download.plan import RANGE_SIZE, pieces_of
from vodseal.download.small_fetch import fetch_once
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, MalformedError, StoppedError
from vodseal.media.movie_writer import MOVIE_HEAD, movie_size_patch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vodseal.container.salvage import Salvage
    from vodseal.download.excerpt import Excerpt, ExcerptNeeds
    from vodseal.download.fetch import Fetcher
    from vodseal.download.film_index import FilmIndex, Sample

__all__ = ["FilmPatches", "Patches", "RangePatches", "samples_in"]

_CONTEXT: Final = 8
"""Samples on either side of the damage that have to be the same as well."""
_SMALL_BOX: Final = 1 << 32


class Patches(Protocol):
    """Who knows what stood in a chunk."""

    received_bytes: int

    def patch(self, start: int, size: int) -> bytes:
        """Return the bytes of a chunk that does not open.

        Raises:
            MalformedError: What was fetched is not what was sealed.
            DownloadError: It could not be fetched.
            StoppedError: Somebody asked to stop.
        """


class RangePatches:
    """Of a file that was kept as it is: the ranges in which a chunk is damaged."""

    def __init__(self, needs: ExcerptNeeds, salvage: Salvage, fetcher: Fetcher) -> None:
        """Fetch nothing yet.

        Raises:
            DownloadError: The digests are those of another file (URL_CANNOT_REACH).
        """
        self._needs = needs
        self._salvage = salvage
        self._fetcher = fetcher
        self._pieces = pieces_of(needs.job, salvage.size)
        self._at = -1
        self._data = b""
        self.received_bytes = 0

    def patch(self, start: int, size: int) -> bytes:
        """Return the bytes of a chunk. Raises as ``Patches.patch``."""
        number = start // RANGE_SIZE
        if number != self._at:
            self._data = self._fetch(number)
            self._at = number
        within = start - number * RANGE_SIZE
        data = self._data[within : within + size]
        if not self._needs.job.digests and not self._salvage.proves(start, data):
            raise MalformedError("the server has another file now, or nobody can tell")
        return data

    def _fetch(self, number: int) -> bytes:
        needs, piece = self._needs, self._pieces[number]
        size = piece.size or 0
        reply = fetch_once(
            self._fetcher,
            AddressBook(((piece.segment.url,),), needs.clock),
            lambda url: Request(url=url, limit=size, start=piece.start, size=size),
            policy=needs.policy,
            clock=needs.clock,
            should_stop=needs.should_stop,
        )
        if reply is None:
            raise StoppedError
        if reply.total_size not in {None, self._salvage.size}:
            raise MalformedError("the server has a file of another length now")
        view = reply.buffer.view
        self.received_bytes += len(view)
        room = memoryview(bytearray(len(view) + 16))
        if find_fault(piece, view, needs.job.digest_algorithm, room) is not None:
            raise DownloadError(
                ErrorCode.URL_CANNOT_REACH, f"range {number} is not what the service signed"
            )
        return bytes(view)


@dataclass(frozen=True, slots=True)
class _Window:
    """Samples of a track that touch the damage, with some more on either side."""

    samples: Sequence[Sample]
    twins: Sequence[Sample]
    """The same ones in the excerpt."""


class FilmPatches:
    """Of a film that was made of segments."""

    def __init__(
        self,
        salvage: Salvage,
        index: FilmIndex,
        excerpt: Excerpt,
        bad: Sequence[range],
        *,
        is_signed: bool,
    ) -> None:
        """Find the samples of all ``bad`` bytes of the film in the excerpt.

        Raises:
            MalformedError: Some are not there, or ``bad`` reaches into the index.
        """
        self._salvage = salvage
        self._index = index
        self._excerpt = excerpt
        self._bad = bad
        self._is_signed = is_signed
        self.received_bytes = excerpt.received_bytes
        self._windows = [window for one in bad for window in self._find(one)]

    def patch(self, start: int, size: int) -> bytes:
        """Return the bytes of a chunk. Raises as ``Patches.patch``."""
        made = bytearray(size)
        missing = size - self._lay_head(made, start)
        done: set[int] = set()
        for window in self._windows:
            for sample, twin in zip(window.samples, window.twins, strict=True):
                first, last = max(start, sample.start), min(start + size, sample.end)
                if first < last and sample.start not in done:
                    done.add(sample.start)
                    data = self._excerpt.read(twin.start + first - sample.start, last - first)
                    made[first - start : last - start] = data
                    missing -= last - first
        if missing:
            raise MalformedError("a damaged chunk holds more than samples")
        is_believed = self._is_signed and start > 0  # the head is of our making
        if not is_believed and not self._salvage.proves(start, bytes(made)):
            raise MalformedError("what was fetched is not what was sealed")
        return bytes(made)

    def _lay_head(self, made: bytearray, start: int) -> int:
        """Lay the bytes before the first sample; return how many of them are in the chunk."""
        first = self._index.first
        if start >= first:
            return 0
        head = self._joined_head() if first == len(MOVIE_HEAD) else self._muxed_head()
        made[: first - start] = head[start:first]
        return first - start

    def _joined_head(self) -> bytearray:
        head = bytearray(MOVIE_HEAD)
        at, size = movie_size_patch(self._index.moov)
        head[at : at + len(size)] = size
        return head

    def _muxed_head(self) -> bytearray:
        if self._index.first != self._excerpt.index.first:
            raise MalformedError("the film begins in another way than its excerpt")
        head = bytearray(self._excerpt.read(0, self._index.first))
        at = head.rfind(b"mdat") - 4
        size = self._index.moov - at
        if size < _SMALL_BOX:
            head[at : at + 4] = size.to_bytes(4, "big")
        else:  # the free box before it was room for this
            head[at - 8 :] = b"\0\0\0\1mdat" + (size + 8).to_bytes(8, "big")
        return head

    def _find(self, bad: range) -> Iterator[_Window]:
        if bad.stop > self._index.moov:
            raise MalformedError("the film's index is damaged")
        for track, theirs in zip(self._index.tracks, self._excerpt.index.tracks, strict=False):
            first, last = samples_in(track, bad)
            if first == last:
                continue
            first, last = max(0, first - _CONTEXT), min(len(track), last + _CONTEXT)
            samples = track[first:last]
            yield _Window(samples, self._twins(samples, theirs))

    def _twins(self, samples: Sequence[Sample], theirs: Sequence[Sample]) -> Sequence[Sample]:
        sizes, found = [one.size for one in samples], [one.size for one in theirs]
        for at in range(len(found) - len(sizes) + 1):
            if found[at] == sizes[0] and found[at : at + len(sizes)] == sizes:
                twins = theirs[at : at + len(sizes)]
                if self._are_same(samples, twins):
                    return twins
        raise MalformedError("the segments do not hold what the film holds there")

    def _are_same(self, samples: Sequence[Sample], twins: Sequence[Sample]) -> bool:
        """Return whether all samples that are whole have the bytes of their twins, and one is."""
        whole = [
            (one, twin)
            for one, twin in zip(samples, twins, strict=True)
            if not any(bad.start < one.end and one.start < bad.stop for bad in self._bad)
        ]
        return bool(whole) and all(
            self._salvage.read(one.start, one.size) == self._excerpt.read(twin.start, twin.size)
            for one, twin in whole
        )


def samples_in(track: Sequence[Sample], where: range) -> tuple[int, int]:
    """Return the first sample that touches a stretch of the film, and the one behind the last."""
    first = bisect_right(track, where.start, key=lambda one: one.end)
    last = bisect_right(track, where.stop - 1, key=lambda one: one.start)
    return first, max(first, last)
