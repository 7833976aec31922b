"""A few segments of a stream, as a film of their own.

Made by an ordinary download in a folder of its own, so with all of its checks and none
of its own rules: digests, retries, the worker process, nothing clear on disk. It is
sealed under a key that nobody keeps, and gone when the block ends; what a kill leaves
is removed with the next repair, or when the download is deleted.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vodseal.container.reader import SealedReader
from vodseal.download.files import mend_folder, remove_mend
from vodseal.download.film_index import FilmIndex, read_index
from vodseal.download.index import JobStore
from vodseal.download.outputs import FileSource
from vodseal.download.task import DownloadTask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vodseal.clock import Clock
    from vodseal.download.fetch import FetcherConfig
    from vodseal.download.job import Identity, JobListener, JobSpec, SegmentSpec
    from vodseal.download.retry import RetryPolicy

__all__ = ["Excerpt", "ExcerptNeeds", "excerpt_job", "made_excerpt", "segments_at"]

_KEY_SIZE: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcerptNeeds:
    """Whose segments they are, and how to fetch them."""

    identity: Identity
    job: JobSpec
    fetcher: FetcherConfig
    policy: RetryPolicy
    clock: Clock
    listener: JobListener
    should_stop: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The film of some segments, open for reading."""

    reader: SealedReader
    index: FilmIndex
    received_bytes: int
    unchecked: tuple[str, ...]

    def read(self, start: int, size: int) -> bytes:
        """Return bytes of it."""
        self.reader.seek(start)
        return self.reader.read(size) or b""


def segments_at(job: JobSpec, times: Sequence[tuple[float, float]], around: int) -> list[int]:
    """Return the segments that play at ``times``, and ``around`` more on each side.

    Those of a transport stream hand their last packets over with the next one.
    """
    media = [position for position, one in enumerate(job.segments) if not one.init]
    wanted: set[int] = set()
    began = 0.0
    for number, position in enumerate(media):
        ends = began + job.segments[position].duration
        if any(first < ends and last >= began for first, last in times):
            wanted.update(media[max(0, number - around) : number + around + 1])
        began = ends
    if any(last >= began for _, last in times):  # rounding, behind the last one
        wanted.update(media[-around - 1 :])
    return sorted(wanted)


def excerpt_job(job: JobSpec, wanted: Sequence[int], download_id: bytes) -> JobSpec:
    """Return the job of these segments: each gap is a discontinuity, init sections included."""
    chosen: list[tuple[int, SegmentSpec]] = []
    told: int | None = None
    for position in wanted:
        inits = [at for at in range(position) if job.segments[at].init]
        if inits and inits[-1] != told:
            told = inits[-1]
            chosen.append((told, job.segments[told]))
        one = job.segments[position]
        follows = not chosen or chosen[-1][0] == position - 1
        chosen.append((position, replace(one, discontinuity=one.discontinuity or not follows)))
    return replace(
        job,
        download_id=download_id,
        secure=True,
        segments=tuple(one for _, one in chosen),
        digests=tuple(job.digests[at] for at, _ in chosen) if job.digests else (),
        size=None,
    )


@contextlib.contextmanager
def made_excerpt(needs: ExcerptNeeds, wanted: Sequence[int]) -> Iterator[Excerpt | None]:
    """Fetch the segments and yield their film; None when it was stopped.

    Raises:
        DownloadError: As ``DownloadTask.run``.
        MalformedError: Their film has no index.
        OSError: It could not be read, or not be removed.
    """
    remove_mend(needs.identity)
    try:
        scratch = replace(needs.identity, save_dir=str(mend_folder(needs.identity)))
        entry = JobStore(scratch).create(secure=True, random=os.urandom)
        key = os.urandom(_KEY_SIZE)
        task = DownloadTask(
            scratch,
            excerpt_job(needs.job, wanted, entry.download_id),
            key,
            listener=needs.listener,
            should_stop=needs.should_stop,
            fetcher=needs.fetcher,
            policy=needs.policy,
            clock=needs.clock,
        )
        result = task.run()
        if result is None:
            yield None
            return
        handle = os.open(Path(result.path), os.O_RDONLY)
        try:
            with SealedReader(FileSource(handle), key) as reader:
                index = read_index(_reading(reader), reader.size)
                yield Excerpt(reader, index, result.received_bytes, result.unchecked)
        finally:
            os.close(handle)
    finally:
        remove_mend(needs.identity)


def _reading(reader: SealedReader) -> Callable[[int, int], bytes]:
    def read(start: int, size: int) -> bytes:
        reader.seek(start)
        return reader.read(size) or b""

    return read
