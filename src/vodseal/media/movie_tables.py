"""What the index of an MP4 says of each sample of a track, gathered run by run.

The times that a track's fragments give (``tfdt``) are kept: where one does not begin
when the one before it ends, the last sample before it lasts longer, or less long. That
is what a demuxer and a muxer make of it too.
"""

from __future__ import annotations

from array import array
from fractions import Fraction
from itertools import accumulate, chain
from operator import add
from typing import TYPE_CHECKING, Final

from vodseal.errors import FragmentError
from vodseal.media.fragments import MAX_SAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vodseal.media.fragments import SampleRun
    from vodseal.media.movie import MovieTrack

__all__ = ["TrackTable"]

_MAX_DURATION: Final = (1 << 31) - 1


class TrackTable:
    """The samples of one track, in the order of decoding."""

    def __init__(self, track: MovieTrack) -> None:
        """Begin with none."""
        self.track = track
        self.durations = array("I")
        self.sizes = array("I")
        self.offsets = array("i")
        """As of ``SampleRun``: empty, or one for each sample."""
        self.syncs = array("I")
        """Numbers of the samples that one can begin with, from 1. Of pictures alone."""
        self.chunk_positions = array("Q")
        self.chunk_counts = array("I")
        self.chunk_descriptions = array("I")
        self._first = 0
        self._end = 0

    @property
    def count(self) -> int:
        """How many samples there are."""
        return len(self.sizes)

    def add(self, run: SampleRun, position: int) -> None:
        """Take a run whose bytes were written at ``position`` of the new file.

        Raises:
            FragmentError: It begins before the run before it, samples have no
                duration, or there are too many of them.
        """
        if self.count + run.count > MAX_SAMPLES:
            raise FragmentError("a track has too many samples")
        self._begin(run)
        if 0 in run.durations[:-1] or max(run.durations) > _MAX_DURATION:
            raise FragmentError("a sample lasts for no time, or for too long")
        if run.offsets and not self.offsets:
            self.offsets = array("i", bytes(4 * self.count))
        if self.offsets or run.offsets:
            self.offsets.extend(run.offsets or array("i", bytes(4 * run.count)))
        if self.track.is_picture:
            self.syncs.extend(index + self.count + 1 for index in run.syncs)
        self.durations.extend(run.durations)
        self.sizes.extend(run.sizes)
        self._end += sum(run.durations)
        self.chunk_positions.append(position)
        self.chunk_counts.append(run.count)
        self.chunk_descriptions.append(run.description)

    def start(self) -> Fraction:
        """Return when its first sample is shown, in seconds of the film's clock."""
        return Fraction(self._first + self.first_shown(), self.track.timescale) + self.track.offset

    def first_shown(self) -> int:
        """Return when the first sample is shown, in ticks since the first is decoded."""
        return min(self._shown()) if self.offsets else 0

    def last_shown(self) -> int:
        """Return when the last sample has been shown, in ticks since the first is decoded."""
        if not self.offsets:
            return self.length()
        ends: Iterator[int] = map(add, self._shown(), self.durations)
        return max(ends)

    def length(self) -> int:
        """Return the ticks that all samples last."""
        return self._end - self._first

    def _shown(self) -> Iterator[int]:
        decoded = accumulate(chain((0,), self.durations))
        return map(add, decoded, self.offsets)

    def _begin(self, run: SampleRun) -> None:
        """Go on where ``run`` says that it begins."""
        if run.decode_time is None or run.decode_time == self._end:
            return
        if not self.count:
            self._first = self._end = run.decode_time
            return
        last = self.durations[-1] + run.decode_time - self._end
        if not 1 <= last <= _MAX_DURATION:
            raise FragmentError("a fragment does not begin after the one before it")
        self.durations[-1] = last
        self._end = run.decode_time
