"""From staged pieces to one file that has been read back.

HLS becomes one seekable MP4: fragments are joined by their tables, all else goes
through a demuxer. An mp4 or mp3 stays what it is, byte for byte. In secure mode
the bytes go through ``SealedWriter`` and nowhere else.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from blake3 import blake3

from vodseal.container.meta import Meta, TrackKind, TrackMeta
from vodseal.container.writer import SealedWriter
from vodseal.download.folder import Folder, sync_file
from vodseal.download.fragments import FragmentJoiner, can_join
from vodseal.download.job import SourceKind
from vodseal.download.outputs import FileSink, PlainFile, hash_of, read_back
from vodseal.download.plan import pieces_of
from vodseal.download.remux import Remuxer, count_packets
from vodseal.download.staged_source import PieceReader, RunStream, runs_of
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, FragmentError

if TYPE_CHECKING:
    import io
    from collections.abc import Callable

    from vodseal.download.worker_link import WorkOrder

    _Way = Callable[[io.RawIOBase], Remuxer | FragmentJoiner]

__all__ = ["Assembly"]

_MADE: Final = 90
"""Percent when the file is written; reading it back is the rest."""
_ALL: Final = 100


class Assembly:
    """Makes the file of one order."""

    def __init__(
        self,
        order: WorkOrder,
        *,
        wait_for: Callable[[int], None],
        on_percent: Callable[[int], None],
    ) -> None:
        """``wait_for(position)`` returns when that piece is durable."""
        self._order = order
        self._job = order.job
        self._on_percent = on_percent
        self._stage = Folder.open(Path(order.stage))
        self._pieces = pieces_of(order.job, order.total_size or None)
        self._reader = PieceReader(
            self._stage, order.content_key, order.job.download_id, self._pieces, wait_for
        )

    def run(self) -> int:
        """Make the file under its temporary name; return its size on disk.

        Raises:
            FormatError: A staged piece does not open; ``failed_piece`` says which.
            DownloadError: The file cannot be made, or does not read back.
            OSError: Something could not be read or written.
        """
        part = self._order.part_name
        with self._stage, Folder.open(Path(self._order.save_dir), follow=True) as save:
            save.remove(part)
            handle = save.create(part)
            try:
                self._make(handle)
                return os.fstat(handle).st_size
            finally:
                os.close(handle)

    def _make(self, handle: int) -> None:
        if self._job.kind is SourceKind.HLS and can_join(self._job.segments):
            with contextlib.suppress(FragmentError):  # a demuxer may still take it
                self._make_file(handle, FragmentJoiner)
                return
            os.ftruncate(handle, 0)
            os.lseek(handle, 0, os.SEEK_SET)
        self._make_file(handle, Remuxer)

    def _make_file(self, handle: int, way: _Way) -> None:
        if self._job.secure:
            self._make_sealed(handle, way)
        elif self._job.kind is SourceKind.RANGES:
            self._make_copy(handle)
        else:
            self._make_plain(handle, way)

    def _make_sealed(self, handle: int, way: _Way) -> None:
        job, key, file_id = self._job, self._order.content_key, os.urandom(16)
        with (
            FileSink(handle) as sink,
            SealedWriter(sink, key, file_id=file_id, download_id=job.download_id) as writer,
        ):
            if job.kind is SourceKind.RANGES:
                tracks: tuple[TrackMeta, ...] = ()
                for position in range(len(self._pieces)):
                    writer.write(self.open(position))
            else:
                tracks = self._remux(way(writer), lambda: writer.hold_from(writer.tell()))
            writer.finish(self._meta(tracks))
        read_back(handle, key, self._on_read_back)

    def _make_copy(self, handle: int) -> None:
        output, hasher = PlainFile(handle), blake3()
        for position in range(len(self._pieces)):
            data = self.open(position)
            hasher.update(data)
            output.write(data)
        sync_file(handle)
        if hash_of(handle, self._on_read_back) != hasher.digest():
            raise DownloadError(ErrorCode.WRITE_ERROR, "the file does not read back")

    def _make_plain(self, handle: int, way: _Way) -> None:
        remuxer = way(PlainFile(handle))
        self._remux(remuxer, lambda: None)
        sync_file(handle)
        with os.fdopen(handle, "rb", closefd=False) as file:
            file.seek(0)
            if count_packets(file) != remuxer.packet_counts:
                raise DownloadError(ErrorCode.WRITE_ERROR, "the file does not read back")
        self._on_read_back(1.0)

    def _remux(
        self, remuxer: Remuxer | FragmentJoiner, before_end: Callable[[], None]
    ) -> tuple[TrackMeta, ...]:
        for run in runs_of(self._job.segments):
            remuxer.add_run(RunStream(self, run))
        return remuxer.finish(before_end)

    def open(self, position: int) -> memoryview:
        """Return the plaintext of a piece, and count it as processed."""
        self._on_percent(_MADE * position // len(self._pieces))
        return self._reader.open(position)

    @property
    def failed_piece(self) -> tuple[int, int]:
        """The piece that was opened last, or could not be."""
        return self._pieces[self._reader.at].key

    def _on_read_back(self, share: float) -> None:
        self._on_percent(_MADE + int((_ALL - _MADE) * share))

    def _meta(self, tracks: tuple[TrackMeta, ...]) -> Meta:
        job = self._job
        audio_only = bool(tracks) and all(track.kind is TrackKind.AUDIO for track in tracks)
        return Meta(
            content_type="audio/mp4" if audio_only else job.content_type,
            title=job.title,
            duration_ms=job.duration_ms,
            tracks=tracks,
            digests_root=job.digests_root,
            created_at=self._order.created_at,
            sdk_version=self._order.sdk_version,
        )
