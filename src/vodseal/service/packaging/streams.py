"""Make all streams of one task: probe, plan, package, store (the worker's work)."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import av
from obstore.store import LocalStore

from vodseal.errors import CopyRefusedError, TranscodeError
from vodseal.service.packaging.fragmented import FragmentedOutput
from vodseal.service.packaging.ladder import plan_renditions
from vodseal.service.packaging.messages import (
    Finished,
    FinishedStream,
    Planned,
    PlannedStream,
    Progressed,
)
from vodseal.service.packaging.originals import open_original
from vodseal.service.packaging.outputs import RANGE_SIZE, FileOutput, HlsOutput
from vodseal.service.packaging.pipeline import package
from vodseal.service.packaging.playlist import playlist_key, write_playlist
from vodseal.service.packaging.probe import open_media, probe
from vodseal.service.packaging.segments import SegmentWriter
from vodseal.service.packaging.templates import packaging_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vodseal.service.packaging.ladder import Rendition
    from vodseal.service.packaging.messages import Event, StreamSlot, WorkerSpec
    from vodseal.service.packaging.outputs import Output
    from vodseal.service.packaging.probe import MediaFile
    from vodseal.service.packaging.source import SourceInfo

__all__ = ["make_streams"]

_PLAYLIST: Final = "index.m3u8"


def make_streams(
    spec: WorkerSpec, random: Callable[[int], bytes], tell: Callable[[Event], None]
) -> Finished:
    """Return what was stored; ``tell`` hears of the plan and of every packet.

    Where copied packets are refused, everything is encoded in a second attempt.

    Raises:
        TranscodeError: No stream can be made of the original.
        FormatError: The sealed original does not open.
        OSError: The original cannot be read, or a stream not be stored.
    """
    with open_original(spec.source, spec.content_key) as file:
        source = probe(file)

        def attempt(*, may_copy: bool) -> Finished:
            store = LocalStore(Path(spec.folder), mkdir=True)
            writer = SegmentWriter(store, random, lambda: tell(Progressed(share=1.0)))
            tried = _Attempt(spec=spec, source=source, writer=writer)
            return tried.run(file, tell, may_copy=may_copy)

        try:
            return attempt(may_copy=True)
        except CopyRefusedError:
            for slot in spec.slots:
                shutil.rmtree(Path(spec.folder, slot.job_id), ignore_errors=True)
            return attempt(may_copy=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """One try to make all streams."""

    spec: WorkerSpec
    source: SourceInfo
    writer: SegmentWriter

    def run(self, file: MediaFile, tell: Callable[[Event], None], *, may_copy: bool) -> Finished:
        packaging = packaging_of(self.spec.group_id)
        renditions = plan_renditions(self.source, packaging, may_copy=may_copy)
        planned = list(zip(renditions, self.spec.slots, strict=False))
        tell(_plan_event(self.source, planned))
        outputs: list[tuple[Rendition, Output]] = []
        try:
            outputs += [(rendition, self._output(rendition, slot)) for rendition, slot in planned]
            with open_media(file) as container:
                duration = package(
                    container, self.source, outputs, lambda share: tell(Progressed(share=share))
                )
            streams = [
                self._finish(rendition, output, slot, duration)
                for (rendition, output), (_, slot) in zip(outputs, planned, strict=True)
            ]
        except av.error.FFmpegError as error:
            reason = f"the streams could not be written: {error.strerror}"
            raise TranscodeError(reason) from error
        finally:
            for _, output in outputs:
                output.discard()
            self.writer.close()
        return Finished(duration=duration, streams=tuple(streams))

    def _output(self, rendition: Rendition, slot: StreamSlot) -> Output:
        if rendition.format == "m3u8":
            is_fragmented = packaging_of(self.spec.group_id).is_fragmented
            hls = FragmentedOutput if is_fragmented else HlsOutput
            return hls(slot.job_id, self.writer, slot.key)
        name = f"{slot.job_id}/{_entry(rendition)}"
        return FileOutput(name, self.writer, Path(self.spec.spool))

    def _finish(
        self, rendition: Rendition, output: Output, slot: StreamSlot, duration: float
    ) -> FinishedStream:
        stored = output.finish()
        is_hls = rendition.format == "m3u8"
        if is_hls:
            encryption = packaging_of(self.spec.group_id).encryption
            key = playlist_key(encryption, slot, self.spec.video_id)
            self.writer.write_text(f"{slot.job_id}/{_PLAYLIST}", write_playlist(stored, key))
        video, track = rendition.video, self.source.video
        return FinishedStream(
            job_id=slot.job_id,
            definition=rendition.definition,
            format=rendition.format,
            entry=_entry(rendition),
            specification=rendition.specification,
            size=sum(piece.size for piece in stored.fetched),
            duration=sum(stored.durations) or duration,
            fps=float(track.fps) if track is not None else 0.0,
            width=video.size.width if video is not None else 0,
            height=video.size.height if video is not None else 0,
            codec_name="H264" if video is not None else rendition.audio[0].codec.upper(),
            digests=b"".join(piece.digest for piece in stored.fetched),
            range_size=0 if is_hls else RANGE_SIZE,
        )


def _plan_event(source: SourceInfo, planned: Sequence[tuple[Rendition, StreamSlot]]) -> Planned:
    notes = []
    if source.subtitles:
        languages = ", ".join(track.language or "unnamed" for track in source.subtitles)
        notes.append(f"subtitles are not packaged and were left out: {languages}")
    if source.unreadable_count:
        notes.append(f"{source.unreadable_count} sound tracks could not be read and were left out")
    return Planned(
        media_type="video" if source.video is not None else "audio",
        duration=source.duration,
        notes=tuple(notes),
        streams=tuple(
            PlannedStream(job_id=slot.job_id, definition=r.definition, format=r.format)
            for r, slot in planned
        ),
    )


def _entry(rendition: Rendition) -> str:
    if rendition.format == "m3u8":
        return _PLAYLIST
    return f"{'audio' if rendition.video is None else 'video'}.{rendition.format}"
