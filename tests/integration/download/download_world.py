"""A user who downloads: a save dir, a key, a server with a film, and what was told."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3

from vodseal.container.reader import SealedReader
from vodseal.container.source import MemorySource
from vodseal.download import (
    DownloadResult,
    DownloadTask,
    FetcherConfig,
    Identity,
    JobSpec,
    JobStore,
    SourceKind,
)
from vodseal.download.files import STAGE_FOLDER, job_folder
from vodseal.download.plan import RANGE_SIZE, ranges_segment
from vodseal.download.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.download.hls_film import HlsFilm
    from tests.integration.download.media_server import MediaServer

__all__ = ["CK", "QUICK", "DownloadWorld"]

CK = bytes(range(100, 132))
QUICK = RetryPolicy(first_pause=0.01, longest_pause=0.02, longest_retry_after=0.02)


def _never() -> bool:
    return False


@dataclass
class DownloadWorld:
    """One identity, and everything that its downloads leave behind."""

    save_dir: Path
    server: MediaServer
    vid: str = "vid1"
    secure: bool = True
    signed: bool = True
    connections: int = 2
    config: FetcherConfig = field(default_factory=lambda: FetcherConfig(read_timeout=2.0))
    stop: Callable[[], bool] = _never
    downloaded: list[tuple[int, int | None, int]] = field(default_factory=list)
    processed: list[int] = field(default_factory=list)
    order: list[str] = field(default_factory=list)

    def on_download_progress(self, done: int, total: int | None, percent: int) -> None:
        self.downloaded.append((done, total, percent))
        self.order.append("download")

    def on_processing_progress(self, percent: int) -> None:
        self.processed.append(percent)
        self.order.append("processing")

    def identity(self, kind: str = "m3u8") -> Identity:
        return Identity(save_dir=str(self.save_dir), vid=self.vid, format=kind, index=0)

    def hls_job(self, film: HlsFilm, query: str = "?auth_key=1") -> JobSpec:
        """Publish ``film`` and return the job for it, begun on disk."""
        self.server.resources.update({f"/{name}": data for name, data in film.served.items()})
        segments = film.segments(self.server.url, query)
        return JobSpec(
            kind=SourceKind.HLS,
            download_id=self.begin(self.identity()),
            secure=self.secure,
            segments=segments,
            digest_algorithm=2 if self.signed else None,
            digests=film.digests(segments) if self.signed else (),
            title="A film",
            duration_ms=6000,
        )

    def file_job(self, data: bytes, kind: str, query: str = "?auth_key=1") -> JobSpec:
        """Publish a file and return the job for it, begun on disk."""
        self.server.resources[f"/film.{kind}"] = data
        cuts = range(0, len(data), RANGE_SIZE)
        digests = tuple(blake3(data[at : at + RANGE_SIZE]).digest() for at in cuts)
        return JobSpec(
            kind=SourceKind.RANGES,
            download_id=self.begin(self.identity(kind)),
            secure=self.secure,
            segments=(ranges_segment(f"{self.server.url}/film.{kind}{query}"),),
            digest_algorithm=2 if self.signed else None,
            digests=digests if self.signed else (),
            content_type="audio/mpeg" if kind == "mp3" else "video/mp4",
        )

    def begin(self, identity: Identity) -> bytes:
        entry = JobStore(identity).create(secure=self.secure, random=os.urandom)
        return entry.download_id

    def task(self, job: JobSpec, kind: str = "m3u8") -> DownloadTask:
        return DownloadTask(
            self.identity(kind),
            job,
            CK,
            listener=self,
            should_stop=self.stop,
            fetcher=replace(self.config, connections=self.connections),
            policy=QUICK,
        )

    def run(self, job: JobSpec, kind: str = "m3u8") -> DownloadResult | None:
        return self.task(job, kind).run()

    def finish(self, job: JobSpec, kind: str = "m3u8") -> DownloadResult:
        result = self.run(job, kind)
        assert result is not None
        return result

    def staged(self) -> list[str]:
        stage = job_folder(self.identity()) / STAGE_FOLDER
        return sorted(path.name for path in stage.iterdir()) if stage.exists() else []

    def open_sealed(self, result: DownloadResult) -> bytes:
        with SealedReader(MemorySource(Path(result.path).read_bytes()), CK) as reader:
            return reader.readall()
