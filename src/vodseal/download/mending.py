"""Mend a sealed file: fetch what its damaged chunks held, keep the rest, write it anew.

Promises, in order of weight:

1. The old file stays under its name until the new one is durable and was read back.
   A kill at any moment leaves one of the two (SPEC container §10).
2. Nothing goes into the new file that was not authenticated by the old one, or is
   known to be what the old one held (``patches``).
3. The new file is sealed as every file is: under a file id and salts of its own.
4. No more is fetched than the damaged chunks need; nothing, where header, meta or
   padding alone are damaged.

What cannot be mended in parts is a ``MalformedError``, which says why; a new download
can still make the file then.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vodseal.container.keys import ID_SIZE
from vodseal.container.writer import SealedWriter
from vodseal.download.excerpt import ExcerptNeeds, made_excerpt, segments_at
from vodseal.download.files import PART_SUFFIX, final_name, locked, open_job_folder, save_folder
from vodseal.download.film_index import read_index
from vodseal.download.head import FileHead
from vodseal.download.job import SourceKind
from vodseal.download.journal import Journal
from vodseal.download.outputs import FileSink, read_back
from vodseal.download.patches import FilmPatches, Patches, RangePatches, samples_in
from vodseal.errors import MalformedError, StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vodseal.clock import Clock
    from vodseal.download.fetch import Fetcher, FetcherConfig
    from vodseal.download.film_index import FilmIndex
    from vodseal.download.folder import Folder
    from vodseal.download.survey import Survey

__all__ = ["Mended", "Mender"]

_AROUND: Final = (1, 3)
"""Segments on each side of the damage: first few, then some more."""
_WRITTEN: Final = 0.9
"""Share of the work when the new file is written; reading it back is the rest."""
_MAX_DAMAGE: Final = 64 << 20
"""Damage of a film that is mended by samples; beyond it a new download is simpler."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """What a repair did."""

    bad_size: int
    received_bytes: int
    size: int
    """Bytes of the new file."""


class Mender:
    """One repair of one file."""

    def __init__(
        self,
        found: Survey,
        needs: ExcerptNeeds,
        content_key: bytes,
        *,
        make_fetcher: Callable[[FetcherConfig, Clock], Fetcher],
        on_share: Callable[[float], None],
    ) -> None:
        """Touch nothing yet.

        Args:
            found: What is left of the file, over an open file.
            needs: Whose it is, and how to fetch what is missing.
            content_key: What its license holds.
            make_fetcher: How to reach a server for ranges.
            on_share: Hears from 0.0 to 1.0, while the new file is written and read back.
        """
        self._found = found
        self._needs = needs
        self._key = content_key
        self._make_fetcher = make_fetcher
        self._on_share = on_share

    def run(self) -> Mended:
        """Make the file whole and return what it took.

        Raises:
            MalformedError: It cannot be mended in parts.
            DownloadError: Something could not be fetched or written, or another task
                is at work on it (CLEAN_WRONG_STATUS). The old file is there.
            StoppedError: Somebody asked to stop; likewise.
            OSError: The disk did not let it; likewise.
        """
        identity = self._needs.identity
        with open_job_folder(identity) as folder, locked(folder), self._patches() as patches:
            with save_folder(identity) as save:
                head, size = self._write(save, patches)
            with (
                contextlib.suppress(FileNotFoundError),  # the file came here alone
                Journal.open(folder, identity.save_dir) as journal,
            ):
                journal.set_head(head)
            received = patches.received_bytes if patches else 0
            return Mended(bad_size=self._found.bad_size, received_bytes=received, size=size)

    @contextlib.contextmanager
    def _patches(self) -> Iterator[Patches | None]:
        """Yield who knows what stood in the damaged chunks; None when nothing is missing."""
        if not self._found.bad:
            yield None
        elif self._needs.job.kind is SourceKind.RANGES:
            with contextlib.closing(
                self._make_fetcher(self._needs.fetcher, self._needs.clock)
            ) as fetcher:
                yield RangePatches(self._needs, self._found.salvage, fetcher)
        elif self._found.bad_size > _MAX_DAMAGE:
            raise MalformedError("more of the film is damaged than its samples can mend")
        else:
            with self._film_patches() as patches:
                yield patches

    @contextlib.contextmanager
    def _film_patches(self) -> Iterator[FilmPatches]:
        salvage, bad, needs = self._found.salvage, self._found.bad, self._needs
        index = read_index(salvage.read, salvage.size)
        if bad[-1].stop > index.moov:
            raise MalformedError("the film's index is damaged")
        is_signed = needs.job.digest_algorithm is not None
        times, why, received = _times(index, bad), MalformedError("nothing was tried"), 0
        for around in _AROUND:
            with made_excerpt(needs, segments_at(needs.job, times, around)) as excerpt:
                if excerpt is None:
                    raise StoppedError
                received += excerpt.received_bytes
                try:
                    patches = FilmPatches(salvage, index, excerpt, bad, is_signed=is_signed)
                except MalformedError as error:
                    why = error
                    continue
                patches.received_bytes = received
                yield patches
                return
        raise why

    def _write(self, save: Folder, patches: Patches | None) -> tuple[bytes, int]:
        """Make the new file and give it the name; return its head and its size."""
        name = final_name(self._needs.identity, secure=True)
        part = name + PART_SUFFIX
        save.remove(part)
        handle = save.create(part)
        try:
            try:
                self._seal(handle, patches)
                read_back(handle, self._key, self._on_read_back)
                head, size = FileHead.of_handle(handle).encode(), os.fstat(handle).st_size
            finally:
                os.close(handle)
            save.rename(part, name)
            save.sync()
        finally:
            save.remove(part)
        return head, size

    def _seal(self, handle: int, patches: Patches | None) -> None:
        salvage, download_id = self._found.salvage, self._needs.job.download_id
        with (
            FileSink(handle) as sink,
            SealedWriter(
                sink, self._key, file_id=os.urandom(ID_SIZE), download_id=download_id
            ) as writer,
        ):
            for stretch in salvage.stretches():
                if self._needs.should_stop():
                    raise StoppedError
                if stretch.data is not None:
                    writer.write(stretch.data)
                elif stretch.size:
                    writer.write(_patched(patches, stretch.start, stretch.size))
                self._on_share(_WRITTEN * stretch.start / max(1, salvage.size))
            writer.finish(salvage.meta)

    def _on_read_back(self, share: float) -> None:
        self._on_share(_WRITTEN + (1 - _WRITTEN) * share)


def _times(index: FilmIndex, bad: Sequence[range]) -> list[tuple[float, float]]:
    """Return when what is damaged is shown, from first to last, for each stretch and track."""
    found = []
    for one in bad:
        for track in index.tracks:
            first, last = samples_in(track, one)
            if first < last:
                found.append((max(0.0, track[first].at), max(0.0, track[last - 1].at)))
    return found


def _patched(patches: Patches | None, start: int, size: int) -> bytes:
    if patches is None:  # it opened a moment ago
        raise MalformedError("the disk gives other bytes each time")
    return patches.patch(start, size)
